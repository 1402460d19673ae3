"""Measures of rankings in which some images were not judged: those are left out of the ranking.

Condensed lists, after Sakai (SIGIR 2007). Of equal scores the relevant image comes last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

RELEVANT, WRONG, UNJUDGED = 1, 0, -1


def hits_in_order(scores: NDArray[np.floating], grades: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Which of the judged images are relevant, by falling score.

    Args:
        scores: (images,).
        grades: (images,) RELEVANT, WRONG or UNJUDGED.
    """
    judged = grades != UNJUDGED
    relevant = grades[judged] == RELEVANT
    return np.asarray(relevant[np.lexsort((relevant, -scores[judged]))])


def first_hit(hits: NDArray[np.bool_]) -> int:
    """Rank, from 1, of the first relevant image; one past the end where there is none."""
    return int(hits.argmax()) + 1 if hits.any() else len(hits) + 1


def ndcg(hits: NDArray[np.bool_], cut: int) -> float:
    """The nDCG of the first `cut` images, in [0, 1]; 0 without relevant ones.

    Järvelin & Kekäläinen (2002), with gains of 0 and 1.
    """
    discounts = 1 / np.log2(np.arange(2, cut + 2))
    best = discounts[: int(hits.sum())].sum()
    return float(discounts[: len(hits)][hits[:cut]].sum() / best) if best else 0.0
