"""What a grounding is worth on images held out: boxes that people drew, texts that name them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mirada.evaluation.chances import average_precision
from mirada.evaluation.labels import Likeness, likeness
from mirada.models.boxes import corners
from mirada.search.grounding import compared, margins
from mirada.training.grounding_data import ARTICLE, square
from mirada.types import Grounding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from mirada.protocols import MapEncoder
    from mirada.training.grounding_data import Thing
    from mirada.types import Calibration, Matrix

LEAST: Final = 4  # boxes that have a label whose precision is measured
MOST: Final = 0.3  # share of boxes above which a label is no search


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """The boxes of images of one dataset, one after the other, and the labels that some have."""

    vectors: Matrix  # (boxes, dim)
    whole: Matrix  # (boxes, dim) of their images
    boxes: NDArray[np.float64]  # (boxes, 4)
    images: NDArray[np.int64]  # (boxes,)
    texts: Mapping[str, Matrix]  # language -> (labels, dim)
    fits: NDArray[np.int8]  # (boxes, labels) likeness of a box to the label
    own: NDArray[np.bool_]  # (boxes, labels) whether it was labelled so

    def figures(self, judge: Grounding | Calibration) -> dict[str, list[float]]:
        """Language -> the two measures, in percent.

        Area under the curve inside an image: how often a box that a label means fits it better
        than one of the same image that it does not mean. Mean average precision: over the boxes
        of all images.
        """
        found = {}
        count = (self.fits == Likeness.SURE).sum(0)
        searched = np.flatnonzero((count >= LEAST) & (count < MOST * len(self.fits))).tolist()
        for language, texts in self.texts.items():
            fit = self._margins(texts, judge)
            area = float(np.mean(list(self._areas(fit))))
            precisions = [self._precision(fit[:, label], label) for label in searched]
            precision = float(np.mean(precisions)) if precisions else float("nan")
            found[language] = [round(100 * area, 2), round(100 * precision, 2)]
        return found

    def _margins(self, texts: Matrix, judge: Grounding | Calibration) -> NDArray[np.float32]:
        regions, boxes = self.vectors[:, None], self.boxes[:, None]
        if isinstance(judge, Grounding):
            return margins(texts, regions, self.whole, boxes, judge)[..., 0].T
        return compared(texts, regions, judge)[..., 0].T

    def _precision(self, fit: NDArray[np.float32], label: int) -> float:
        told = self.fits[:, label] != Likeness.MAYBE
        return average_precision(fit[told], self.fits[told, label] == Likeness.SURE)

    def _areas(self, fit: NDArray[np.float32]) -> Iterator[float]:
        for image in np.unique(self.images):
            rows = self.images == image
            for label in np.flatnonzero(self.own[rows].any(0)):
                likeness = self.fits[rows, label]
                better = fit[rows, label][likeness == Likeness.SURE]
                worse = fit[rows, label][likeness == Likeness.NONE]
                if len(better) and len(worse):
                    yield area(better, worse)


def area(better: NDArray[np.floating], worse: NDArray[np.floating]) -> float:
    """Share of pairs in which the better one is higher; equal ones count half."""
    higher, equal = better[:, None] > worse, better[:, None] == worse
    return float((higher + 0.5 * equal).mean())


def see_drawn(
    things: Sequence[Sequence[Thing]],
    maps: Any,
    encoder: MapEncoder,
    spanish: Mapping[str, str],
) -> Drawn:
    """The boxes of the images that have two or more; arguments as in `gather`."""
    several = [row for row, own in enumerate(things) if len(own) > 1]
    vectors, whole = [], []
    for row in several:
        told = square(maps[row])
        vectors.append(encoder.encode_boxes(told, [thing.box for thing in things[row]]))
        whole.append(np.tile(encoder.encode_map(told), (len(things[row]), 1)))
    every = [thing for row in several for thing in things[row]]
    labels = sorted({label for thing in every for label in thing.labels})
    named = [ARTICLE + label for label in labels]
    texts = {"en": encoder.encode_texts(named)}
    if spanish:
        texts["es"] = encoder.encode_texts([spanish[name] for name in named])
    return Drawn(
        np.concatenate(vectors),
        np.concatenate(whole),
        corners([thing.box for thing in every]),
        np.repeat(several, [len(things[row]) for row in several]),
        texts,
        np.array([alikeness(labels, thing) for thing in every], np.int8),
        np.array([[label in thing.labels for label in labels] for thing in every], bool),
    )


def alikeness(labels: Sequence[str], thing: Thing) -> list[Likeness]:
    """How surely the thing is what each label means."""
    return [max(likeness(label, own) for own in thing.labels) for label in labels]
