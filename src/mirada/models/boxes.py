"""Geometry of boxes, over many at once; rows are (x0, y0, x1, y1) in fractions of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mirada.types import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def corners(boxes: Sequence[Box]) -> NDArray[np.float64]:
    """(n, 4) rows of the boxes, in order; (0, 4) for none."""
    rows = [(box.x0, box.y0, box.x1, box.y1) for box in boxes]
    return np.array(rows, np.float64).reshape(-1, 4)


def box_of(row: NDArray[np.floating]) -> Box:
    """The box of one row."""
    x0, y0, x1, y1 = map(float, row)
    return Box(x0, y0, x1, y1)


def areas(rows: NDArray[np.floating]) -> NDArray[np.floating]:
    """(n,) shares of the image; 0 for a box that is turned inside out."""
    sides = np.maximum(rows[..., 2:] - rows[..., :2], 0)
    return np.asarray(sides[..., 0] * sides[..., 1])


def iou(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.floating]:
    """(n, m) shared area of each box of a and each of b over the area of both together.

    In [0, 1]; 0 where both are empty.
    """
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = np.maximum(high - low, 0)
    shared = sides[..., 0] * sides[..., 1]
    both = areas(a)[:, None] + areas(b)[None, :] - shared
    return np.asarray(np.where(both > 0, shared / np.where(both > 0, both, 1), 0))


def apart(
    rows: NDArray[np.floating], scores: NDArray[np.floating], *, overlap: float, limit: int
) -> list[int]:
    """Indices of the best boxes of which none overlaps a better one too much, best first.

    Greedy non-maximum suppression; of equal scores the earlier row is the better.

    Args:
        rows: (n, 4).
        scores: (n,).
        overlap: the largest IoU allowed with a better box that was kept.
        limit: how many to keep at most.
    """
    order = np.argsort(-scores, kind="stable")
    too_near = iou(rows[order], rows[order]) > overlap
    alive = np.ones(len(order), bool)
    kept: list[int] = []
    for place, row in enumerate(order):
        if len(kept) == limit:
            break
        if alive[place]:
            kept.append(int(row))
            alive &= ~too_near[place]
    return kept
