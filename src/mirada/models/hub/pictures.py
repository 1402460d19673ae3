"""Parts of pictures, and pictures in a shape that every processor of the hub takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PIL.Image import Resampling

from mirada.models.thin import on_grey
from mirada.types import WHOLE

if TYPE_CHECKING:
    from PIL.Image import Image

    from mirada.types import Box

SMALL: Final = 32  # pixels: a longer side below this is enlarged, for some patches are as large


def part_of(image: Image, box: Box) -> Image:
    """The part of an image in a box, to the nearest pixel, at least one pixel a side."""
    if box == WHOLE:
        return image
    left = min(round(box.x0 * image.width), image.width - 1)
    top = min(round(box.y0 * image.height), image.height - 1)
    right = max(round(box.x1 * image.width), left + 1)
    bottom = max(round(box.y1 * image.height), top + 1)
    return image.crop((left, top, right, bottom))


def fit(image: Image, side: int) -> Image:
    """An RGB image whose longer side has from 32 to `side` pixels, at most eight times the other.

    A thinner one gets grey beside it. The image given is left as it is.
    """
    longest = max(image.size)
    scale = min(side / longest, max(SMALL / longest, 1.0))
    size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
    return on_grey(image if size == image.size else image.resize(size, Resampling.BICUBIC))
