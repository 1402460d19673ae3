"""Pictures that are much longer than wide, which models fail at: three ways out.

Which one is right depends on what a model does: one that cuts out the middle sees nothing of the
ends, one that tells places as fractions may look at a stretched picture, and one that writes must
see things in their shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PIL import Image as Pillow

if TYPE_CHECKING:
    from PIL.Image import Image

THIN: Final = 8
"""Times longer than wide, at most: Qwen-VL refuses 200, CLIP's crop would blow such a picture up,
and a DINO fails where it sees fewer cells than it has queries."""
GREY: Final = (127, 127, 127)  # what encoders take for the mean


def without_ends(image: Image) -> Image:
    """The middle of a thin picture: of it a model that cuts out the centre sees still less.

    Brought to the height of a model, a strip of 2 x 10,000 pixels would take a gigabyte.
    """
    width, height = image.size
    most = THIN * min(width, height)
    if max(width, height) <= most:
        return image
    left, top = (width - min(width, most)) // 2, (height - min(height, most)) // 2
    return image.crop((left, top, left + min(width, most), top + min(height, most)))


def stretched(image: Image) -> Image:
    """An RGB picture of which a thin one is widened: fractions of its sides stay what they were.

    The image given is left as it is.
    """
    size = _thick(image.size)
    rgb = image.convert("RGB")
    return rgb if size == image.size else rgb.resize(size, Pillow.Resampling.BILINEAR)


def on_grey(image: Image) -> Image:
    """A picture with its shapes, a thin one in the middle of grey."""
    size = _thick(image.size)
    if size == image.size:
        return image
    canvas = Pillow.new("RGB", size, GREY)
    canvas.paste(image, ((size[0] - image.width) // 2, (size[1] - image.height) // 2))
    return canvas


def _thick(size: tuple[int, int]) -> tuple[int, int]:
    least = -(-max(size) // THIN)
    return max(size[0], least), max(size[1], least)
