"""Parts of pictures, and pictures in a shape that every processor of the hub takes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from PIL import Image as Pillow

from mirada.types import WHOLE

if TYPE_CHECKING:
    from PIL.Image import Image

    from mirada.types import Box

GREY: Final = (127, 127, 127)  # what encoders take for the mean
SMALL: Final = 32  # pixels: a longer side below this is enlarged, for some patches are as large
THIN: Final = 8  # times longer than wide; Qwen-VL refuses 200, CLIP's crop would blow it up


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
    sized = image if size == image.size else image.resize(size, Pillow.Resampling.BICUBIC)
    least = math.ceil(max(size) / THIN)
    if min(size) >= least:
        return sized
    canvas = Pillow.new("RGB", (max(size[0], least), max(size[1], least)), GREY)
    canvas.paste(sized, ((canvas.width - size[0]) // 2, (canvas.height - size[1]) // 2))
    return canvas
