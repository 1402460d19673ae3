"""Lengths, areas and gaps of boxes (..., 4), for `positions` and `relations`; all broadcast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TINY: Final = 1e-9


def rise(value: NDArray[np.float64], half: float, width: float) -> NDArray[np.float64]:
    """Logistic that is a half at `half`; in (0, 1)."""
    return np.asarray(1 / (1 + np.exp(-np.clip((value - half) / width, -30, 30))))


def width(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Extent from left to right; 0 for a box that is turned inside out."""
    return np.maximum(boxes[..., 2] - boxes[..., 0], 0)


def height(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Extent from top to bottom; 0 for a box that is turned inside out."""
    return np.maximum(boxes[..., 3] - boxes[..., 1], 0)


def area(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the image, never quite 0."""
    return np.maximum(width(boxes) * height(boxes), _TINY)


def side(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Side of the square of the same area."""
    return np.sqrt(area(boxes))


def log_area(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Natural logarithm of the area."""
    return np.log(area(boxes))


def centres(boxes: NDArray[np.floating]) -> NDArray[np.float64]:
    """(..., 2) middle of each box."""
    rows = np.asarray(boxes, np.float64)
    return np.asarray((rows[..., :2] + rows[..., 2:]) / 2)


def shared(a: NDArray[np.float64], b: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Length that both span along an axis."""
    low = np.maximum(a[..., axis], b[..., axis])
    return np.asarray(np.maximum(np.minimum(a[..., axis + 2], b[..., axis + 2]) - low, 0))


def shared_side(a: NDArray[np.float64], b: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Length that both span along an axis over the smaller of the two."""
    own, other = (one[..., axis + 2] - one[..., axis] for one in (a, b))
    return np.asarray(
        np.minimum(shared(a, b, axis) / np.maximum(np.minimum(own, other), _TINY), 1.0)
    )


def covered(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of a that b covers."""
    return np.minimum(shared(a, b, 0) * shared(a, b, 1) / area(a), 1.0)


def gap(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of the nearest points over the geometric mean of both sizes."""
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])
    apart = np.maximum(low - high, 0)
    size = np.sqrt(side(a) * side(b))
    return np.asarray(np.hypot(apart[..., 0], apart[..., 1]) / np.maximum(size, 0.02))
