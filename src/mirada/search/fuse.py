"""Joins what vectors and words find into one ranking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.types import Ranking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mirada.protocols import Store
    from mirada.types import Vector

FUSED: Final = "fused"
POOL: Final = 100  # candidates that each source brings, or as many as are asked for
WORDS_WEIGHT: Final = 0.03
"""Share of the score that words have; chosen on the dev set."""


def pooled(*rankings: Ranking) -> list[str]:
    """The ids of all rankings, each once, in the order of their first mention."""
    return list(dict.fromkeys(one for ranking in rankings for one in ranking.ids))


def fuse(
    ids: Sequence[str],
    cosines: NDArray[np.float32],
    words: Ranking,
    *,
    weight: float = WORDS_WEIGHT,
) -> Ranking:
    """The ids by a convex combination of cosine and BM25, ties by id.

    BM25 scores are scaled by the best one of the query. Beats reciprocal ranks (Bruch, Gai &
    Ingber, ACM TOIS 2023).

    Args:
        ids: candidates, each once.
        cosines: (n,) of the query's vector with theirs.
        words: BM25 scores of those that have any of the words.
        weight: share of the score that words have.
    """
    best = float(words.scores[0]) if len(words.scores) else 1.0
    shares = dict(zip(words.ids, words.scores / best, strict=True))
    said = np.array([shares.get(one, 0.0) for one in ids], np.float32)
    scores = combined(cosines, said, weight=weight)
    order = sorted(range(len(ids)), key=lambda row: (-scores[row], ids[row]))
    return Ranking(FUSED, tuple(ids[row] for row in order), scores[order])


def fused_ranking(
    store: Store, text: str, vector: Vector, *, limit: int, weight: float = WORDS_WEIGHT
) -> Ranking:
    """Up to `limit` ids by the whole image and by words, without a look at clauses."""
    size = max(limit, POOL)
    words = store.match(text, limit=size)
    ids = pooled(store.nearest(vector, limit=size), words)
    cosines = np.einsum("ij,j->i", store.vectors(ids), vector, dtype=np.float64)
    found = fuse(ids, cosines.astype(np.float32), words, weight=weight)
    return Ranking(found.source, found.ids[:limit], found.scores[:limit])


def combined(
    cosines: NDArray[np.float32], words: NDArray[np.float32], *, weight: float = WORDS_WEIGHT
) -> NDArray[np.float32]:
    """(n,) scores from cosines and from shares of the best BM25 score."""
    return np.float32(1 - weight) * cosines + np.float32(weight) * words
