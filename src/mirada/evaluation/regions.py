"""How many of the things that people drew boxes around the proposals of segmenters meet.

A thing is met at an IoU when some proposal overlaps it by at least that. The whole image is no
proposal; what it would add is told apart, because a record always has it beside its regions.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.evaluation.captioned import Seen
from mirada.evaluation.significance import FEWER, paired_bootstrap
from mirada.models.boxes import areas, corners, iou
from mirada.types import WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.evaluation.significance import Interval
    from mirada.protocols import MapEncoder, Segmenter
    from mirada.types import Box

THRESHOLDS: Final = (0.3, 0.5)
SIZES: Final = {"small": 0.02, "medium": 0.15, "large": 1.01}
"""Shares of the image below which a box is called so."""

PERSON: Final = "person"


@dataclass(frozen=True, slots=True)
class Found:
    """What the proposals of one segmenter meet, in shares of the boxes with 95% intervals."""

    recall: Mapping[float, Interval]  # IoU -> share
    with_whole: Mapping[float, Interval]  # the same with the whole image as one more proposal
    by_size: Mapping[str, Mapping[float, Interval]]  # small, medium, large
    proposals: float  # mean an image
    milliseconds: float  # median CPU time an image, without the feature map


@dataclass(frozen=True, slots=True)
class RegionsReport:
    """One set of images, several segmenters."""

    images: int
    boxes: int  # different ones
    sizes: Mapping[str, int]  # how many are small, medium, large
    found: Mapping[str, Found]  # segmenter -> what it meets
    gains: Mapping[str, Mapping[float, Interval]]  # the first segmenter over each other one
    map_milliseconds: float  # median CPU time of a feature map


def fully_boxed(images: Sequence[CaptionedImage]) -> list[CaptionedImage]:
    """Those with boxes, but for images of COCO in which persons alone were boxed.

    The development set has persons of most images of COCO, and all classes of some.
    """
    return [
        image
        for image in images
        if image.boxes
        and not (
            image.dataset.startswith("coco") and {one.label for one in image.boxes} == {PERSON}
        )
    ]


def evaluate_regions(
    images: Sequence[CaptionedImage],
    encoder: MapEncoder,
    segmenters: Sequence[Segmenter],
    *,
    proposals: int,
    seed: int = 0,
    advance: Callable[[int], None] = lambda _: None,
) -> RegionsReport:
    """Every segmenter on every image, one after the other so that times can be compared.

    Args:
        images: with boxes; identical boxes with several labels count once.
        encoder: whose feature maps are read.
        segmenters: under test; gains are those of the first.
        proposals: how many of the surest count.
        seed: of the bootstrap over images.
        advance: told how many images are done since the last call.
    """
    runs = {segmenter.name: _Run([], [], []) for segmenter in segmenters}
    map_seconds, drawn = [], []
    for image in images:
        pixels = image.open(encoder.image_size)
        started = time.process_time()
        seen = Seen(pixels, encoder.read_map(pixels))
        map_seconds.append(time.process_time() - started)
        drawn.append(different(image))
        for segmenter in segmenters:
            runs[segmenter.name].add(segmenter, seen, drawn[-1], proposals)
        advance(1)
    owners = [image.name for image, rows in zip(images, drawn, strict=True) for _ in rows]
    sheet = _Sheet(np.concatenate(drawn), owners, seed)
    first, *others = runs.values()
    return RegionsReport(
        len(images),
        len(owners),
        {name: int(sheet.inside(name).sum()) for name in SIZES},
        {name: _found(run, sheet) for name, run in runs.items()},
        {
            name: sheet.shares(first.overlaps, over=other.overlaps)
            for name, other in zip([*runs][1:], others, strict=True)
        },
        float(np.median(map_seconds) * 1000),
    )


def different(image: CaptionedImage) -> NDArray[np.float64]:
    """(n, 4) boxes of an image without repetitions."""
    return np.unique(corners([one.box for one in image.boxes]), axis=0)


def best_overlaps(drawn: NDArray[np.float64], boxes: Sequence[Box]) -> NDArray[np.float64]:
    """(n,) largest IoU of each box that was drawn with any that was proposed; 0 without any."""
    if not boxes:
        return np.zeros(len(drawn))
    return np.asarray(iou(drawn, corners(boxes)).max(1))


@dataclass(frozen=True, slots=True)
class _Run:
    """One segmenter as it goes over the images."""

    best: list[NDArray[np.float64]]
    counts: list[int]
    seconds: list[float]

    def add(
        self, segmenter: Segmenter, seen: Seen, drawn: NDArray[np.float64], proposals: int
    ) -> None:
        started = time.process_time()
        found = segmenter.segment(seen)[:proposals]
        self.seconds.append(time.process_time() - started)
        self.counts.append(len(found))
        self.best.append(best_overlaps(drawn, [one.box for one in found]))

    @property
    def overlaps(self) -> NDArray[np.float64]:
        return np.concatenate(self.best)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """All boxes of all images, and how shares of them are told."""

    drawn: NDArray[np.float64]  # (n, 4)
    owners: Sequence[str]  # image of each
    seed: int

    def inside(self, size: str) -> NDArray[np.bool_]:
        """Which boxes are of that size."""
        sizes = list(SIZES.values())
        place = list(SIZES).index(size)
        own = areas(self.drawn)
        return np.asarray((own >= (sizes[place - 1] if place else 0)) & (own < sizes[place]))

    def shares(
        self,
        overlaps: NDArray[np.float64],
        *,
        over: NDArray[np.float64] | None = None,
        among: NDArray[np.bool_] | None = None,
    ) -> dict[float, Interval]:
        """Share of boxes met at each IoU; what it is more than another's where `over` is given."""
        chosen = np.ones(len(overlaps), bool) if among is None else among
        owners = [owner for owner, one in zip(self.owners, chosen, strict=True) if one]
        others = np.zeros(len(overlaps)) if over is None else over
        return {
            cut: paired_bootstrap(
                overlaps[chosen] >= cut,
                others[chosen] >= cut,
                rounds=FEWER,
                seed=self.seed,
                groups=owners,
            )
            for cut in THRESHOLDS
            if owners
        }


def _found(run: _Run, sheet: _Sheet) -> Found:
    overlaps = run.overlaps
    whole = np.maximum(overlaps, best_overlaps(sheet.drawn, [WHOLE]))
    return Found(
        sheet.shares(overlaps),
        sheet.shares(whole),
        {size: sheet.shares(overlaps, among=sheet.inside(size)) for size in SIZES},
        float(np.mean(run.counts)),
        float(np.median(run.seconds) * 1000),
    )
