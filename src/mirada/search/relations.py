"""How far boxes (..., 4) are in, on, next to, behind ... others, in [0, 1]; all broadcast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mirada.search.extents import centres, covered, gap, height, log_area, rise, shared_side

if TYPE_CHECKING:
    from numpy.typing import NDArray


def inside(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degree to which a is inside b: share of a that b covers, times how much larger b is.

    The second is a logistic of ln(area b / area a), a half at .3, so that boxes over the same
    thing are not inside each other.
    """
    return covered(a, b) * rise(log_area(b) - log_area(a), 0.3, 0.4)


def outside(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degree to which a is outside b: 1 - inside."""
    return 1 - inside(a, b)


def on(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degree to which a rests on b: foot * overlap * max(higher, .75 * lying within).

    foot: that the lower edge of a is within the height of b, a logistic at both ends. overlap:
    shared width over the smaller width. higher: logistic of the step between the centres over the
    heights. lying within: covered by a much larger surface, as what stands on a field. Support is
    told by foot points as in Silberman et al. (ECCV 2012), in the plane of the image.
    """
    foot = (a[..., 3] - b[..., 1]) / np.maximum(height(b), 1e-9)
    supported = rise(foot, -0.08, 0.05) * rise(-foot, -1.08, 0.05)
    step = (b[..., 1] + b[..., 3] - a[..., 1] - a[..., 3]) / 2
    higher = rise(step / (0.12 * (height(a) + height(b)) + 0.01), 0.0, 1.0)
    within = covered(a, b) * rise(log_area(b) - log_area(a), 0.5, 0.4)
    return supported * shared_side(a, b, 0) * np.maximum(higher, 0.75 * within)


def in_on(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degree to which a is inside or on b, as Spanish "en" says: the larger of both."""
    return np.maximum(inside(a, b), on(a, b))


def next_to(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degree to which a and b are neighbours: exp(-gap) * apart * (1 + shared height) / 2.

    gap is in units of their size. apart is 1 less the mean share of each that the other covers:
    what contains is no neighbour. Shared height, over the smaller, makes side by side count for
    more than one over the other. Symmetric.
    """
    apart = 1 - (covered(a, b) + covered(b, a)) / 2
    return np.exp(-gap(a, b)) * apart * (0.5 + 0.5 * shared_side(a, b, 1))


def touching(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degree to which a and b touch or overlap: exp(-gap / .15), gap in units of their size."""
    return np.exp(-gap(a, b) / 0.15)


def far_from(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degree to which a and b are far apart: 1 - exp(-gap / 2), gap in units of their size."""
    return 1 - np.exp(-gap(a, b) / 2)


def in_front_of(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degree to which a is nearer to the camera than b: nearness * logistic(lower foot, larger).

    The logistic takes (foot of a - foot of b) / .06 + ln(area a / area b) / 4; nearness falls
    from 1 to a half with the gap. Cues of depth as in `foreground`, weak ones.
    """
    return _nearness(a, b) * rise(_closer(a, b), 0.0, 1.0)


def behind(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degree to which a is further from the camera than b, which is that of b in front of a."""
    return in_front_of(b, a)


def between(
    a: NDArray[np.floating], b: NDArray[np.floating], c: NDArray[np.floating]
) -> NDArray[np.float64]:
    """(..., n, m, k) degrees in [0, 1] to which each box of a lies between each of b and of c.

    The centre of a is projected on the line from the centre of b to that of c: along it a
    logistic at a tenth from both ends, across it exp(-2 (distance / length)^2). The simplest of
    the readings that Bloch, Colliot & Cesar (2006) compare. Symmetric in b and c.

    Args:
        a: (..., n, 4).
        b: (..., m, 4).
        c: (..., k, 4).
    """
    start, end = centres(b)[..., None, :, None, :], centres(c)[..., None, None, :, :]
    line = end - start
    off = centres(a)[..., :, None, None, :] - (start + end) / 2  # from the middle of both
    length = np.maximum((line**2).sum(-1), 1e-6)
    along = (off * line).sum(-1) / length
    across = ((off - along[..., None] * line) ** 2).sum(-1) / length
    ends = rise(along, -0.4, 0.06) * rise(-along, -0.4, 0.06)
    return np.asarray(ends * np.exp(-2 * across))


def _nearness(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return 0.5 + 0.5 * np.exp(-gap(a, b))


def _closer(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log odds that a is nearer to the camera than b; the sign turns when they are swapped."""
    return (a[..., 3] - b[..., 3]) / 0.06 + 0.25 * (log_area(a) - log_area(b))
