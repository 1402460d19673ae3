"""How far one box lies left of, right of, above or below another, seen over all their points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLEST: Final = 2e-3
"""Side to which smaller boxes are widened: below it the sixteen terms cancel to noise."""

_SIGNS: Final = (1, -1, -1, 1)  # of the corners of a trapezoid
_NOTHING: Final = 1e-30  # in place of 0, and of steps that lead the other way


class _Powers(NamedTuple):
    """A step along one axis."""

    value: NDArray[np.float64]
    square: NDArray[np.float64]
    fourth: NDArray[np.float64]
    log: NDArray[np.float64]  # of the square


def left_of(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """Degree in [0, 1] to which a lies left of b: mean squared cosine over all pairs of points.

    The mean of max(dx, 0)^2 / (dx^2 + dy^2) over a point of a and one of b, where dx and dy lead
    from the first to the second. The four directions of a pair add up to 1. Fuzzy histogram of
    angles, after Miyajima & Ralescu (1994); the integral over the boxes is taken exactly.

    Args:
        a: (..., 4), in one unit for both axes if angles are to be those of the eye.
        b: (..., 4), which broadcasts with a.
    """
    return _mean_square_cosine(a, b, axis=0)


def right_of(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """Degree in [0, 1] to which a lies right of b, which is that of b left of a."""
    return _mean_square_cosine(b, a, axis=0)


def above(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """Degree in [0, 1] to which a lies above b: `left_of` with the axes exchanged."""
    return _mean_square_cosine(a, b, axis=1)


def below(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """Degree in [0, 1] to which a lies below b, which is that of b above a."""
    return _mean_square_cosine(b, a, axis=1)


def _mean_square_cosine(
    a: NDArray[np.floating], b: NDArray[np.floating], *, axis: int
) -> NDArray[np.float64]:
    """Mean of max(u, 0)^2 / (u^2 + v^2) for steps from a to b with u along the axis.

    The difference of two uniform variables has a trapezoid for its density, whose second
    derivative is an impulse at each corner. Integrating by parts twice along each axis leaves the
    fourfold integral of the integrand at the 4 x 4 corners.
    """
    along, wide = _corners(a, b, axis)
    across, high = _corners(a, b, 1 - axis)
    rows = [_powers(np.maximum(u, _NOTHING)) for u in along]
    columns = [_powers(np.maximum(np.abs(v), _NOTHING)) for v in across]
    total: NDArray[np.float64] = np.zeros(np.broadcast_shapes(wide.shape, high.shape))
    for sign, u in zip(_SIGNS, rows, strict=True):
        for other, v in zip(_SIGNS, columns, strict=True):
            total += (sign * other) * _integral(u, v)
    return np.clip(total / (24 * wide * high), 0.0, 1.0)


def _corners(
    a: NDArray[np.floating], b: NDArray[np.floating], axis: int
) -> tuple[list[NDArray[np.float64]], NDArray[np.float64]]:
    """Where the trapezoid of b - a has its corners along an axis; product of both widths."""
    (a0, a1), (b0, b1) = _side(a, axis), _side(b, axis)
    return [b0 - a1, b0 - a0, b1 - a1, b1 - a0], (a1 - a0) * (b1 - b0)


def _side(box: NDArray[np.floating], axis: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    low, high = box[..., axis].astype(np.float64), box[..., axis + 2].astype(np.float64)
    more = np.maximum(SMALLEST - (high - low), 0) / 2
    return low - more, high + more


def _powers(value: NDArray[np.float64]) -> _Powers:
    square = value * value
    return _Powers(value, square, square * square, np.log(square))


def _integral(u: _Powers, v: _Powers) -> NDArray[np.float64]:
    """24 times u^2 / (u^2 + v^2) integrated twice along u and twice along v, for u, v > 0.

    Up to terms that the signs cancel:
    4 u^3 v atan(v/u) - 4 u v^3 atan(u/v) + 3 u^2 v^2 + v^4 ln(1 + u^2/v^2) - u^4 ln(1 + v^2/u^2)
    """
    product = u.value * v.value
    angle = np.arctan(v.value / u.value)
    log = np.log(u.square + v.square)
    turned = 4 * (u.square * angle - v.square * (np.pi / 2 - angle)) + 3 * product
    return np.asarray(product * turned + v.fourth * (log - v.log) - u.fourth * (log - u.log))
