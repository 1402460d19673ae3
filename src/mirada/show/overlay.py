"""The picture of a page, with its boxes as an SVG overlay."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from mirada.errors import UnreadableImage
from mirada.show.html import Html, element, join
from mirada.show.marks import badges, colour_of
from mirada.show.pictures import jpeg_of

if TYPE_CHECKING:
    from mirada.show.marks import Badge
    from mirada.types import Box, ImageRecord, Region

NAME_LEFT_FROM: Final = 0.6  # boxes that start right of this have their name left of the corner
BADGE: Final = (22, 20)  # CSS pixels


def figure(record: ImageRecord, key: str, size: int) -> Html:
    """The picture in a square of `size` pixels, embedded, under its boxes; `key` names its parts.

    The sides of the frame are those of the record, so that boxes fit whatever is decoded.
    """
    frame = element(
        "div",
        _picture(record, size),
        _marks(record, key),
        class_="frame",
        style=f"--w:{record.width};--h:{record.height}",
    )
    return element("figure", frame)


def _picture(record: ImageRecord, size: int) -> Html:
    try:
        data = base64.b64encode(jpeg_of(record, size)).decode("ascii")
    except UnreadableImage as error:
        return element("span", f"the picture cannot be shown: {error}", class_="lost")
    said = record.captions[0].text if record.captions else record.path.name
    return element("img", src=f"data:image/jpeg;base64,{data}", alt=said)


def _marks(record: ImageRecord, key: str) -> Html:
    """Shade first, then boxes from large to small: what is hovered is the smallest below."""
    places = badges([region.box for region in record.regions])
    boxes = (
        _region(region, badge, number, f"{key}-r{number + 1}")
        for number, (region, badge) in enumerate(zip(record.regions, places, strict=True))
    )
    lines = (
        element("g", _rect(line.box, "edge"), class_="written", data_part=f"{key}-t{number}")
        for number, line in enumerate(record.text_lines, 1)
    )
    return element("svg", _shade(key), *lines, *boxes, class_="marks", aria_hidden="true")


def _shade(key: str) -> Html:
    """What dims the rest of the picture while one box is looked at."""
    everything = element("rect", width="100%", height="100%", fill="#fff")
    hole = element("rect", class_="hole", fill="#000")
    mask = element("mask", everything, hole, id=f"{key}-rest")
    dark = element("rect", class_="shade", width="100%", height="100%", mask=f"url(#{key}-rest)")
    return join(mask, dark)


def _region(region: Region, badge: Badge, number: int, part: str) -> Html:
    left = badge.x > NAME_LEFT_FROM
    wide, tall = BADGE
    figure_ = join(
        element("rect", class_="plate", width=wide, height=tall, rx=5),
        element("text", str(number + 1), x=wide / 2, y=tall / 2 + 4.5, class_="figure"),
        element(
            "text",
            region.label,
            class_="name left" if left else "name",
            x=-6 if left else wide + 6,
            y=tall / 2 + 4.5,
        ),
    )
    moved = f"translate({-wide if badge.right else 0} {-tall if badge.low else 0})"
    label = element("svg", element("g", figure_, transform=moved), x=_at(badge.x), y=_at(badge.y))
    return element(
        "g",
        _rect(region.box, "halo"),
        _rect(region.box, "edge"),
        label,
        class_="box",
        data_part=part,
        style=f"--c:{colour_of(number)}",
    )


def _rect(box: Box, class_: str) -> Html:
    return element(
        "rect",
        class_=class_,
        x=_at(box.x0),
        y=_at(box.y0),
        width=_at(max(box.x1 - box.x0, 0)),
        height=_at(max(box.y1 - box.y0, 0)),
    )


def _at(share: float) -> str:
    return f"{100 * share:.2f}%"
