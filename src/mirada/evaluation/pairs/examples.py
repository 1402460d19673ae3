"""What such benchmarks ask, and the rows that their files hold."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mirada.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """One picture, its caption, and another that is wrong of it."""

    key: str  # unique in the benchmark
    group: str  # what makes the negative wrong, such as "swap_att"
    pictures: tuple[str, ...]  # names of files without suffix; more than one are seen side by side
    caption: str
    negative: str

    @property
    def owner(self) -> str:
        """What makes it depend on others: they are drawn together by a bootstrap."""
        return self.pictures[0]


@dataclass(frozen=True, slots=True)
class Statement:
    """Something said of one picture or of several side by side, true or false."""

    key: str  # unique in the benchmark
    group: str  # such as the relation that it tells of
    pictures: tuple[str, ...]  # names of files without suffix, from left to right
    text: str
    label: bool
    owner: str  # what makes it depend on others: they are drawn together by a bootstrap


@dataclass(frozen=True, slots=True)
class Format:
    """How one benchmark publishes its examples: one object a line, or all in one JSON document."""

    name: str
    keys: frozenset[str]  # that every row has; a file whose first row has them is of this format
    read: Callable[[Row, str, Path], Choice | Statement]
    """Row, its key in the file and the file -> what it asks; KeyError or ValueError when wrong."""


def read_rows(path: Path) -> list[tuple[str, Row]]:
    """(key, row) of every object in the file: by line, or the members of one JSON document.

    Raises:
        DatasetError: naming the file and the line that is wrong.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read ({error}): give a UTF-8 JSON file") from error
    members = _members(text)
    return _lines(path, text) if members is None else _objects(path, members)


def truth(value: object) -> bool:
    """A label as benchmarks write it: true, "True", "true", 1, and the like.

    Raises:
        ValueError: for anything else.
    """
    known = {"true": True, "1": True, "false": False, "0": False}
    try:
        return known[str(value).lower()]
    except KeyError:
        raise ValueError(f"a label is true or false, not {value!r}") from None


def text_of(row: Row, name: str) -> str:
    """A text of the row with its spaces put in order.

    Raises:
        ValueError: it is empty or no text.
    """
    value = row[name]
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name!r} must be a text")
    return " ".join(value.split())


def _members(text: str) -> Sequence[tuple[str, object]] | None:
    """Of a document that holds all examples; None where each line is one of its own."""
    try:
        whole = json.loads(text)
    except ValueError:
        return None
    if isinstance(whole, list):
        return [(str(place), one) for place, one in enumerate(whole)]
    if isinstance(whole, dict) and whole and all(isinstance(one, dict) for one in whole.values()):
        return list(whole.items())
    return None


def _lines(path: Path, text: str) -> list[tuple[str, Row]]:
    found: list[tuple[str, object]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                found.append((str(number), json.loads(line)))
            except ValueError as error:
                raise DatasetError(f"{path}, line {number}: not JSON: {error}") from error
    return _objects(path, found)


def _objects(path: Path, found: Sequence[tuple[str, object]]) -> list[tuple[str, Row]]:
    rows = []
    for key, row in found:
        if not isinstance(row, dict):
            raise DatasetError(f"{path}, example {key}: expected an object, such as {{...}}")
        rows.append((key, row))
    return rows
