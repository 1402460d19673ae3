"""How far boxes (..., 4) lie at the left, the top, in the middle ... of their image, in [0, 1]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.search.extents import area, rise, side

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEAR_SIDE, FAR_SIDE = 0.35, 0.65
"""Up to the first a point is wholly on the left (top), from the second on not at all."""

SMALL_AREA: Final = 0.35
"""Share of the image from which a box fills more than a corner."""


def left(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degree to which boxes are on the left: mean membership of their points.

    A point's membership falls in a line from 1 at NEAR_SIDE to 0 at FAR_SIDE, as a trapezoid of
    Zadeh (1965) at the edge of the image. Left and right add up to 1.
    """
    return _mean_fall(boxes[..., 0], boxes[..., 2], NEAR_SIDE, FAR_SIDE)


def right(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degree to which boxes are on the right: 1 - left."""
    return 1 - left(boxes)


def top(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degree to which boxes are at the top: as left, along the other axis."""
    return _mean_fall(boxes[..., 1], boxes[..., 3], NEAR_SIDE, FAR_SIDE)


def bottom(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degree to which boxes are at the bottom: 1 - top."""
    return 1 - top(boxes)


def center(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degree to which boxes are in the middle: mean membership of their points.

    A point's membership is the product over both axes of a trapezoid: 0 up to .2, 1 from .4 to
    .6, 0 from .8 on.
    """
    return _mean_middle(boxes[..., 0], boxes[..., 2]) * _mean_middle(boxes[..., 1], boxes[..., 3])


def top_left(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degree to which boxes are in the top left corner: sqrt(top * left * small).

    small falls from 1 to 0 around SMALL_AREA: what fills the image is in no corner.
    """
    return np.sqrt(top(boxes) * left(boxes) * _small(boxes))


def top_right(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degree to which boxes are in the top right corner: sqrt(top * right * small)."""
    return np.sqrt(top(boxes) * right(boxes) * _small(boxes))


def bottom_left(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degree to which boxes are in the bottom left corner: sqrt(bottom * left * small)."""
    return np.sqrt(bottom(boxes) * left(boxes) * _small(boxes))


def bottom_right(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degree to which boxes are in the bottom right corner: sqrt(bottom * right * small)."""
    return np.sqrt(bottom(boxes) * right(boxes) * _small(boxes))


def corner(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degree to which boxes are in some corner: the largest of the four."""
    corners = (top_left(boxes), top_right(boxes), bottom_left(boxes), bottom_right(boxes))
    return np.asarray(np.maximum.reduce(corners))


def foreground(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degree to which boxes are near to the camera: low foot and large, each a logistic.

    Height in the visual field and size are cues of depth (Cutting & Vishton 1995); one picture
    holds no better ones without a depth model.
    """
    return rise(boxes[..., 3], 0.72, 0.08) * rise(side(boxes), 0.25, 0.08)


def background(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degree to which boxes are far from the camera: high foot, or half as sure small size."""
    high = rise(-boxes[..., 3], -0.62, 0.10)
    return np.maximum(high, 0.5 * rise(-side(boxes), -0.12, 0.04))


def _mean_fall(
    low: NDArray[np.float64], high: NDArray[np.float64], start: float, end: float
) -> NDArray[np.float64]:
    """Mean over [low, high] of a line that falls from 1 at `start` to 0 at `end`."""
    span = np.maximum(high - low, 1e-6)
    low = (low + high - span) / 2
    mean = (_area_below(low + span, start, end) - _area_below(low, start, end)) / span
    return np.clip(mean, 0.0, 1.0)


def _area_below(value: NDArray[np.float64], start: float, end: float) -> NDArray[np.float64]:
    """Integral of the falling line up to a value."""
    ramp = np.clip(value, start, end) - start
    return np.minimum(value, start) + ramp - ramp**2 / (2 * (end - start))


def _mean_middle(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over [low, high] of a trapezoid with corners .2, .4, .6, .8."""
    mean = _mean_fall(low, high, 0.6, 0.8) - _mean_fall(low, high, 0.2, 0.4)
    return np.clip(mean, 0.0, 1.0)


def _small(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return rise(-area(boxes), -SMALL_AREA, 0.08)
