"""The images that may answer a query, from several sources: what comes before ranking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.search.fuse import POOL, WORDS_WEIGHT, combined, fuse, pooled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray

    from mirada.protocols import Store
    from mirada.types import Matrix, ParsedQuery, Ranking, Vector

OF_PARTS: Final = 50  # images that each phrase brings by its best region
UNGUIDED: Final = 2_000  # images looked at where a query says only what must not be there


@dataclass(frozen=True, slots=True)
class Candidates:
    """Images in the running, the best by their whole first."""

    ids: tuple[str, ...]
    scores: NDArray[np.float32]  # (n,) fused from vector and words; 0 where nothing was asked
    words: NDArray[np.float32]  # (n,) share of the best BM25 score, in [0, 1]
    vectors: Matrix  # (n, dim) of the whole images

    def first(self, count: int) -> Candidates:
        """The best of them."""
        return Candidates(
            self.ids[:count], self.scores[:count], self.words[:count], self.vectors[:count]
        )


def recall(
    query: ParsedQuery,
    vector: Vector | None,
    phrases: Matrix,
    store: Store,
    *,
    limit: int,
    among: AbstractSet[str] | None,
    weight: float = WORDS_WEIGHT,
) -> Candidates:
    """Those found by the vector of the whole, by words, and by the best region for each phrase.

    Args:
        query: what is asked.
        vector: (dim,) of its text; None where it says nothing of the whole.
        phrases: (n, dim) vectors of its phrases.
        store: to look in.
        limit: images that are wanted at least, where there are so many.
        among: the only ids that may be found; None for all.
        weight: share of the score that words have.
    """
    if vector is None:
        return _unguided(store, max(limit, UNGUIDED), among)
    size = max(limit, POOL)
    words = store.match(query.full_text, limit=size, among=among)
    found = [store.nearest(vector, limit=size, among=among), words]
    if len(phrases) and (len(phrases) > 1 or any(one.pos for one in query.phrases)):
        found += store.nearest_parts(phrases, limit=max(limit, OF_PARTS), among=among)
    ids = pooled(*found)
    vectors = store.vectors(ids)
    # summed in float64, as the store does: equal vectors must not differ by rounding
    cosines = np.einsum("ij,j->i", vectors, vector, dtype=np.float64).astype(np.float32)
    fused = fuse(ids, cosines, words, weight=weight)
    rows = {one: row for row, one in enumerate(ids)}
    order = [rows[one] for one in fused.ids]
    return Candidates(fused.ids, fused.scores, _shares(fused.ids, words), vectors[order])


def given(
    query: ParsedQuery,
    vector: Vector | None,
    store: Store,
    ids: Sequence[str],
    *,
    weight: float = WORDS_WEIGHT,
) -> Candidates:
    """These images and no others, in order, scored as `recall` does."""
    vectors = store.vectors(ids)
    if vector is None or not len(ids):
        nothing = np.zeros(len(ids), np.float32)
        return Candidates(tuple(ids), nothing, nothing, vectors)
    words = store.match(query.full_text, limit=len(ids), among=frozenset(ids))
    cosines = np.einsum("ij,j->i", vectors, vector, dtype=np.float64).astype(np.float32)
    shares = _shares(tuple(ids), words)
    return Candidates(tuple(ids), combined(cosines, shares, weight=weight), shares, vectors)


def _unguided(store: Store, limit: int, among: AbstractSet[str] | None) -> Candidates:
    ids = tuple(sorted(store.ids() if among is None else among)[:limit])
    nothing = np.zeros(len(ids), np.float32)
    return Candidates(ids, nothing, nothing, store.vectors(ids))


def _shares(ids: tuple[str, ...], words: Ranking) -> NDArray[np.float32]:
    best = float(words.scores[0]) if len(words.scores) else 1.0
    known = dict(zip(words.ids, words.scores / best, strict=True))
    return np.array([known.get(one, 0.0) for one in ids], np.float32)
