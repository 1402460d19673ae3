"""What kind of image a file holds, told by its first bytes, and its header within our limits."""

from __future__ import annotations

import re
import threading
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

from PIL.Image import DecompressionBombError

from mirada.errors import UnreadableImage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.ImageFile import ImageFile

MEGAPIXEL = 1_000_000

MAX_JPEG_PIXELS = 500 * MEGAPIXEL
"""Baseline JPEG is decoded row by row at a reduced scale: a panorama of 400 megapixels took 0.2 s
and 36 MB. The cap bounds the time."""

MAX_PIXELS = 250 * MEGAPIXEL
"""All else lies in memory whole. Measured at the peak, in GB for 250 megapixels: RGB 1.0, with
transparency 1.9, 16-bit grey 1.4, progressive JPEG 0.7 to 1.5. Pillow's own cap, 179 megapixels
for every format, refuses scans that people do have."""

MAX_SIDE = 200_000
"""Pixels. An image of few rows is not shrunk, and decoders take ever longer per pixel as rows grow:
16 rows of 8 million pixels, in a damaged WebP of one kilobyte, took half a minute."""

MAX_SCANS = 100
"""Scans of a progressive JPEG. Encoders write about ten; each costs a pass over the whole image,
so a small file with thousands would keep a core busy for hours."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format and the Pillow plug-in that reads it."""

    name: str  # as Pillow names it
    module: str
    plugin: str  # class in `module`


JPEG = Format("JPEG", "PIL.JpegImagePlugin", "JpegImageFile")  # of MPO the first picture
PNG = Format("PNG", "PIL.PngImagePlugin", "PngImageFile")
GIF = Format("GIF", "PIL.GifImagePlugin", "GifImageFile")
WEBP = Format("WEBP", "PIL.WebPImagePlugin", "WebPImageFile")
TIFF = Format("TIFF", "PIL.TiffImagePlugin", "TiffImageFile")
BMP = Format("BMP", "PIL.BmpImagePlugin", "BmpImageFile")
AVIF = Format("AVIF", "PIL.AvifImagePlugin", "AvifImageFile")
HEIF = Format("HEIF", "pi_heif", "HeifImageFile")
JPEG2000 = Format("JPEG2000", "PIL.Jpeg2KImagePlugin", "Jpeg2KImageFile")
PPM = Format("PPM", "PIL.PpmImagePlugin", "PpmImageFile")

_SIGNATURES: tuple[tuple[bytes, Format], ...] = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
    (b"II+\0", TIFF),
    (b"MM\0+", TIFF),
    (b"\0\0\0\x0cjP  \r\n\x87\n", JPEG2000),
    (b"\xff\x4f\xff\x51", JPEG2000),
    (b"BM", BMP),
)
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


def identify(data: bytes) -> Format | None:
    """The format that the first bytes announce, whatever the file is called."""
    for signature, format_ in _SIGNATURES:
        if data.startswith(signature):
            return format_
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WEBP
    if data[4:8] == b"ftyp":
        return _iso_format(data)
    if data[:1] == b"P" and data[1:2] in b"123456" and data[2:3].isspace():
        return PPM
    return None


def _iso_format(data: bytes) -> Format | None:
    """AVIF or HEIF, by the brands in the first box (ISO/IEC 23008-12)."""
    length = int.from_bytes(data[:4], "big")
    brands = {data[i : i + 4] for i in range(8, min(length, 256), 4)}
    if brands & {b"avif", b"avis"}:
        return AVIF
    return HEIF if brands & _HEIF_BRANDS else None


def open_header(data: bytes, format_: Format) -> ImageFile:
    """The image with its header read and its pixels not, if it keeps to our limits.

    Calls the plug-in itself and not `Image.open`, whose one limit for all formats could be
    lifted only for the whole process, and which would try every other plug-in as well.
    """
    plugin = getattr(import_module(format_.module), format_.plugin)
    image = cast("ImageFile", plugin(BytesIO(data)))
    baseline = format_ is JPEG and "progressive" not in image.info
    check_pixels(image.size, MAX_JPEG_PIXELS if baseline else MAX_PIXELS)
    if format_ is TIFF:
        check_tiles(image)
    if "progressive" in image.info and data.count(b"\xff\xda") > MAX_SCANS:
        raise UnreadableImage(f"more than {MAX_SCANS} scans in a progressive JPEG")
    return image


def check_pixels(size: tuple[int, int], limit: int) -> None:
    """Refuse more pixels than `limit`, and sides that no image has."""
    width, height = size
    if width * height > limit:
        raise UnreadableImage(
            f"{width} x {height} pixels is over the limit of {limit // MEGAPIXEL} megapixels"
        )
    if max(size) > MAX_SIDE:
        raise UnreadableImage(f"{width} x {height} pixels is over the limit of {MAX_SIDE} a side")


def check_tiles(image: ImageFile) -> None:
    """Refuse a TIFF whose strips or tiles don't cover it: Pillow would leave the rest black."""
    boxes = [tile.extents for tile in image.tile if tile.extents is not None]
    covered = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in boxes)
    if boxes and covered < image.size[0] * image.size[1]:
        raise UnreadableImage("truncated TIFF file")


def describe(error: Exception, format_: Format) -> str:
    """One line on why a decoder gave up, fit for people."""
    words = " ".join(str(error).split())
    if isinstance(error, DecompressionBombError):
        return "pixels over the limit of the decoder"
    if isinstance(error, MemoryError):
        return f"{format_.name} image needs more memory than there is"
    if any(sign in words.lower() for sign in ("truncated", "end of file", "end of data")):
        return f"truncated {format_.name} file"
    detail = "".join(c for c in words if c.isprintable())[:80] or type(error).__name__
    return f"damaged {format_.name} file ({detail})"


def is_cut_short(data: bytes, format_: Format) -> bool:
    """Whether the file ends before the length that its own structure announces.

    Asked only after a decoder has failed, to name the reason: WebP, TIFF, JPEG 2000, AVIF and
    HEIF decoders don't.
    """
    if format_ is WEBP:
        return int.from_bytes(data[4:8], "little") + 8 > len(data)
    if format_ in (AVIF, HEIF) or (format_ is JPEG2000 and data[:1] == b"\0"):
        return _last_box_end(data) > len(data)
    if format_ is JPEG2000:
        return not data.endswith(b"\xff\xd9")
    if format_ is TIFF and data[2:4] in (b"*\0", b"\0*"):
        order = "little" if data[:2] == b"II" else "big"
        return int.from_bytes(data[4:8], cast("Any", order)) >= len(data)
    return False


def _last_box_end(data: bytes) -> int:
    """Offset in bytes at which the last box of an ISO container should end."""
    start = 0
    while 0 <= start <= len(data) - 8:
        length = int.from_bytes(data[start : start + 4], "big")
        if length == 1:
            length = int.from_bytes(data[start + 8 : start + 16], "big")
        if length < 8:  # 0: up to the end of the file
            return len(data)
        start += length
    return start


_SILENCE: Any = ("ignore", None, Warning, re.compile(r"(PIL|pi_heif)(\.|$)"), 0)
_silence_lock = threading.Lock()
_silenced = 0  # threads inside `quiet`


@contextmanager
def quiet() -> Iterator[None]:
    """Keep decoders' warnings off stderr while any thread decodes.

    `warnings.catch_warnings` is not for threads: the last to leave restores what the first saved.
    Here one entry is put into the list of filters and taken out again.
    """
    global _silenced  # noqa: PLW0603 a count of threads
    with _silence_lock:
        _silenced += 1
        filters = cast("list[Any]", warnings.filters)
        if _SILENCE not in filters:
            filters.insert(0, _SILENCE)
    try:
        yield
    finally:
        with _silence_lock:
            _silenced -= 1
            filters = cast("list[Any]", warnings.filters)
            if _silenced == 0 and _SILENCE in filters:
                filters.remove(_SILENCE)
