"""Retrieval by what each source brings: vectors, words, and both, over the same queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.evaluation.measures import Recall, recall
from mirada.evaluation.significance import FEWER, paired_bootstrap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mirada.evaluation.significance import Interval
    from mirada.types import Ranking

DEPTH: Final = 100  # of the rankings compared
CUT: Final = 10


@dataclass(frozen=True, slots=True)
class SourcesReport:
    """One gallery, several ways to search it."""

    images: int
    found: Mapping[str, Recall]  # source -> what it found; the median is capped at DEPTH + 1
    gains: Mapping[str, Interval]  # source -> R@10 over that of the first source


def evaluate_sources(
    queries: Sequence[tuple[str, str]],
    rankers: Mapping[str, Callable[[str], Ranking]],
    *,
    images: int,
    seed: int = 0,
    advance: Callable[[int], None] = lambda _: None,
) -> SourcesReport:
    """Every query through every ranker.

    Args:
        queries: (text, image id of the one image that it is about).
        rankers: source -> the ranking of a text; the first source is what others are set against.
        images: in the gallery.
        seed: of the bootstrap.
        advance: told how many queries are done since the last call.
    """
    ranks: dict[str, list[int]] = {source: [] for source in rankers}
    for text, image_id in queries:
        for source, rank in rankers.items():
            ranks[source].append(_place(rank(text).ids, image_id))
        advance(1)
    arrays = {source: np.array(found, np.int64) for source, found in ranks.items()}
    first, *others = arrays
    owners = [image_id for _, image_id in queries]
    return SourcesReport(
        images,
        {source: recall(found) for source, found in arrays.items()},
        {
            one: paired_bootstrap(
                arrays[one] <= CUT, arrays[first] <= CUT, rounds=FEWER, seed=seed, groups=owners
            )
            for one in others
        },
    )


def _place(ids: Sequence[str], wanted: str) -> int:
    """Rank from 1; one past DEPTH where it is not among them."""
    return ids.index(wanted) + 1 if wanted in ids else DEPTH + 1
