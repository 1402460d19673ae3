"""Finds the EXIF, XMP and IPTC blocks in a file's bytes; the first step of reading metadata."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from PIL.Image import Exif
    from PIL.ImageFile import ImageFile

PNG_START = b"\x89PNG\r\n\x1a\n"
XMP_TAG = 700  # of TIFF (XMP specification, part 3, 1.1.4)
XMP_KEYWORD = b"XML:com.adobe.xmp"
EXIF_PREFIX = b"Exif\0\0"
MAX_PACKET = (
    16 * 1024 * 1024
)  # bytes of XMP; the largest known, with edit histories, are below 2 MiB


@dataclass(frozen=True, slots=True)
class Packets:
    """The blocks of metadata that one file holds."""

    exif: Exif | None = None
    xmp: bytes | None = None
    iptc: Mapping[tuple[int, int], Any] = field(default_factory=dict)


def unpack(raw: bytes) -> Packets:
    """What can be found in the bytes of a file of any kind; empty where nothing can be read.

    Pillow's warnings on damaged blocks are its caller's to silence.
    """
    for start, reader in _READERS:
        if raw.startswith(start, 4 if start == b"ftyp" else 0):
            with suppress(Exception):  # hostile bytes draw any type of error out of the parsers
                return reader(raw)
    return Packets(xmp=find_xmp(raw))


def find_xmp(raw: bytes) -> bytes | None:
    """The first XMP packet that lies uncompressed in the bytes (XMP specification, part 3, 1.1)."""
    start = raw.find(b"<x:xmpmeta")
    if start < 0:
        return None
    end = raw.find(b"</x:xmpmeta>", start)
    return raw[start : end + len(b"</x:xmpmeta>")][:MAX_PACKET] if end > 0 else None


def _jpeg(raw: bytes) -> Packets:
    from PIL.JpegImagePlugin import JpegImageFile  # noqa: PLC0415 one decoder a format

    return _of_image(JpegImageFile(BytesIO(raw)))


def _tiff(raw: bytes) -> Packets:
    from PIL.TiffImagePlugin import TiffImageFile  # noqa: PLC0415 one decoder a format

    image = TiffImageFile(BytesIO(raw))
    xmp = image.tag_v2.get(XMP_TAG)
    return Packets(image.getexif(), _bytes(xmp), _iptc(image))


def _iso(raw: bytes) -> Packets:
    """HEIF and AVIF."""
    if raw[8:12] in (b"avif", b"avis"):
        from PIL.AvifImagePlugin import AvifImageFile  # noqa: PLC0415 one decoder a format

        return _of_image(AvifImageFile(BytesIO(raw)))
    from pi_heif import HeifImageFile  # noqa: PLC0415 one decoder a format

    return _of_image(HeifImageFile(BytesIO(raw)))


def _png(raw: bytes) -> Packets:
    exif = xmp = None
    for kind, chunk in _png_chunks(raw):
        if kind == b"eXIf":
            exif = chunk
        elif kind == b"iTXt" and chunk.startswith(XMP_KEYWORD + b"\0"):
            xmp = _text_of_itxt(chunk[len(XMP_KEYWORD) + 1 :])
    return Packets(_load(exif), xmp)


def _webp(raw: bytes) -> Packets:
    if raw[8:12] != b"WEBP":
        return Packets()
    blocks = dict(_riff_chunks(raw))
    return Packets(_load(blocks.get(b"EXIF")), blocks.get(b"XMP "))


def _of_image(image: ImageFile) -> Packets:
    info = image.info
    return Packets(_load(_bytes(info.get("exif"))), _bytes(info.get("xmp")), _iptc(image))


def _iptc(image: ImageFile) -> Mapping[tuple[int, int], Any]:
    if "photoshop" not in image.info and image.format != "TIFF":
        return {}
    from PIL.IptcImagePlugin import getiptcinfo  # noqa: PLC0415 few files have any

    with suppress(Exception):  # as above
        return getiptcinfo(image) or {}
    return {}


def _load(block: bytes | None) -> Exif | None:
    if not block:
        return None
    from PIL.Image import Exif  # noqa: PLC0415 searches read no files

    exif = Exif()
    with suppress(Exception):  # as above; what was read before the damage stays
        exif.load(block if block.startswith(EXIF_PREFIX) else EXIF_PREFIX + block)
    return exif


def _png_chunks(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each chunk; unlike Pillow, also of those behind the pixels."""
    at = len(PNG_START)
    while at + 12 <= len(raw):
        length = int.from_bytes(raw[at : at + 4], "big")
        yield raw[at + 4 : at + 8], raw[at + 8 : at + 8 + length]
        at += 12 + length


def _text_of_itxt(content: bytes) -> bytes | None:
    """The text after compression flag, method, language and translated keyword (PNG, 11.3.4.5)."""
    compressed = content[:1] == b"\1"
    text = content[2:].split(b"\0", 2)[2]
    if not compressed:
        return text
    import zlib  # noqa: PLC0415 few packets are compressed

    return zlib.decompressobj().decompress(text, MAX_PACKET)


def _riff_chunks(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(raw):
        length = int.from_bytes(raw[at + 4 : at + 8], "little")
        yield raw[at : at + 4], raw[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _bytes(value: object) -> bytes | None:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return value if isinstance(value, bytes) and len(value) <= MAX_PACKET else None


_READERS: tuple[tuple[bytes, Callable[[bytes], Packets]], ...] = (
    (b"\xff\xd8\xff", _jpeg),
    (PNG_START, _png),
    (b"RIFF", _webp),
    (b"ftyp", _iso),
    (b"II", _tiff),
    (b"MM", _tiff),
)
