"""Flickr8k and Flickr30k: captions.txt or results.csv with a header, or a token file."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Final

from mirada.errors import DatasetError
from mirada.evaluation.images import CaptionedImage
from mirada.evaluation.loaders.fields import Pictures, clean_captions
from mirada.indexing.scan import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KINDS: Final = ("*.txt", "*.csv", "*.token")
IMAGE: Final = ("image", "image_name")  # columns
CAPTION: Final = ("caption", "comment")
TOKEN: Final = re.compile(r"(?P<name>\S.*)#\d+\t(?P<caption>.*)")  # "1000.jpg#0<TAB>A child ..."
LEMMAS: Final = ".lemma."  # Flickr8k's captions again, each word in its base form
SPLITS: Final = "*_8k.{}Images.txt"  # lists of names


def load(folder: Path) -> list[CaptionedImage] | None:
    """The images of the first file of captions in the folder or in a folder in it."""
    for path in _candidates(folder):
        if LEMMAS not in path.name and (told := _read(path)) is not None:
            return _images(path, folder, told)
    return None


def _candidates(folder: Path) -> Iterator[Path]:
    for depth in ("", "*/"):
        for kind in KINDS:
            yield from (one for one in sorted(folder.glob(depth + kind)) if one.is_file())


def _read(path: Path) -> list[tuple[str, str, str]] | None:
    """(where, image, caption) of each line; None where the first line is of no such file."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            if TOKEN.match(first):
                return list(_tokens(path, file))
            mark = "|" if "|" in first else ","
            header = [column.strip().lower() for column in first.split(mark)]
            image, caption = _column(header, IMAGE), _column(header, CAPTION)
            if image is None or caption is None:
                return None
            return list(_table(path, file, mark, (image, caption, len(header))))
    except UnicodeDecodeError:
        return None  # some other file: these are in UTF-8


def _column(header: list[str], names: tuple[str, ...]) -> int | None:
    return next((place for place, name in enumerate(header) if name in names), None)


def _tokens(path: Path, lines: Iterator[str]) -> Iterator[tuple[str, str, str]]:
    for number, line in enumerate(lines, 1):
        where = f"{path}, line {number}"
        if not line.strip():
            continue
        found = TOKEN.match(line)
        if found is None:
            raise DatasetError(f"{where}: expected `image#number<TAB>caption`")
        yield where, found["name"], found["caption"]


def _table(
    path: Path, lines: Iterator[str], mark: str, shape: tuple[int, int, int]
) -> Iterator[tuple[str, str, str]]:
    image, caption, columns = shape
    quote = None if mark == "|" else '"'  # Flickr30k's table has quotes that mean nothing
    rows = csv.reader(lines, delimiter=mark, quotechar=quote)
    next(rows)
    for row in rows:
        where = f"{path}, line {rows.line_num}"
        if not row:
            continue
        if len(row) < columns:
            raise DatasetError(f"{where}: expected {columns} columns split by {mark!r}")
        # a caption may hold commas that nobody quoted: it is the last column
        text = mark.join(row[caption:]) if caption == columns - 1 else row[caption]
        yield where, row[image].strip(), text


def _images(path: Path, folder: Path, told: list[tuple[str, str, str]]) -> list[CaptionedImage]:
    """Captions gathered by image; names that are none of an image are left out.

    Flickr8k's token file has captions of such a name, "2258277193_586949ec62.jpg.1".
    """
    captions: dict[str, list[str]] = {}
    first: dict[str, str] = {}
    for where, name, caption in told:
        if f".{name.rpartition('.')[2].lower()}" in SUFFIXES:
            captions.setdefault(name, []).append(caption)
            first.setdefault(name, where)
    if not captions:
        raise DatasetError(f"{path} has no captions: it needs lines `image,caption`")
    pictures, splits = Pictures(folder), _splits(path.parent)
    return [
        CaptionedImage(
            name,
            pictures.find(name, first[name]),
            clean_captions(texts, first[name]),
            folder.resolve().name,
            splits.get(name, ""),
            kind="human",
        )
        for name, texts in captions.items()
    ]


def _splits(folder: Path) -> dict[str, str]:
    """Image -> train, dev or test, as lists beside the captions say."""
    found: dict[str, str] = {}
    for split in ("train", "dev", "test"):
        for path in folder.glob(SPLITS.format(split)):
            found.update(dict.fromkeys(path.read_text("utf-8").split(), split))
    return found
