"""Pixels for models that others trained, by Pillow and numpy alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

LONGEST = 8  # times its width that a strip is long, at most


def without_ends(image: Image) -> Image:
    """The middle of a very long strip: of it a model that cuts out the centre sees still less.

    Brought to the height of a model, a strip of 2 x 10,000 pixels would take a gigabyte.
    """
    width, height = image.size
    most = LONGEST * min(width, height)
    if max(width, height) <= most:
        return image
    left, top = (width - min(width, most)) // 2, (height - min(height, most)) // 2
    return image.crop((left, top, left + min(width, most), top + min(height, most)))
