"""Everything that SAM finds in an image: a grid of points, three masks a point, the best kept.

The automatic masks of Kirillov et al. (Segment Anything, ICCV 2023), whose numbers these are, at
the resolution of the model's own masks: nothing is blown up to the size of the image.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
import transformers
from torch.nn import functional

from mirada.errors import ModelUnavailable
from mirada.models.boxes import apart, areas, box_of
from mirada.models.devices import memory_told, place_model
from mirada.models.hub.complete import complete
from mirada.models.hub.source import source_of
from mirada.models.hub.squares import square_of
from mirada.models.segmenters import LARGEST, LIMIT
from mirada.models.thin import stretched
from mirada.types import Proposal

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from mirada.models.hub.source import Source
    from mirada.models.hub.squares import Square

__all__ = ["Asking", "Prompted", "asking_of", "extents", "load", "source_of"]

LEAST_IOU: Final = {
    **dict.fromkeys(("sam", "sam_hq"), 0.88),
    **dict.fromkeys(("sam2", "sam2_video", "edgetam", "edgetam_video"), 0.8),
}
"""Kind of model -> predicted IoU that its authors ask of a mask; other kinds are not known."""

OFFSET: Final = 1.0  # of the logits of a mask, to draw it generously or sparingly
OVERLAP: Final = 0.7  # IoU with a surer box above which a box is left out
SMALLEST: Final = 0.001  # share of the image that a mask covers at least
SIDE: Final = 128  # rows or columns of a mask, at most


@dataclass(frozen=True, slots=True)
class Asking:
    """How a model is asked."""

    side: int  # pixels of the square it looks at
    points: int  # of the grid, a side
    batch_size: int  # points that are looked at together
    least_iou: float  # predicted
    least_stability: float
    usual_iou: float  # that the authors ask for


def asking_of(
    config: Any,
    place: str,
    points: int,
    batch_size: int,
    least_iou: float | None,
    least_stability: float,
) -> Asking:
    """How a model of that configuration is asked; raises ModelUnavailable if nobody knows.

    Args:
        config: of transformers.
        place: where it comes from, for messages.
        points: of the grid, a side.
        batch_size: points that are looked at together.
        least_iou: predicted; None for that of the authors.
        least_stability: in [0, 1].
    """
    known = LEAST_IOU.get(config.model_type)
    if known is None:
        raise ModelUnavailable(
            f"{place} is a {config.model_type}, which is no segmenter that mirada knows: "
            f"{', '.join(LEAST_IOU)}"
        )
    side = int(np.max(config.prompt_encoder_config.image_size))
    least = known if least_iou is None else least_iou
    return Asking(side, points, batch_size, least, least_stability, known)


def load(source: Source, asking: Asking, device: str | None, precision: str | None) -> Prompted:
    """The model with its weights; raises ModelUnavailable and ConfigError."""
    square = square_of(source, asking.side)
    model = complete(source, transformers.AutoModelForMaskGeneration.from_pretrained)
    return Prompted(place_model(model, device, precision, default="float32"), square, asking)


class Prompted:
    """A loaded model that is asked for everything; threads take turns at it."""

    def __init__(self, model: Any, square: Square, asking: Asking) -> None:
        self._model, self._square, self._asking = model, square, asking
        self._lock = Lock()

    def __call__(self, image: Image) -> list[Proposal]:
        """Up to 20 parts of an image, surest first, never the whole of it.

        Raises MemoryError where there is too little.
        """
        seen = stretched(image)
        pixels, size = self._square(seen), self._square.shown(seen)
        with self._lock, torch.inference_mode(), memory_told():
            masks, sure = self._masks(pixels, size, _shape(image))
        return _best(masks, sure)

    def _masks(
        self, pixels: torch.Tensor, size: tuple[int, int], shape: tuple[int, int]
    ) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """(n, rows, columns) masks that are good enough, and (n,) how sure the model is of each.

        Args:
            pixels: (1, 3, rows, columns) as the model takes them.
            size: width and height of them that the image fills, from the top left.
            shape: rows and columns of the masks.
        """
        model = self._model
        share = (size[0] / pixels.shape[-1], size[1] / pixels.shape[-2])
        embedded = _embedded(model, pixels.to(model.device, model.dtype))
        grid = _grid(self._asking.points) * torch.tensor(size)
        masks, sure = [], []
        for some in grid.split(self._asking.batch_size):
            points = some[None, :, None].to(model.device, torch.float32)
            told = model(input_points=points, multimask_output=True, **embedded)
            logits = sampled(told.pred_masks[0].flatten(0, 1).float(), share, shape)
            good, degree = self._judged(logits, told.iou_scores[0].flatten().float())
            masks.append((logits[good] > 0).cpu().numpy())
            sure.append(degree[good].cpu().numpy())
        return np.concatenate(masks), np.concatenate(sure).astype(np.float64)

    def _judged(
        self, logits: torch.Tensor, foretold: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(n,) whether a mask is good enough, and how good in [0, 1]."""
        sparing, generous = ((logits > one).sum((1, 2)) for one in (OFFSET, -OFFSET))
        stability = sparing / generous.clamp(min=1)
        foretold = foretold.clamp(0, 1)  # what is no number is not good enough
        covered = (logits > 0).float().mean((1, 2))
        good = (foretold >= self._asking.least_iou) & (stability >= self._asking.least_stability)
        return good & (covered >= SMALLEST) & (covered < LARGEST), foretold * stability


def sampled(
    logits: torch.Tensor, share: tuple[float, float], shape: tuple[int, int]
) -> torch.Tensor:
    """(n, rows, columns) logits at the middles of the cells that the image is divided into.

    Args:
        logits: (n, h, w) over the square that the model looks at.
        share: of its width and height that the image fills, from the top left.
        shape: rows and columns.
    """
    across, down = share
    to_square = torch.tensor([[[across, 0, across - 1], [0, down, down - 1]]], device=logits.device)
    places = functional.affine_grid(to_square, [1, 1, *shape], align_corners=False)
    found = functional.grid_sample(
        logits[None], places, mode="bilinear", padding_mode="border", align_corners=False
    )
    return found[0]


def extents(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n, 4) rows of the boxes around masks (n, rows, columns), of which none is empty."""
    count, height, width = masks.shape
    rows = np.zeros((count, 4))
    for first, (axis, cells) in enumerate(((1, width), (2, height))):
        there = np.asarray(masks.any(axis))
        rows[:, first] = there.argmax(1) / cells
        rows[:, first + 2] = 1 - there[:, ::-1].argmax(1) / cells
    return rows


def _best(masks: NDArray[np.bool_], sure: NDArray[np.float64]) -> list[Proposal]:
    rows = extents(masks)
    fits = np.flatnonzero(areas(rows) < LARGEST)
    kept = apart(rows[fits], sure[fits], overlap=OVERLAP, limit=LIMIT)
    return [Proposal(box_of(rows[one]), float(sure[one]), masks[one]) for one in fits[kept]]


def _embedded(model: Any, pixels: torch.Tensor) -> dict[str, Any]:
    """What the model makes of an image, once for all points; SAM-HQ looks at two kinds of it."""
    found = model.get_image_embeddings(pixels)
    if isinstance(found, tuple):
        return {"image_embeddings": found[0], "intermediate_embeddings": found[1]}
    return {"image_embeddings": found}


def _grid(points: int) -> torch.Tensor:
    """(points * points, 2) across and down in fractions, row by row."""
    middles = (torch.arange(points) + 0.5) / points
    down, across = torch.meshgrid(middles, middles, indexing="ij")
    return torch.stack([across.flatten(), down.flatten()], 1)


def _shape(image: Image) -> tuple[int, int]:
    """Rows and columns of a mask of an image, in its own aspect."""
    scale = SIDE / max(image.size)
    return max(1, round(image.height * scale)), max(1, round(image.width * scale))
