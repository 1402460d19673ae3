"""Retrieval by what each source brings: vectors, words, and both, over the same queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.evaluation.measures import Recall, recall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from mirada.types import Ranking

DEPTH: Final = 100  # of the rankings compared
DRAWS: Final = 2_000  # of the bootstrap
CUT: Final = 10


@dataclass(frozen=True, slots=True)
class Gain:
    """How much more one source answers than another, in shares of the queries."""

    mean: float
    low: float  # of the 95% interval
    high: float


@dataclass(frozen=True, slots=True)
class SourcesReport:
    """One gallery, several ways to search it."""

    images: int
    found: Mapping[str, Recall]  # source -> what it found; the median is capped at DEPTH + 1
    gains: Mapping[str, Gain]  # source -> R@10 over that of the first source


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
        {one: gain(arrays[one] <= CUT, arrays[first] <= CUT, owners, seed) for one in others},
    )


def gain(
    ours: NDArray[np.bool_], theirs: NDArray[np.bool_], owners: Iterable[str], seed: int
) -> Gain:
    """Mean difference with a paired bootstrap interval.

    Whole images are drawn, not queries, because the queries of an image succeed and fail together.
    """
    difference = ours.astype(float) - theirs.astype(float)
    _, group = np.unique(list(owners), return_inverse=True)
    sums = np.bincount(group, difference)
    counts = np.bincount(group)
    drawn = np.random.default_rng(seed).integers(len(sums), size=(DRAWS, len(sums)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Gain(float(difference.mean()), float(low), float(high))


def _place(ids: Sequence[str], wanted: str) -> int:
    """Rank from 1; one past DEPTH where it is not among them."""
    return ids.index(wanted) + 1 if wanted in ids else DEPTH + 1
