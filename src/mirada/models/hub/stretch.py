"""Pictures without extremes, for models that give places back as fractions of the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PIL.Image import Resampling

if TYPE_CHECKING:
    from PIL.Image import Image

THIN: Final = 8
"""Times longer than wide, at most: a DINO fails where it sees fewer cells than it has queries."""


def stretched(image: Image) -> Image:
    """An RGB image at most eight times longer than wide; a thinner one is widened.

    Fractions of its sides stay what they were. The image given is left as it is.
    """
    least = -(-max(image.size) // THIN)
    size = (max(image.width, least), max(image.height, least))
    rgb = image.convert("RGB")
    return rgb if size == image.size else rgb.resize(size, Resampling.BILINEAR)
