"""Moves what is asked for towards pictures that the user likes and away from others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from mirada.types import Matrix, Vector

LIKED: Final = 0.75
UNLIKED: Final = 0.25
"""Weights beside 1 for the words, after Rocchio (1971) as in Manning, Raghavan & Schütze,
Introduction to Information Retrieval, 2008, section 9.1."""


def moved(vector: Vector | None, liked: Matrix, unliked: Matrix) -> Vector | None:
    """(dim,) unit vector of the words plus the mean of what is liked less that of the rest.

    None where there are neither words nor pictures that are liked.

    Args:
        vector: (dim,) of the words.
        liked: (n, dim) of pictures.
        unliked: (m, dim) of pictures.
    """
    if not len(liked) and not len(unliked):
        return vector
    if vector is None and not len(liked):
        return None
    total = np.zeros(liked.shape[1], np.float32) if vector is None else vector.copy()
    if len(liked):
        total += LIKED * liked.mean(0)
    if len(unliked):
        total -= UNLIKED * unliked.mean(0)
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-12), np.float32)
