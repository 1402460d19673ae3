"""How likely each region of many images shows what a phrase says.

With v the vector of a region, w that of its whole image, s the shape of its box and t the vector
of a text, all scaled by numbers that `mirada train grounding` learnt on boxes with phrases:

    fit(v, w, s, t) = sharpness * [ v.t + (v R + w W).(t T) + (s S).t ] + f.t
    p = logistic(scale * (fit(..., t) - log mean exp of fit(..., distractors)) + offset)

The correction of low rank turns texts, of which there are few, and not regions. What a region says
to every text alike cancels against the distractors.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.search.calibrate import margin
from mirada.types import Grounding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mirada.types import Calibration, Matrix

LEAST_SIDE: Final = 0.01  # of a box: below, its logarithm says nothing
SHAPE_SCALE: Final = 0.3  # brings the numbers of a shape to the size of the others
LEAN: Final = 48
"""Numbers of a region that all distractors together are told: the soft maximum over 210 of them
then errs by 0.09 (it varies by 0.79 from region to region) and takes less than half the time."""
BLOCK: Final = 32  # images at a time, which stay in the cache of a core


def log_chances(
    texts: Matrix,
    vectors: NDArray[np.floating],
    whole: Matrix,
    boxes: NDArray[np.floating],
    judge: Grounding | Calibration,
) -> NDArray[np.float32]:
    """(P, I, R) log of the probability that each region shows what each text says.

    Args:
        texts: (P, dim) vectors of phrases.
        vectors: (I, R, dim) of the regions; what is said of padding means nothing.
        whole: (I, dim) of their images.
        boxes: (I, R, 4) x0, y0, x1, y1 in fractions.
        judge: what the encoder learnt; or its calibration for whole images where it learnt
            nothing of regions, which goes by the cosine alone.
    """
    if isinstance(judge, Grounding):
        logits = margins(texts, vectors, whole, boxes, judge)
    else:
        logits = compared(texts, vectors, judge)
    logits = np.float32(judge.scale) * logits + np.float32(judge.offset)
    return np.asarray(-np.logaddexp(np.float32(0), -logits), np.float32)


def margins(
    texts: Matrix,
    vectors: NDArray[np.floating],
    whole: Matrix,
    boxes: NDArray[np.floating],
    grounding: Grounding,
) -> NDArray[np.float32]:
    """(P, I, R) how far each text fits each region better than the distractors together do."""
    images, regions, dim = vectors.shape
    asked, others = _turned(texts, grounding), _distractors(grounding)
    both = np.concatenate([asked.by_region, others.first], axis=1)
    found = np.empty((images, regions, len(texts)), np.float32)
    for start in range(0, images if found.size else 0, BLOCK):
        some = slice(start, start + BLOCK)
        flat = np.asarray(vectors[some], np.float32).reshape(-1, dim) @ both
        shown = np.concatenate([flat, shapes(boxes[some]).reshape(len(flat), -1)], axis=1)
        own = shown[:, : len(texts)] + shown[:, -len(asked.by_shape) :] @ asked.by_shape
        against = shown[:, len(texts) :] @ others.second
        own = own.reshape(-1, regions, len(texts)) + asked.of_images(whole[some])
        against = against.reshape(-1, regions, against.shape[1])
        against += others.turned.of_images(whole[some])
        found[some] = own - _soft_maximum(against)
    return np.moveaxis(found, -1, 0)


def compared(
    texts: Matrix, vectors: NDArray[np.floating], calibration: Calibration
) -> NDArray[np.float32]:
    """(P, I, R) the same by the cosine alone, for an encoder that learnt nothing of regions."""
    flat = np.asarray(vectors, np.float32).reshape(-1, vectors.shape[-1])
    against = margin(np.zeros(len(flat), np.float32), flat, calibration)
    return np.asarray((texts @ flat.T + against).reshape(len(texts), *vectors.shape[:2]))


def shapes(boxes: NDArray[np.floating]) -> NDArray[np.float32]:
    """(..., 6) log of width and of height, width, height, area and 1, of (..., 4) boxes."""
    sides = np.clip(boxes[..., 2:] - boxes[..., :2], LEAST_SIDE, 1).astype(np.float32)
    area = sides.prod(-1, keepdims=True)
    told = np.concatenate([np.log(sides), sides, area, np.ones_like(area)], -1)
    return np.asarray(SHAPE_SCALE * told, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Turned:
    """Texts with all that does not depend on an image worked out."""

    by_region: NDArray[np.float32]  # (dim, texts)
    by_whole: NDArray[np.float32]  # (dim, texts)
    by_shape: NDArray[np.float32]  # (6, texts)
    favour: NDArray[np.float32]  # (texts,)

    def of_images(self, whole: Matrix) -> NDArray[np.float32]:
        """(I, 1, texts) what is alike for all regions of an image."""
        return np.asarray((whole @ self.by_whole + self.favour)[:, None], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Distractors:
    """The distractors, with what regions say to them in two steps through few numbers."""

    turned: _Turned
    first: NDArray[np.float32]  # (dim, LEAN)
    second: NDArray[np.float32]  # (LEAN + 6, distractors); the last rows for the shape


def _turned(texts: Matrix, grounding: Grounding) -> _Turned:
    sharp = np.float32(grounding.sharpness)
    asked = texts @ grounding.text  # (texts, rank)
    return _Turned(
        np.asarray(sharp * (texts + asked @ grounding.region.T).T, np.float32),
        np.asarray(sharp * grounding.whole @ asked.T, np.float32),
        np.asarray(sharp * grounding.shape @ texts.T, np.float32),
        np.asarray(texts @ grounding.favour, np.float32),
    )


@lru_cache(maxsize=4)  # a process searches with one encoder, rarely two
def _distractors(grounding: Grounding) -> _Distractors:
    """Worked out once: the singular value decomposition takes as long as a search."""
    turned = _turned(grounding.distractors, grounding)
    left, size, right = np.linalg.svd(turned.by_region, full_matrices=False)
    kept = slice(LEAN)
    second = np.concatenate([size[kept, None] * right[kept], turned.by_shape])
    return _Distractors(turned, left[:, kept], second)


def _soft_maximum(against: NDArray[np.float32]) -> NDArray[np.float32]:
    """(..., 1) logarithm of the mean exponential of (..., n) numbers, which are used up."""
    top = against.max(-1, keepdims=True)
    against -= top
    np.exp(against, out=against)
    return np.asarray(top + np.log(against.mean(-1, keepdims=True)), np.float32)
