"""Segmenters: which parts of an image are worth a look of their own.

The embedded one reads the feature map of the embedded encoder, so it costs little more;
docs/model-card.md tells how it was trained. Importing this module loads no weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL.Image import Resampling

from mirada.errors import ModelUnavailable
from mirada.models.boxes import apart, areas, box_of
from mirada.models.colours import describe_colours, shrink
from mirada.models.coverage import choose
from mirada.models.lattice import BOXES, CELLS, describe, geometry
from mirada.models.weights import CHANCES, read_segmenter_manifest
from mirada.types import Box, Proposal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mirada.protocols import Look
    from mirada.types import FeatureMap

WEIGHTS = Path(__file__).with_name("feature_map_segmenter")

LIMIT: Final = 20  # proposals an image


class MapSegmenter:
    """Proposes the boxes that together most likely meet all things that people would point out.

    A small network, taught by boxes that people drew, tells from the map and from colours how
    likely a thing fills each box of a lattice; then the boxes that cover the most of this are
    chosen. Safe to share between threads.
    """

    def __init__(self, folder: Path = WEIGHTS) -> None:
        manifest = read_segmenter_manifest(folder)
        self.name = manifest.name
        self.maps_of: str | None = manifest.maps_of
        self.image_size = 0
        with np.load(folder / CHANCES) as stored:
            self._weights = {name: stored[name].astype(np.float32) for name in stored.files}
        self._given = geometry() @ self._weights["geometry"] + self._weights["bias1"]

    def segment(self, look: Look) -> list[Proposal]:
        """Up to 20 proposals without masks, surest first.

        Raises:
            ModelUnavailable: there is no map to read.
        """
        chosen = choose(self.chances(look.maps, shrink(look.image)), limit=LIMIT)
        return [Proposal(box_of(BOXES[index]), sure) for index, sure in chosen]

    def chances(self, maps: FeatureMap, small: NDArray[np.float32]) -> NDArray[np.float32]:
        """(boxes,) expected count of things at each box of the lattice.

        Args:
            maps: of the encoder.
            small: the same image, of `colours.shrink`.

        Raises:
            ValueError: the map is not one of the encoder that it was taught with.
        """
        weights = self._weights
        if maps.shape != (CELLS, CELLS, len(weights["cells"])):
            raise ValueError(f"a map of {self.maps_of} was expected, this one is {maps.shape}")
        cells = maps.reshape(CELLS * CELLS, -1) @ weights["cells"] + weights["cells_bias"]
        seen = describe(cells.reshape(CELLS, CELLS, -1))
        told = seen @ weights["seen"] + describe_colours(small) @ weights["colours"]
        hidden = np.maximum(told + self._given, 0)
        hidden = np.maximum(hidden @ weights["weight2"] + weights["bias2"], 0)
        return _expected(hidden, weights)


def _expected(
    hidden: NDArray[np.float32], weights: Mapping[str, NDArray[np.float32]]
) -> NDArray[np.float32]:
    told = hidden @ weights["weight3"] + weights["bias3"] + weights["prior"]
    return np.asarray(np.exp(np.minimum(told, 5)))  # a flat picture must not overflow


class GridSegmenter:
    """The same boxes for every image: 2 x 2 large ones and 4 x 4 small ones, which overlap."""

    name = "grid/1"
    maps_of: str | None = None
    image_size = 0

    def segment(self, look: Look) -> list[Proposal]:  # noqa: ARG002 it looks at nothing
        """20 proposals without masks, all equally sure."""
        return [Proposal(box, GUESS) for box in (*even(2, 2 / 3), *even(4, 1 / 3))]


GUESS: Final = 0.5  # the sureness of who did not look


def even(count: int, side: float) -> list[Box]:
    """Count x count boxes of that side, spread evenly over the image, row by row."""
    starts = np.linspace(0, 1 - side, count).tolist()
    return [Box(x, y, min(x + side, 1.0), min(y + side, 1.0)) for y in starts for x in starts]


class FelzenszwalbSegmenter:
    """Proposes patches of even colour with their masks; needs the extra `segment`.

    Graph-based segmentation (Felzenszwalb & Huttenlocher, IJCV 2004) at several scales.
    """

    name = "felzenszwalb/1"
    maps_of: str | None = None
    image_size = 224

    def segment(self, look: Look) -> list[Proposal]:
        """Up to 20 of the largest patches; those that fill their boxes best come first.

        Raises:
            ModelUnavailable: scikit-image is not installed.
        """
        try:
            from skimage.segmentation import felzenszwalb  # noqa: PLC0415 1 s
        except ModuleNotFoundError as error:
            raise ModelUnavailable(
                "felzenszwalb needs the extra: pip install 'mirada[segment]'"
            ) from error
        image = look.image.convert("RGB")
        factor = min(PATCH_SIDE / max(image.size), 1.0)
        width, height = (max(2, round(side * factor)) for side in image.size)
        pixels = np.asarray(image.resize((width, height), Resampling.BILINEAR))
        patches = [
            labels == label
            for scale in PATCH_SCALES
            for labels in [felzenszwalb(pixels, scale=scale, sigma=0.8, min_size=PATCH_PIXELS)]
            for label in range(labels.max() + 1)
        ]
        return _largest(patches)


PATCH_SIDE: Final = 224  # pixels of the longer side
PATCH_SCALES: Final = (100, 300, 1000)
PATCH_PIXELS: Final = 200  # least of a patch
PATCH_OVERLAP: Final = 0.3  # IoU with a larger patch above which a patch is left out
LARGEST: Final = 0.85  # share of the image; the whole of it is described anyhow


def _largest(patches: list[NDArray[np.bool_]]) -> list[Proposal]:
    rows = np.array([_extent(patch) for patch in patches], np.float64).reshape(-1, 4)
    sizes = np.array([patch.mean() for patch in patches])
    boxes = areas(rows)
    fits = np.flatnonzero(boxes <= LARGEST)
    kept = apart(rows[fits], sizes[fits], overlap=PATCH_OVERLAP, limit=LIMIT)
    found = [
        Proposal(box_of(rows[index]), float(min(sizes[index] / boxes[index], 1)), patches[index])
        for index in fits[kept]
    ]
    return sorted(found, key=lambda proposal: -proposal.confidence)


def _extent(patch: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    down, across = np.flatnonzero(patch.any(1)), np.flatnonzero(patch.any(0))
    height, width = patch.shape
    return (
        across[0] / width,
        down[0] / height,
        (across[-1] + 1) / width,
        (down[-1] + 1) / height,
    )
