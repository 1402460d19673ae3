"""The pixels behind a record: of the first of its files that can still be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from mirada.errors import UnreadableImage
from mirada.indexing.images import open_image, thumbnail_jpeg

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PIL.Image import Image

    from mirada.types import ImageRecord

Read = TypeVar("Read")


def pixels_of(record: ImageRecord, size: int) -> Image:
    """The upright RGB picture, fitted into a square of `size` pixels.

    Raises:
        UnreadableImage: none of its files can be read; the reason is that of the first.
    """
    pixels = _first(record, lambda path: open_image(path, size))
    pixels.thumbnail((size, size))
    return pixels


def jpeg_of(record: ImageRecord, size: int) -> bytes:
    """A JPEG file without metadata of what `pixels_of` gives; raises UnreadableImage as it."""
    return _first(record, lambda path: thumbnail_jpeg(path, size))


def _first(record: ImageRecord, read: Callable[[Path], Read]) -> Read:
    reasons = []
    for file in record.files:
        try:
            return read(file.path)
        except UnreadableImage as error:
            reasons.append(error)
    raise reasons[0]
