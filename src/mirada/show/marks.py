"""Colours and numbers for boxes on a picture, alike on pages and in the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.types import Box

COLOURS: Final = (
    "#ffd60a",
    "#4cc9ff",
    "#ff7eb6",
    "#7ee787",
    "#ff9f43",
    "#c4a7ff",
    "#3ee6c8",
    "#ff7b6b",
    "#d9f25c",
    "#a8d1ff",
)  # light enough for dark figures on them, and to stand out of a picture inside a dark halo
INK: Final = "#16161a"  # of the figures, and of the halo

SWATCHES: Final = {
    "black": "#111111",
    "white": "#ffffff",
    "grey": "#8c8c8c",
    "gray": "#8c8c8c",
    "silver": "#c4c7ca",
    "red": "#d4322c",
    "maroon": "#7a1f2b",
    "orange": "#ee8022",
    "brown": "#80512f",
    "tan": "#cfae85",
    "beige": "#e8dcc0",
    "cream": "#f7f0d8",
    "gold": "#d4a72c",
    "yellow": "#f4d62e",
    "olive": "#7d7d2b",
    "green": "#3c9a46",
    "teal": "#147f7f",
    "turquoise": "#3ccfc4",
    "cyan": "#35c9e0",
    "blue": "#2f66d0",
    "navy": "#1b2a5c",
    "purple": "#7c3f9e",
    "violet": "#8e5bd0",
    "lavender": "#c3b5e8",
    "magenta": "#cf2f9a",
    "pink": "#f39ab8",
    "skin": "#e2b08e",
}
SHADES: Final = {"light": (255, 0.5), "pale": (255, 0.65), "dark": (0, 0.5), "deep": (0, 0.35)}
"""First word of a name -> grey that is mixed in, and its share."""


@dataclass(frozen=True, slots=True)
class Badge:
    """Where the number of a box stands: with one of its own corners on a corner of the box."""

    x: float  # of that corner, in fractions of the picture's width
    y: float
    right: bool  # it is a right corner of the badge, which lies to its left
    low: bool  # it is a lower corner of the badge, which lies above it


def colour_of(number: int) -> str:
    """The colour of the box with that number, from 0; neighbours differ."""
    return COLOURS[number % len(COLOURS)]


def badges(boxes: Sequence[Box], *, width: float = 0.036, height: float = 0.036) -> list[Badge]:
    """A place for each box's number where it hides no other number, as far as there is one.

    `width` and `height` are those of a badge, in fractions of the picture's.
    """
    taken: list[tuple[float, float]] = []
    placed = []
    for box in boxes:
        places = [badge for badge in _places(box) if _inside(badge, width, height)]
        best = max(
            places or [Badge(box.x0, box.y0, right=False, low=False)],
            key=lambda badge: min(1.0, _room(badge, taken, width, height)),
        )
        taken.append(_centre(best, width, height))
        placed.append(best)
    return placed


def swatch(name: str) -> str | None:
    """A colour for a colour's name, such as "#2f66d0" for "blue"; None for an unknown one."""
    first, _, rest = name.rpartition(" ")
    if name in SWATCHES:
        return SWATCHES[name]
    if rest not in SWATCHES:
        return None
    grey, share = SHADES.get(first, (0, 0.0))
    channels = (int(SWATCHES[rest][at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(c + share * (grey - c)):02x}" for c in channels)


def _places(box: Box) -> list[Badge]:
    """Its corners from inside, then from outside, the best first."""
    return [
        Badge(box.x0, box.y0, right=False, low=False),
        Badge(box.x1, box.y0, right=True, low=False),
        Badge(box.x1, box.y1, right=True, low=True),
        Badge(box.x0, box.y1, right=False, low=True),
        Badge(box.x0, box.y0, right=False, low=True),
        Badge(box.x0, box.y0, right=True, low=False),
        Badge(box.x1, box.y0, right=False, low=False),
        Badge(box.x0, box.y1, right=False, low=False),
        Badge(box.x1, box.y1, right=False, low=True),
    ]


def _inside(badge: Badge, width: float, height: float) -> bool:
    """Whether all of it lies in the picture."""
    x, y = _centre(badge, width, height)
    slack = 1e-9  # of sums of fractions
    return (
        width / 2 - slack <= x <= 1 - width / 2 + slack
        and height / 2 - slack <= y <= 1 - height / 2 + slack
    )


def _room(badge: Badge, taken: list[tuple[float, float]], width: float, height: float) -> float:
    """Distance to the nearest badge, in badges: below 1 they touch."""
    x, y = _centre(badge, width, height)
    gaps = (max(abs(x - tx) / width, abs(y - ty) / height) for tx, ty in taken)
    return min(gaps, default=1.0)


def _centre(badge: Badge, width: float, height: float) -> tuple[float, float]:
    return (
        badge.x + (-width if badge.right else width) / 2,
        badge.y + (-height if badge.low else height) / 2,
    )
