"""One record as an article of a page: the picture with its boxes, and all that is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirada.paths import readable
from mirada.show.html import Html, element
from mirada.show.known import known_of
from mirada.show.overlay import figure
from mirada.show.said import said_of

if TYPE_CHECKING:
    from mirada.types import ImageRecord


@dataclass(frozen=True, slots=True)
class Place:
    """Where an article stands on its page."""

    number: int  # from 1
    total: int

    @property
    def key(self) -> str:
        """What its parts' names begin with."""
        return f"p{self.number}"


def article(record: ImageRecord, place: Place, *, encoder: str, size: int) -> Html:
    """The article; its picture is fitted into a square of `size` pixels."""
    key = place.key
    looking = element("div", figure(record, key, size), said_of(record, key), class_="looking")
    known = known_of(record, encoder, key)
    return element("article", _header(record, place), looking, known, class_="photo", id=key)


def _header(record: ImageRecord, place: Place) -> Html:
    path = record.path
    link = element("a", readable(path.name), href=path.absolute().as_uri())
    folder = element("p", readable(path.parent), class_="folder")
    return element(
        "header", element("h2", link), folder, _steps(place) if place.total > 1 else None
    )


def _steps(place: Place) -> Html:
    def step(number: int, sign: str, name: str) -> Html:
        inside = 1 <= number <= place.total
        return element("a", sign, href=f"#p{number}" if inside else None, aria_label=name)

    return element(
        "nav",
        step(place.number - 1, "‹", "previous"),
        element("span", f"{place.number} of {place.total}"),
        step(place.number + 1, "›", "next"),
    )
