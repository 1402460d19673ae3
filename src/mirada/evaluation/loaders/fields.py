"""What the loaders have in common: captions without stray white space, and files that exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirada.errors import DatasetError
from mirada.evaluation.images import ImageBytes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def clean_captions(captions: Sequence[str], where: str) -> tuple[str, ...]:
    """The captions that say something; raises DatasetError where none does."""
    clean = tuple(text for text in (" ".join(caption.split()) for caption in captions) if text)
    if not clean:
        raise DatasetError(f"{where}: has no caption: remove the row or write one")
    return clean


class Pictures:
    """Finds the files of images in a folder, in the folders in it and in those below `images`."""

    def __init__(self, folder: Path) -> None:
        below = _folders(folder)
        deep = [inner for one in below if one.name.lower() == "images" for inner in _folders(one)]
        self._folder, self._places = folder, [folder, *below, *deep]

    def find(self, name: str, where: str) -> ImageBytes:
        """The image of that name; raises DatasetError naming `where` it is listed."""
        for number, place in enumerate(self._places):
            if (place / name).is_file():
                if number:  # most likely that of the next image too
                    self._places.insert(0, self._places.pop(number))
                return ImageBytes(place / name)
        raise DatasetError(f"{where}: no file {name} in {self._folder} nor in the folders below it")


def _folders(folder: Path) -> list[Path]:
    return sorted(one for one in folder.iterdir() if one.is_dir() and one.name[:1] != ".")
