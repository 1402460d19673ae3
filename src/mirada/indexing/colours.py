"""From any of Pillow's pixel modes to 8-bit sRGB on a white ground."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageCms

if TYPE_CHECKING:
    from numpy.typing import NDArray

GROUND = (255, 255, 255)
"""What shines through transparent pixels: white, as on most web pages that such images are for."""

_RANGES = (1.0, 255.0, 65535.0)
"""Usual ranges of float and 32-bit grey images, which don't say which they use."""


def to_srgb(image: Image.Image, *, reserve: int) -> Image.Image:
    """A new RGB image in sRGB; shrunk, if large, to a shorter side of `reserve` pixels or more.

    Shrinks early, so that the costly steps see few pixels. Embedded profiles that are broken or
    don't fit the pixels are ignored.
    """
    icc = image.info.get("icc_profile")
    image = _shrink(_expand(image), reserve)
    if image.mode in ("I", "F"):
        image = grey_of(np.asarray(image, dtype=np.float32))
    if image.mode == "RGBA":
        image = _on_ground(image)
    return _managed(image, icc if isinstance(icc, bytes) else None)


def grey_of(values: NDArray[np.float32]) -> Image.Image:
    """8-bit grey from values of an unknown range.

    The range is the first of [0, 1], [0, 255] and [0, 65535] that holds all values; failing
    that, from the least to the greatest. Values that are not numbers become black.
    """
    finite = np.isfinite(values)
    low = float(np.min(values, where=finite, initial=np.inf))
    high = float(np.max(values, where=finite, initial=-np.inf))
    usual = (top for top in _RANGES if low >= 0 and high <= top)
    bottom, top = next(((0.0, top) for top in usual), (low, high))
    with np.errstate(invalid="ignore"):
        scaled = np.subtract(values, bottom, dtype=np.float64)
    scaled[~finite] = 0
    scaled *= 255 / ((top - bottom) or 1.0)
    return Image.fromarray(scaled.round().astype(np.uint8))


def _expand(image: Image.Image) -> Image.Image:
    """To a mode that can be averaged: no palettes, no 16-bit grey, one kind of transparency."""
    if image.mode.startswith("I;16"):
        high_bytes = np.asarray(image) >> 8  # Pillow's own conversion saturates
        return Image.fromarray(high_bytes.astype(np.uint8))
    if image.mode in ("I", "F"):
        return image
    if image.has_transparency_data:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in ("L", "CMYK", "LAB") else _plain_rgb(image)


def _plain_rgb(image: Image.Image) -> Image.Image:
    return image if image.mode == "RGB" else image.convert("RGB")


def _shrink(image: Image.Image, reserve: int) -> Image.Image:
    """Average whole blocks of pixels, as scaled JPEG decoding does.

    Where the sides are no multiples of the block, `resize` sees to it that nothing shifts:
    `reduce` alone costs 20 dB there.
    """
    factor = min(image.size) // reserve
    if factor < 2:
        return image
    size = (image.width // factor, image.height // factor)
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=1.0)


def _on_ground(image: Image.Image) -> Image.Image:
    ground = Image.new("RGB", image.size, GROUND)
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _managed(image: Image.Image, icc: bytes | None) -> Image.Image:
    transform = _transform(icc, image.mode) if icc or image.mode == "LAB" else None
    if transform is not None:
        return transform.apply(image)
    return image.convert("RGB")


@lru_cache(maxsize=16)  # a camera writes the same profile into all its files
def _transform(icc: bytes | None, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From a profile (of CIE Lab when there is none) to sRGB; None where no change is needed.

    Threads may share it: LittleCMS keeps what it remembers of the last pixel on each call's stack.
    """
    srgb = ImageCms.createProfile("sRGB")
    try:
        if icc is None or mode == "LAB":
            return ImageCms.ImageCmsTransform(
                ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")),
                ImageCms.ImageCmsProfile(srgb),
                mode,
                "RGB",
            )
        profile = ImageCms.ImageCmsProfile(BytesIO(icc))
        name = ImageCms.getProfileDescription(profile)
        if mode == "RGB" and name.startswith("sRGB"):
            return None
        return ImageCms.ImageCmsTransform(profile, ImageCms.ImageCmsProfile(srgb), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
