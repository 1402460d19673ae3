"""Fits how the evidence of the whole image and of its regions makes the probability of a tag."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mirada.models.boxes import areas, corners
from mirada.vocabulary.entries import OF_PARTS
from mirada.vocabulary.learnt import Mixing
from mirada.vocabulary.mentions import Matcher
from mirada.vocabulary.mixing import merged, of_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.types import Box
    from mirada.vocabulary.entries import Vocabulary

    Table = NDArray[np.float32]

NEWTON_STEPS = 30
ENOUGH = 1e-6  # a step of this size ends the search
SHARE = 0.2  # least part of a region that a thing in it fills
MOST_OF_IT = 0.5  # least part of the one that lies in the other
CUTS = np.arange(0.05, 0.65, 0.025)


def fit_mixing(
    whole: Table,
    regions: Table,
    truth: NDArray[np.bool_],
    parts: Sequence[tuple[Table, Sequence[Box], CaptionedImage]],
    vocabulary: Vocabulary,
) -> Mixing:
    """The logistic regressions with the least log loss, and the cuts with the best F1.

    Args:
        whole: (images, tags) logits of whole images.
        regions: the same, of the regions together.
        truth: the same, whether the tag fits.
        parts: for each image the logits (regions, tags), the boxes, and the image.
        vocabulary: the tags.
    """
    scale, alone = logistic([whole], truth)
    own, pooled, offset = logistic([whole, regions], truth)
    logits, around, within = _parts(whole, parts, vocabulary)
    slope, context, shift = logistic([logits, around], within)
    mixing = Mixing((scale, alone), own, pooled, offset, (slope, context, shift), 0, 0)
    return replace(
        mixing,
        cut=best_cut(merged(whole, regions, mixing), truth),
        part_cut=best_cut(of_parts(logits, around, mixing), within),
    )


def logistic(columns: Sequence[Table], truth: NDArray[np.bool_]) -> tuple[float, ...]:
    """A scale for each column, and the offset, of a logistic regression by Newton's method."""
    design = np.stack([*(one.ravel() for one in columns), np.ones(truth.size, np.float32)], axis=1)
    design, fits = design.astype(np.float64), truth.ravel()
    found = np.array([*(1.0 / len(columns) for _ in columns), 0.0])
    for _ in range(NEWTON_STEPS):
        likely = 1 / (1 + np.exp(-np.clip(design @ found, -30, 30)))
        slope = design.T @ (likely - fits)
        bend = (design * (likely * (1 - likely))[:, None]).T @ design
        step = np.linalg.solve(bend + 1e-9 * np.eye(len(found)), slope)
        found -= step * min(1.0, 2.0 / (np.abs(step).max() + 1e-12))
        if np.abs(step).max() < ENOUGH:
            break
    return tuple(found.tolist())


def best_cut(chances: Table, truth: NDArray[np.bool_]) -> float:
    """The cut with the best F1 over all pairs; the lowest of equals."""

    def score(cut: float) -> float:
        kept = chances >= cut
        return float(2 * (kept & truth).sum() / max(1, kept.sum() + truth.sum()))

    return round(float(max(CUTS, key=score)), 3)


def shown_in(region: Sequence[Box], drawn: Sequence[Box]) -> NDArray[np.bool_]:
    """(regions, boxes) whether a region shows the thing that a person drew a box around.

    A fifth of the region is of the thing, and half of the one lies in the other: so half a dog is
    a dog, and a collar is not what a region around the whole dog shows.
    """
    a, b = corners(region), corners(drawn)
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    sides = np.maximum(np.minimum(a[:, None, 2:], b[None, :, 2:]) - low, 0)
    shared = sides[..., 0] * sides[..., 1]
    of_region = shared / np.maximum(areas(a)[:, None], 1e-12)
    of_box = shared / np.maximum(areas(b)[None, :], 1e-12)
    return np.asarray((of_region >= SHARE) & (np.maximum(of_region, of_box) >= MOST_OF_IT))


def _parts(
    whole: Table,
    parts: Sequence[tuple[Table, Sequence[Box], CaptionedImage]],
    vocabulary: Vocabulary,
) -> tuple[Table, Table, NDArray[np.bool_]]:
    """(regions, tags) logits, those of the image around, and whether the region shows the thing.

    Only tags that parts of images can have, and only images whose boxes name several things.
    """
    matcher = Matcher(vocabulary)
    labels = {one.label for _, _, image in parts for one in image.boxes}
    named = {label: matcher.named_in(label) for label in labels}
    columns = np.array([entry.kind in OF_PARTS for entry in vocabulary.entries])
    logits, around, truth = [], [], []
    for of_image, (scores, boxes, image) in zip(whole, parts, strict=True):
        if len({one.label for one in image.boxes}) < 2:
            continue
        fits = np.zeros(scores.shape, bool)
        shown = shown_in(boxes, [one.box for one in image.boxes])
        for row, place in np.argwhere(shown).tolist():
            fits[row, list(named[image.boxes[place].label])] = True
        logits.append(scores[:, columns])
        around.append(np.broadcast_to(of_image[columns], logits[-1].shape))
        truth.append(fits[:, columns])
    return np.concatenate(logits), np.concatenate(around), np.concatenate(truth)
