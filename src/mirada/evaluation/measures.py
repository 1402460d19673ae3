"""Measures of retrieval; every query counts, and of equal scores the relevant one comes last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mirada.types import Matrix

CHUNK = 512  # queries scored at a time: 2,000 against 100,000 vectors would take 0.8 GB


@dataclass(frozen=True, slots=True)
class Recall:
    """How early the first relevant answer of each query came."""

    queries: int
    at: dict[int, float]  # cut-off -> share of queries answered within it
    median_rank: float  # from 1


def first_ranks(
    queries: Matrix, gallery: Matrix, relevant: Sequence[Sequence[int]]
) -> NDArray[np.int64]:
    """(n,) rank, from 1, of the first relevant vector for each query by falling dot product.

    A relevant vector that ties with others is ranked behind them, so that a model which scores
    all alike gains nothing. A query without relevant vectors ranks behind the whole gallery.

    Args:
        queries: (n, dim).
        gallery: (m, dim).
        relevant: for each query, rows of the gallery.
    """
    ranks = np.full(len(queries), len(gallery) + 1, dtype=np.int64)
    for start in range(0, len(queries), CHUNK):
        scores = queries[start : start + CHUNK] @ gallery.T
        for row, own in enumerate(relevant[start : start + CHUNK]):
            if len(own):
                best = scores[row, list(own)].max()
                tied = np.count_nonzero(scores[row, list(own)] == best)
                ahead = np.count_nonzero(scores[row] >= best) - tied
                ranks[start + row] = ahead + 1
    return ranks


def recall(ranks: NDArray[np.int64], cuts: Sequence[int] = (1, 5, 10)) -> Recall:
    """Summary of the ranks that `first_ranks` gives."""
    if not len(ranks):
        return Recall(0, dict.fromkeys(cuts, 0.0), float("nan"))
    return Recall(
        len(ranks),
        {cut: float(np.mean(ranks <= cut)) for cut in cuts},
        float(np.median(ranks)),
    )
