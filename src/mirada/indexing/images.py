"""One file's bytes to an upright RGB image, decoded no larger than a model needs."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from PIL.Image import Transpose

from mirada.errors import UnreadableImage
from mirada.indexing.colours import to_srgb
from mirada.indexing.formats import (
    JPEG,
    MAX_PIXELS,
    Format,
    check_pixels,
    describe,
    identify,
    is_cut_short,
    open_header,
    quiet,
)
from mirada.indexing.scan import MAX_FILE_BYTES, check_length, read_file

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

Source: TypeAlias = Path | bytes | BinaryIO

RESERVE = 2
"""Decode at least this many times larger than asked: scaled JPEG decoding at twice the target,
then bicubic, is within 53.5 dB of decoding in full; at the target itself, 44 dB."""

THUMBNAIL_QUALITY = 80  # 22 KiB and half a millisecond at 384 pixels; WebP takes ten times longer

_ORIENTATION = 0x0112  # EXIF 2.3, table 4
_UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """An image ready for a model, with what its file says of itself."""

    pixels: Image  # RGB, sRGB, upright; may be smaller than the file's
    width: int  # pixels of the whole image, after orientation
    height: int
    format: str  # JPEG, PNG, WEBP ... as Pillow names it


def open_image(source: Source, size: int) -> Image:
    """The pixels of `decode_image`."""
    return decode_image(source, size).pixels


def decode_image(source: Source, size: int) -> DecodedImage:
    """Decode for a model that will resize to a side of `size` pixels.

    The result keeps its aspect ratio and is never enlarged; a large image comes shrunk, with its
    shorter side still at least `size`. Of several frames or pages, the first counts.

    Raises:
        UnreadableImage: with a short reason, whatever the bytes are.
    """
    if size < 1:
        raise ValueError(f"size is a side in pixels, at least 1, and not {size}")
    data = _read(source)
    if not data:
        raise UnreadableImage("empty file")
    format_ = identify(data)
    if format_ is None:
        raise UnreadableImage("not an image in a known format")
    with quiet():
        try:
            return _decode(data, format_, size)
        except UnreadableImage:
            raise
        except Exception as error:  # hostile bytes draw any type of error out of the decoders
            if is_cut_short(data, format_):
                raise UnreadableImage(f"truncated {format_.name} file") from error
            raise UnreadableImage(describe(error, format_)) from error


def thumbnail_jpeg(source: Source, size: int = 384) -> bytes:
    """A JPEG file, without metadata, of the image fitted into a square of `size` pixels."""
    pixels = open_image(source, size)
    pixels.thumbnail((size, size))
    buffer = BytesIO()
    pixels.save(buffer, "JPEG", quality=THUMBNAIL_QUALITY)
    return buffer.getvalue()


def _read(source: Source) -> bytes:
    if isinstance(source, bytes):
        return source
    if isinstance(source, Path):
        return read_file(source)
    data = source.read(MAX_FILE_BYTES + 1)
    check_length(len(data))
    return data


def _decode(data: bytes, format_: Format, size: int) -> DecodedImage:
    image = open_header(data, format_)
    full_size = image.size
    if format_ is JPEG:
        image.draft(image.mode, (RESERVE * size, RESERVE * size))
    image.load()
    if format_ is not JPEG:
        full_size = image.size  # HEIF and TIFF turn the image while loading
        check_pixels(full_size, MAX_PIXELS)
    turn = _UPRIGHT.get(_orientation(image))
    pixels = to_srgb(image, reserve=RESERVE * size)
    if turn is not None:
        pixels = pixels.transpose(turn)
    width, height = full_size if turn is None or turn in _SAME_SHAPE else full_size[::-1]
    pixels.info = {}  # profile, comments and EXIF no longer describe these pixels
    return DecodedImage(pixels, width, height, format_.name)


_SAME_SHAPE = (Transpose.FLIP_LEFT_RIGHT, Transpose.ROTATE_180, Transpose.FLIP_TOP_BOTTOM)


def _orientation(image: ImageFile) -> int:
    """The EXIF orientation, 1 to 8; 1, upright, where metadata is missing or broken."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # as above; pixels without metadata are still an image
        return 1
    return value if isinstance(value, int) else 1
