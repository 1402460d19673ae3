"""Whether a search says so when nothing matches, and leaves out what must not be there.

Two things that vectors alone cannot do. Queries are names from the vocabulary: present where a
caption of the gallery names the thing, absent where neither a caption nor a box does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.errors import DatasetError
from mirada.evaluation.tags import mentions, truth_of_boxes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.vocabulary.entries import Vocabulary

ASKABLE: Final = frozenset(
    ("activity", "animal", "clothing", "food", "object", "person", "plant", "scene", "vehicle")
)
"""Kinds of tags that can be there or not; the rest are a matter of degree."""

VISIBLE: Final = 0.01  # share of the image from which a thing is plainly seen


@dataclass(frozen=True, slots=True)
class NoMatch:
    """Queries about things that are there and things that are not."""

    present: int
    absent: int
    shown: float  # share of the present ones for which something is shown
    hidden: float  # share of the absent ones for which nothing is
    curve: tuple[tuple[float, float, float], ...]  # cut, share shown, share hidden

    @property
    def balanced_accuracy(self) -> float:
        """Mean of both shares."""
        return (self.shown + self.hidden) / 2


@dataclass(frozen=True, slots=True)
class Negation:
    """Queries such as "no people" over images of which all things are boxed."""

    images: int
    classes: int
    removed: float  # share of the images with the thing that are left out
    removed_visible: float  # the same, of those where it covers `VISIBLE` or more
    lost: float  # share of the images without it that are left out


def subjects(
    images: Sequence[CaptionedImage], vocabulary: Vocabulary, *, count: int, seed: int
) -> tuple[list[str], list[str]]:
    """Up to `count` names of things that are there, and as many of things that are not.

    Raises:
        DatasetError: there are none of either.
    """
    named = np.atleast_1d(mentions(images, vocabulary).any(axis=0))
    boxed = {box.label for image in images for box in image.boxes}
    entries = vocabulary.entries
    usable = [row for row, entry in enumerate(entries) if entry.kind in ASKABLE]
    present = [entries[row].name for row in usable if named[row]]
    absent = [
        entries[row].name for row in usable if not named[row] and entries[row].name not in boxed
    ]
    if not present or not absent:
        raise DatasetError("the captions name no tag of the vocabulary, or all of them")
    random = np.random.default_rng(seed)
    return (
        [str(name) for name in random.permutation(present)[:count]],
        [str(name) for name in random.permutation(absent)[:count]],
    )


def evaluate_no_match(
    present: Sequence[str],
    absent: Sequence[str],
    surest: Callable[[str], float],
    *,
    cut: float,
    cuts: Sequence[float],
) -> NoMatch:
    """What is shown and what is not.

    Args:
        present: queries that something answers.
        absent: queries that nothing does.
        surest: query -> the highest confidence of any image.
        cut: of the search.
        cuts: of the curve.
    """
    there = np.array([surest(text) for text in present])
    missing = np.array([surest(text) for text in absent])

    def shares(at: float) -> tuple[float, float]:
        return float((there >= at).mean()), float((missing < at).mean())

    return NoMatch(
        len(present), len(absent), *shares(cut), tuple((one, *shares(one)) for one in cuts)
    )


def evaluate_negation(
    images: Sequence[CaptionedImage],
    vocabulary: Vocabulary,
    removes: Callable[[str], NDArray[np.bool_]],
) -> Negation | None:
    """Each class of the boxes denied over the images of which all things are boxed; None for none.

    Args:
        images: those without boxes of all things are left out.
        vocabulary: whose names the classes have.
        removes: query -> (images,) whether each of all the images is left out.
    """
    truth = truth_of_boxes(images, vocabulary)
    if not len(truth.rows):
        return None
    names = [vocabulary.entries[place].name for place in truth.places]
    out = np.stack([removes(f"no {name}")[truth.rows] for name in names], axis=1)
    large = np.array(
        [[_largest(images[row], name) >= VISIBLE for name in names] for row in truth.rows.tolist()]
    )
    return Negation(
        len(truth.rows),
        len(names),
        float(out[truth.fits].mean()),
        float(out[truth.fits & large].mean()),
        float(out[~truth.fits].mean()),
    )


def _largest(image: CaptionedImage, label: str) -> float:
    return max((one.box.area for one in image.boxes if one.label == label), default=0.0)
