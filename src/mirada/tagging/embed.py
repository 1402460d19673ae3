"""Packets into photos, by ExifTool: everything else in the file stays as it is."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mirada.errors import UnreadableImage
from mirada.indexing.images import decode_image
from mirada.metadata.packets import unpack
from mirada.tagging.packet import PARTS, Untaggable

if TYPE_CHECKING:
    from mirada.tagging.exiftool import ExifTool

COMPARED = 1024  # pixels: the side at which the pictures before and after are compared
_ERROR = re.compile(r"^Error: (.*?)(?: - .*)?$", re.MULTILINE)


class Embedder:
    """Puts packets into the bytes of photos."""

    def __init__(self, tool: ExifTool) -> None:
        self._tool = tool

    def embed(self, raw: bytes, packet: bytes, *, suffix: str) -> bytes:
        """The bytes of the photo with the packet in the place of its own.

        Raises:
            Untaggable: the format cannot hold XMP, or its pixels would not be the same.
        """
        # never the photo's own name: ExifTool reads some characters as commands
        suffix = suffix if suffix[1:].isalnum() and suffix.isascii() else ""
        with tempfile.TemporaryDirectory(prefix="mirada-") as folder:
            before, after, words = (Path(folder, name) for name in ("before", "after", "xmp"))
            before, after = before.with_suffix(suffix), after.with_suffix(suffix)
            before.write_bytes(raw)
            words.write_bytes(packet)
            said = self._tool.run([f"-xmp<={words}", "-o", str(after), str(before)])
            if not after.is_file():
                why = found[1] if (found := _ERROR.search(said)) else "no reason given"
                raise Untaggable(f"ExifTool cannot embed tags here ({why}): write a sidecar")
            new = after.read_bytes()
        _check(raw, new)
        return new


def check_embeddable(packet: bytes | None) -> None:
    """Refuse a photo whose XMP goes on in other parts, which replacing the first would orphan.

    Raises:
        Untaggable: it has such parts.
    """
    if packet and PARTS.encode() in packet:
        raise Untaggable("its XMP lies in several parts: write a sidecar, without --embed")


def _check(raw: bytes, new: bytes) -> None:
    """The packet must be in, and the picture must be the same."""
    if unpack(new).xmp is None:
        raise Untaggable("this format cannot hold tags: write a sidecar, without --embed")
    try:
        same = _pixels(raw) == _pixels(new)
    except UnreadableImage as error:
        raise Untaggable(f"cannot be compared before and after: {error}") from error
    if not same:
        raise Untaggable("its pixels would have changed: left as it is")


def _pixels(raw: bytes) -> tuple[tuple[int, int], bytes]:
    image = decode_image(raw, COMPARED)
    return (image.width, image.height), image.pixels.tobytes()
