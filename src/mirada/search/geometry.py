"""Where boxes lie in an image and to one another, as degrees; pure maths over many at once.

Boxes are arrays (..., 4) of x0, y0, x1, y1 in fractions of an image, y growing downwards. All
degrees are in [0, 1] and continuous in the boxes. The formulas are in `positions`, `directions`
and `relations`, a function for each name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.search import directions, positions, relations
from mirada.search.relations import between

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

__all__ = ["POSITIONS", "RELATIONS", "between", "position", "relation"]

POSITIONS: Final[Mapping[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]]] = {
    "left": positions.left,
    "right": positions.right,
    "top": positions.top,
    "bottom": positions.bottom,
    "center": positions.center,
    "top-left": positions.top_left,
    "top-right": positions.top_right,
    "bottom-left": positions.bottom_left,
    "bottom-right": positions.bottom_right,
    "corner": positions.corner,
    "foreground": positions.foreground,
    "background": positions.background,
}
"""Those of `Phrase.pos`; each maps boxes (..., 4) to degrees (...)."""

RELATIONS: Final[
    Mapping[str, Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]]
] = {
    "left_of": directions.left_of,
    "right_of": directions.right_of,
    "above": directions.above,
    "below": directions.below,
    "on": relations.on,
    "inside": relations.inside,
    "in_on": relations.in_on,
    "next_to": relations.next_to,
    "touching": relations.touching,
    "behind": relations.behind,
    "in_front_of": relations.in_front_of,
    "far_from": relations.far_from,
    "outside": relations.outside,
}
"""Those of `Relation.rel` but for between; each maps boxes that broadcast to degrees."""


def position(name: str, boxes: NDArray[np.floating]) -> NDArray[np.float64]:
    """(...) degrees in [0, 1] to which boxes (..., 4) lie at a position of `POSITIONS`.

    Raises:
        KeyError: no such position.
    """
    return POSITIONS[name](np.asarray(boxes, np.float64))


def relation(name: str, a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """(..., n, m) degrees in [0, 1] to which each box of a (..., n, 4) lies so to each of b.

    Leading dimensions broadcast: (images, n, 4) and (images, m, 4) give (images, n, m).

    Args:
        name: one of `RELATIONS`.
        a: (..., n, 4).
        b: (..., m, 4).

    Raises:
        KeyError: no such relation; "between" needs three boxes and is a function of its own.
    """
    rows, columns = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return RELATIONS[name](rows[..., :, None, :], columns[..., None, :, :])
