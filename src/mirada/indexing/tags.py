"""Tags of an image and its regions, from their vectors alone: no pixels are read again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.types import Tag
from mirada.vocabulary.entries import OF_PARTS, vocabulary_of
from mirada.vocabulary.learnt import read_learnt
from mirada.vocabulary.mixing import merged, of_parts, pooled, straight
from mirada.vocabulary.scoring import make_scorer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mirada.protocols import Encoder
    from mirada.types import Vector
    from mirada.vocabulary.scoring import Scorer

MOST: Final = 20  # tags of an image
MOST_OF_PART: Final = 5  # tags of a region
DECIMALS: Final = 4  # of a probability


@dataclass(frozen=True, slots=True)
class Evidence:
    """Probabilities of all tags of the vocabulary for one image, in the order of its entries."""

    whole: NDArray[np.float32]  # (tags,) by the whole alone
    merged: NDArray[np.float32]  # (tags,) by the whole and the regions
    parts: NDArray[np.float32]  # (regions, tags)


class Tagger:
    """Finds the tags that fit; safe to call from threads."""

    def __init__(self, scorer: Scorer) -> None:
        self.name = scorer.name
        self._scorer = scorer
        self._mixing = scorer.mixing
        entries = scorer.vocabulary.entries
        self._names = [entry.name for entry in entries]
        self._groups = [entry.group for entry in entries]
        self._of_parts = np.array([entry.kind in OF_PARTS for entry in entries])

    def tag(
        self, vector: Vector, regions: Sequence[Vector]
    ) -> tuple[tuple[Tag, ...], list[tuple[Tag, ...]]]:
        """Tags of the image, and of each region in order; likeliest first.

        A tag has the source "model" where the whole image is enough for it, "region" where only
        the regions lift it over the cut.
        """
        seen = self.weigh(vector, regions)
        cut = self._mixing.cut
        own = [
            Tag(self._names[place], chance, "model" if seen.whole[place] >= cut else "region")
            for place, chance in self._best(seen.merged, cut, MOST)
        ]
        parts = np.where(self._of_parts, seen.parts, 0)
        by_region = [
            tuple(
                Tag(self._names[place], chance, "region")
                for place, chance in self._best(row, self._mixing.part_cut, MOST_OF_PART)
            )
            for row in parts
        ]
        return tuple(own), by_region

    def weigh(self, vector: Vector, regions: Sequence[Vector]) -> Evidence:
        """How likely each tag of the vocabulary is."""
        mixing = self._mixing
        logits = self._scorer.logits(np.stack([vector, *regions]))
        whole, parts = logits[0], logits[1:]
        alone = straight(whole, mixing.alone)
        if not len(parts):
            return Evidence(alone, alone, parts)
        both = merged(whole, pooled(parts), mixing)
        return Evidence(alone, both, of_parts(parts, whole, mixing))

    def _best(
        self, chances: NDArray[np.float32], cut: float, most: int
    ) -> Iterable[tuple[int, float]]:
        """Places with their chances, likeliest first, one of each group."""
        taken: set[str] = set()
        found: list[tuple[int, float]] = []
        over = np.flatnonzero(chances >= cut)
        for place in sorted(over.tolist(), key=lambda one: (-chances[one], self._names[one])):
            group = self._groups[place]
            if group not in taken:
                found.append((place, round(float(chances[place]), DECIMALS)))
                taken.update({group} - {""})
            if len(found) == most:
                break
        return found


def load_tagger(encoder: Encoder, home: Path) -> Tagger:
    """The tagger of a collection, with the vocabulary that its user has edited, if any.

    Texts of tags that are new to the encoder are encoded once and kept in `home`.

    Raises:
        ConfigError: the vocabulary in `home` is malformed.
        ModelUnavailable: the shipped weights are missing or damaged.
    """
    return Tagger(make_scorer(encoder, vocabulary_of(home), read_learnt(), home))
