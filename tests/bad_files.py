"""A folder of thirty files that promise images and hold none, and good ones oddly named."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PIL import ImageCms

from tests.photos import encode, exif_with, flat, gradient, noise, shape

if TYPE_CHECKING:
    from collections.abc import Iterator


class BadFolder(NamedTuple):
    """What lies in the folder."""

    good: list[Path]  # each of other bytes, so that each is an image of its own
    bad: dict[Path, str]  # path -> part of the reason that a run should give


def make_bad_folder(folder: Path) -> BadFolder:
    """Write the files.

    A superuser may read what nobody may read, and some platforms know no fifo: there the file
    in question is left out. So are good names that the file system refuses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    bad = {}
    for name, reason, data in _bad_contents():
        path = folder / name
        path.write_bytes(data)
        bad[path] = reason
    bad |= _bad_nodes(folder)
    (folder / "folder.jpg").mkdir()
    return BadFolder(list(_write_good(folder)), bad)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    width: int, height: int, rows: bytes, *, depth: int = 8, colour: int = 0, extra: bytes = b""
) -> bytes:
    """A PNG, grey if not told otherwise, with any size in its header, whatever `rows` holds."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + extra
        + png_chunk(b"IDAT", zlib.compress(rows, 9))
        + png_chunk(b"IEND", b"")
    )


def bmp_header(width: int, height: int) -> bytes:
    """A 24-bit BMP that announces a size and holds one row."""
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 300, 0, 0, 54) + info + bytes(300)


def tiff_header(width: int, height: int) -> bytes:
    """An 8-bit grey TIFF that announces a size and holds four pixels."""
    tags = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (278, height)]
    tags.append((279, 4))
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<I", 12) + bytes(4) + struct.pack("<H", len(tags)) + entries


def gif_header(width: int, height: int) -> bytes:
    """A GIF whose only frame announces a size and holds next to nothing."""
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, width, height, 0)
    return screen + frame + b"\x02\x02\x44\x01\x00;"


def text_bomb() -> bytes:
    """A PNG of one pixel whose compressed comment unpacks to 64 MB."""
    comment = b"comment\0\0" + zlib.compress(bytes(64 << 20), 9)
    return png(1, 1, b"\0\0", extra=png_chunk(b"zTXt", comment))


def with_broken_exif(jpeg: bytes) -> bytes:
    """The same JPEG with an EXIF segment that leads nowhere."""
    body = b"Exif\0\0II*\0\xff\xff\xff\x7f" + b"\xde\xad" * 9
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def many_scans() -> bytes:
    """A progressive JPEG whose scans are repeated, as in a denial of service."""
    data = encode(noise(), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * 500 + b"\xff\xd9"


def _bad_contents() -> Iterator[tuple[str, str, bytes]]:
    """Name, part of the reason, content."""
    jpeg = encode(noise(), "JPEG")
    png_file = encode(noise(), "PNG")
    webp = encode(noise(), "WEBP")
    yield "empty.jpg", "empty", b""
    yield "cut.jpg", "truncated", jpeg[: len(jpeg) // 2]
    yield "cut_progressive.jpg", "truncated", encode(noise(), "JPEG", progressive=True)[:-400]
    yield "cut_in_the_header.jpg", "truncated", jpeg[:40]
    yield "cut.png", "truncated", png_file[: len(png_file) // 2]
    yield "cut.webp", "truncated", webp[: len(webp) // 2]
    yield "cut.gif", "truncated", encode(noise(), "GIF")[:1500]
    yield "cut.tif", "truncated", encode(noise(), "TIFF")[:3000]
    yield "cut_lzw.tif", "truncated", encode(noise(), "TIFF", compression="tiff_lzw")[:3000]
    yield "cut.bmp", "truncated", encode(noise(), "BMP")[:3000]
    yield "cut.heic", "truncated", encode(noise(), "HEIF")[:-200]
    yield "cut.avif", "truncated", encode(noise(), "AVIF")[:-200]
    yield "text.jpg", "not an image", b"Dear diary, there is no picture here.\n"
    yield "archive.png", "not an image", b"PK\x03\x04\x14\0\0\0\x08\0" + bytes(200)
    yield "page.webp", "not an image", b"<!DOCTYPE html><html><body>404</body></html>"
    yield "document.tif", "not an image", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"
    yield "random.jpg", "not an image", bytes((i * 197 + 31) % 251 for i in range(5000))
    yield "only_a_marker.jpg", "JPEG", b"\xff\xd8\xff"
    yield "only_a_signature.png", "PNG", b"\x89PNG\r\n\x1a\n"
    yield "bomb.png", "over the limit", png(40_000, 40_000, bytes(40_001 * 100))
    yield "bomb.gif", "over the limit", gif_header(65_535, 65_535)
    yield "bomb.bmp", "over the limit", bmp_header(100_000, 100_000)
    yield "bomb.tif", "over the limit", tiff_header(100_000, 100_000)
    yield "text_bomb.png", "PNG", text_bomb()
    yield "many_scans.jpg", "scans", many_scans()
    yield "wrong_checksum.png", "PNG", png_file[:16] + b"\0\0\0\x09" + png_file[20:]
    yield "no_pixels.png", "PNG", png(0, 0, b"")
    yield "no_brand.heic", "not an image", b"\0\0\0\x14ftypnone\0\0\0\0none" + bytes(100)
    yield "zeros.jpg", "not an image", bytes(4096)


def _bad_nodes(folder: Path) -> dict[Path, str]:
    """What is not even a regular file."""
    bad = {}
    dangling = folder / "dangling.jpg"
    dangling.symlink_to(folder / "nowhere.jpg")
    bad[dangling] = "leads nowhere"
    if hasattr(os, "mkfifo"):
        fifo = folder / "fifo.jpg"
        os.mkfifo(fifo)
        bad[fifo] = "fifo"
    if hasattr(os, "geteuid") and os.geteuid() != 0:
        secret = folder / "secret.jpg"
        secret.write_bytes(encode(flat(), "JPEG"))
        secret.chmod(0)
        bad[secret] = "permission"
    return bad


def _write_good(folder: Path) -> Iterator[Path]:
    for name, data in _good_contents():
        path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
        try:
            path.write_bytes(data)
        except (OSError, UnicodeError):
            continue
        yield path


def _good_contents() -> Iterator[tuple[bytes, bytes]]:
    """Name, content."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    yield b"plain.jpg", encode(shape("disc"), "JPEG")
    yield b"UPPER.JPG", encode(shape("square"), "JPEG")
    yield b"two\nlines.jpg", encode(shape("triangle"), "JPEG")
    yield "sun \N{BLACK SUN WITH RAYS} \N{CAMERA}.png".encode(), encode(gradient((40, 30)))
    yield "ni\u00f1o, 'a' \"b\" & <c> %20 $x.jpg".encode(), encode(gradient((48, 32)), "JPEG")
    yield b"not utf-8 \xff\xfe.jpg", encode(gradient((32, 48)), "JPEG")
    yield b"-rf.jpg", encode(gradient((56, 32)), "JPEG")
    yield b"pixel.png", encode(flat(size=(1, 1)))
    yield b"really_a_png.jpg", encode(shape("disc", (0, 0, 255)))
    yield b"broken_exif.jpg", with_broken_exif(encode(shape("square", (0, 0, 255)), "JPEG"))
    yield b"broken_profile.jpg", encode(gradient((60, 20)), "JPEG", icc_profile=b"no profile" * 30)
    yield b"cut_profile.png", encode(gradient((20, 60)), icc_profile=srgb[:200])
    yield b"turned.jpg", encode(gradient((64, 32)), "JPEG", exif=exif_with(6))
    yield (
        b"one_frame_of_two.gif",
        encode(flat(), "GIF", save_all=True, append_images=[flat((0, 0, 255))]),
    )
