"""An image of a dataset: where its bytes lie, and what was written about it and marked in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirada.errors import DatasetError, UnreadableImage
from mirada.indexing.images import open_image

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from mirada.types import Box


@dataclass(frozen=True, slots=True)
class ImageBytes:
    """Where the bytes of one image lie: a file, or a span of an uncompressed tar."""

    path: Path
    offset: int = 0
    length: int | None = None  # None: to the end

    def read(self) -> bytes:
        """The encoded image."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset)
                return file.read(-1 if self.length is None else self.length)
        except OSError as error:
            raise DatasetError(f"{self.path}: {error.strerror}: restore the image") from error


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """Where a thing is in an image, as a person marked it."""

    label: str  # a class or the head noun of a phrase
    box: Box


@dataclass(frozen=True, slots=True)
class CaptionedImage:
    """One image of a dataset with what people or machines wrote about it."""

    name: str  # unique in the dataset
    source: ImageBytes
    captions: tuple[str, ...]  # at least one
    dataset: str
    split: str
    boxes: tuple[LabelledBox, ...] = ()  # of things in it; the same box may have several labels
    kind: str = ""  # who wrote the captions: "human", "machine"; "" where the dataset does not say

    def open(self, size: int) -> Image:
        """The RGB image, decoded for a model whose input side is `size` pixels.

        Raises:
            DatasetError: it is missing or cannot be decoded.
        """
        try:
            return open_image(self.source.read(), size)
        except UnreadableImage as error:
            raise DatasetError(f"{self.name} in {self.source.path}: {error}") from error
