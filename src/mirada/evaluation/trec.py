"""Judgements and rankings in the formats of TREC, which other evaluation tools read and write.

Qrels have lines `query 0 image grade`, runs `query Q0 image rank score name`, split by white space;
files may be compressed by gzip. White space and `%` inside ids are written as in addresses
(`a photo.jpg` is `a%20photo.jpg`) and read back so.
"""

from __future__ import annotations

import gzip
import os
import re
import zlib
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, unquote

from mirada.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

Number = TypeVar("Number", int, float)

GZIP = b"\x1f\x8b"  # how such files begin
_ODD = re.compile(r"[\s%\ud800-\udfff]")  # surrogates: bytes of file names that are no text


@dataclass(frozen=True, slots=True)
class Qrels:
    """What was judged: a query may have no judgement, and most images have none."""

    grades: Mapping[str, Mapping[str, int]]  # query -> image -> grade; relevant from 1

    def relevant(self, query: str) -> frozenset[str]:
        """The images that answer a query."""
        return frozenset(one for one, grade in self.grades.get(query, {}).items() if grade > 0)


@dataclass(frozen=True, slots=True)
class Run:
    """What one system found; the order is that of falling scores."""

    name: str
    scores: Mapping[str, Mapping[str, float]]  # query -> image -> score

    def ranking(self, query: str) -> list[str]:
        """What was found for a query, best first, of equal scores by id."""
        own = self.scores.get(query, {})
        return sorted(own, key=lambda image: (-own[image], image))


def read_qrels(path: Path) -> Qrels:
    """The judgements of a file; raises DatasetError naming the line that is wrong."""
    grades: dict[str, dict[str, int]] = {}
    for where, fields in _lines(path):
        if len(fields) != 4:
            raise DatasetError(f"{where}: expected `query 0 image grade`")
        query, _, image, grade = fields
        own = grades.setdefault(_read_id(query), {})
        _put(own, _read_id(image), _number(int, grade, where), where)
    if not grades:
        raise DatasetError(f"{path} judges nothing: it needs lines `query 0 image grade`")
    return Qrels(grades)


def read_run(path: Path) -> Run:
    """The ranking of a file, named as its lines say; its ranks are not read, the scores tell them.

    Raises:
        DatasetError: naming the line that is wrong.
    """
    scores: dict[str, dict[str, float]] = {}
    name: str | None = None
    for where, fields in _lines(path):
        if len(fields) != 6:
            raise DatasetError(f"{where}: expected `query Q0 image rank score name`")
        query, _, image, _, score, of = fields
        if name not in (None, of):
            raise DatasetError(f"{where}: run {of!r} after {name!r}: give each a file of its own")
        name = of
        own = scores.setdefault(_read_id(query), {})
        _put(own, _read_id(image), _number(float, score, where), where)
    return Run(path.name.split(".")[0] if name is None else _read_id(name), scores)


def write_qrels(path: Path, qrels: Qrels) -> None:
    """Write the judgements in one step, compressed where the name ends in .gz."""
    _write(
        path,
        (
            f"{_write_id(query)} 0 {_write_id(image)} {grade}\n"
            for query, own in qrels.grades.items()
            for image, grade in own.items()
        ),
    )


def write_run(path: Path, run: Run) -> None:
    """Write the rankings in one step, best first, of equal scores by id; .gz as `write_qrels`."""
    name = _write_id(run.name)
    _write(
        path,
        (
            f"{_write_id(query)} Q0 {_write_id(image)} {rank} {float(own[image])!r} {name}\n"
            for query, own in run.scores.items()
            for rank, image in enumerate(run.ranking(query), 1)
        ),
    )


def _lines(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Where each line that is not empty stands, and its fields."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(len(GZIP)) == GZIP
        with (gzip.open if packed else open)(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if fields := line.split():
                    yield f"{path}, line {number}", fields
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error


def _number(kind: type[Number], text: str, where: str) -> Number:
    try:
        number = kind(text)
    except ValueError as error:
        what = "whole number" if kind is int else "number"
        raise DatasetError(f"{where}: expected a {what}, not {text!r}") from error
    if not isfinite(number):
        raise DatasetError(f"{where}: the score {text} has no place in a ranking")
    return number


def _put(own: dict[str, Number], image: str, number: Number, where: str) -> None:
    if image in own:
        raise DatasetError(f"{where}: {image} comes twice for this query: keep one line")
    own[image] = number


def _write(path: Path, lines: Iterable[str]) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as raw:
            if path.suffix == ".gz":
                with gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
                    packed.writelines(line.encode() for line in lines)
            else:
                raw.writelines(line.encode() for line in lines)
        beside.replace(path)
    except OSError as error:
        raise DatasetError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)


def _write_id(name: str) -> str:
    if not name:
        raise DatasetError("an id is empty: TREC's formats need a name for every query and image")
    return _ODD.sub(lambda found: quote(found[0], errors="surrogatepass"), name)


def _read_id(written: str) -> str:
    try:
        return unquote(written, errors="surrogatepass")
    except UnicodeDecodeError:  # of another tool, which means no such thing by its "%"
        return written
