"""Batches of pictures that are easily taken for one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mirada.types import Matrix


def neighbour_order(vectors: Matrix, group: int, random: np.random.Generator) -> NDArray[np.int64]:
    """(n,) every row once, in runs of `group` rows that are the most alike of those left.

    Each run begins with a row drawn at random; the runs come in the order of the draw.

    Args:
        vectors: (n, dim) unit rows of the pictures.
        group: rows a run.
        random: of the draws.
    """
    left = np.ones(len(vectors), bool)
    order: list[int] = []
    for first in random.permutation(len(vectors)):
        if not left[first]:
            continue
        alike = vectors @ vectors[first]
        alike[first] = np.inf
        alike[~left] = -np.inf
        run = np.argsort(-alike, kind="stable")[: min(group, int(left.sum()))]
        left[run] = False
        order += run.tolist()
    return np.array(order, np.int64)
