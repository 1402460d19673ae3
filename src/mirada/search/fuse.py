"""Joins what vectors and words find into one ranking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.types import Ranking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FUSED: Final = "fused"
POOL: Final = 100  # candidates that each source brings, or as many as are asked for
WORDS_WEIGHT: Final = 0.07
"""Share of the score that words have; chosen on the dev set."""


def pooled(*rankings: Ranking) -> list[str]:
    """The ids of all rankings, each once, in the order of their first mention."""
    return list(dict.fromkeys(one for ranking in rankings for one in ranking.ids))


def fuse(ids: Sequence[str], cosines: NDArray[np.float32], words: Ranking) -> Ranking:
    """The ids by a convex combination of cosine and BM25, ties by id.

    BM25 scores are scaled by the best one of the query. Beats reciprocal ranks (Bruch, Gai &
    Ingber, ACM TOIS 2023).

    Args:
        ids: candidates, each once.
        cosines: (n,) of the query's vector with theirs.
        words: BM25 scores of those that have any of the words.
    """
    best = float(words.scores[0]) if len(words.scores) else 1.0
    shares = dict(zip(words.ids, words.scores / best, strict=True))
    said = np.array([shares.get(one, 0.0) for one in ids], np.float32)
    scores = np.float32(1 - WORDS_WEIGHT) * cosines + np.float32(WORDS_WEIGHT) * said
    order = sorted(range(len(ids)), key=lambda row: (-scores[row], ids[row]))
    return Ranking(FUSED, tuple(ids[row] for row in order), scores[order])
