"""Pieces that several parts of an article are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirada.show import words
from mirada.show.html import Html, element
from mirada.show.marks import swatch

if TYPE_CHECKING:
    from mirada.types import ImageRecord


def section(title: str, *children: str | None, by: str | None = None) -> Html:
    """A part under its heading, with the name of the model that said so."""
    small = element("small", by, title="said by") if by else None
    return element("section", element("h3", title, small), *children)


def nothing(record: ImageRecord, role: str) -> Html | None:
    """Why a part is empty although its role has looked; None where it has not."""
    why = words.nothing_found(record, role)
    return element("p", f"{why[:1].upper()}{why[1:]}.", class_="nothing") if why else None


def paint(colour: str, share: float = 1) -> Html:
    """A spot of a named colour, as wide as its share where the spots form a strip."""
    shade = swatch(colour) or "transparent"
    return element("i", style=f"--s:{shade};--share:{share:.3f}")
