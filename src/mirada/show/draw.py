"""Boxes and their numbers drawn onto a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PIL import ImageDraw, ImageFont

from mirada.show.marks import INK, badges, colour_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from mirada.show.marks import Badge
    from mirada.types import Box

LINE: Final = 1 / 220  # width of a line, as a share of the longer side
TEXT: Final = 1 / 28  # height of a figure, likewise


def draw_boxes(image: Image, boxes: Sequence[Box]) -> Image:
    """A copy of an RGB picture with each box in its colour, numbered from 1.

    Larger boxes should come first, so that smaller ones lie on top.
    """
    drawn = image.copy()
    pen = ImageDraw.Draw(drawn)
    long = max(image.size)
    line, size = max(2, round(long * LINE)), max(10, round(long * TEXT))
    font = ImageFont.load_default(size)
    places = badges(boxes, width=1.3 * size / image.width, height=1.3 * size / image.height)
    for number, box in enumerate(boxes):
        _outline(pen, _pixels(box, image.size), colour_of(number), line)
    for number, badge in enumerate(places):
        _number(pen, badge, image.size, number, font, size)
    return drawn


def _outline(
    pen: ImageDraw.ImageDraw, corners: tuple[float, float, float, float], colour: str, line: int
) -> None:
    x0, y0, x1, y1 = corners
    halo = max(1, line // 2)
    pen.rectangle((x0, y0, x1, y1), outline=INK, width=line + 2 * halo)
    inner = (x0 + halo, y0 + halo, max(x1 - halo, x0 + halo), max(y1 - halo, y0 + halo))
    pen.rectangle(inner, outline=colour, width=line)


def _number(
    pen: ImageDraw.ImageDraw,
    badge: Badge,
    size: tuple[int, int],
    number: int,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    height: int,
) -> None:
    text = str(number + 1)
    wide, tall = pen.textlength(text, font) + 0.6 * height, 1.3 * height
    x = badge.x * size[0] - (wide if badge.right else 0)
    y = badge.y * size[1] - (tall if badge.low else 0)
    pen.rounded_rectangle((x, y, x + wide, y + tall), height / 4, fill=colour_of(number))
    pen.text((x + wide / 2, y + tall / 2), text, INK, font, anchor="mm")


def _pixels(box: Box, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Corners inside the picture, the lower right never before the upper left."""
    x0, y0 = box.x0 * size[0], box.y0 * size[1]
    return x0, y0, max(box.x1 * size[0] - 1, x0), max(box.y1 * size[1] - 1, y0)
