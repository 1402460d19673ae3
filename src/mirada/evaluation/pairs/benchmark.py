"""Reads a benchmark, whichever it is; a new one is a small file and a line in FORMATS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mirada.errors import DatasetError
from mirada.evaluation.pairs.examples import Choice, Row, Statement, read_rows
from mirada.evaluation.pairs.nlvr import NLVR
from mirada.evaluation.pairs.nlvr2 import NLVR2
from mirada.evaluation.pairs.sugarcrepe import SUGARCREPE
from mirada.evaluation.pairs.vsr import VSR

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mirada.evaluation.pairs.examples import Format

FORMATS: Final = {one.name: one for one in (SUGARCREPE, VSR, NLVR2, NLVR)}


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The examples of one benchmark: choices or statements, never both."""

    kind: str  # of FORMATS
    files: tuple[Path, ...]
    choices: tuple[Choice, ...]
    statements: tuple[Statement, ...]


def read_benchmark(path: Path, *, kind: str | None = None) -> Benchmark:
    """The examples of a file, or of all files of a folder that are of one benchmark.

    Choices may lie in several files, one for each way to be wrong. Statements must not: a folder
    that holds several files of them holds several splits, of which one must be named.

    Args:
        path: of the file or the folder.
        kind: of FORMATS; None: told by the fields of the first row.

    Raises:
        DatasetError: naming the file and the example that is wrong.
    """
    found = {one: read_rows(one) for one in _files(path)}
    known = {one: format_ for one, rows in found.items() if (format_ := _told(rows, kind))}
    names = sorted({format_.name for format_ in known.values()})
    if not names:
        wanted = "; ".join(f"{one.name}: {', '.join(sorted(one.keys))}" for one in _wanted(kind))
        raise DatasetError(f"{path} is no such benchmark: its rows need the fields of {wanted}")
    if len(names) > 1:
        raise DatasetError(f"{path} holds {' and '.join(names)}: say which by --kind, or one file")
    examples = [
        _example(format_, row, key, file)
        for file, format_ in known.items()
        for key, row in found[file]
    ]
    statements = tuple(one for one in examples if isinstance(one, Statement))
    if statements and len(known) > 1:
        splits = ", ".join(file.name for file in known)
        raise DatasetError(f"{path} holds several splits: give one of {splits}")
    _refuse_twins(path, examples)
    choices = tuple(one for one in examples if isinstance(one, Choice))
    return Benchmark(names[0], tuple(known), choices, statements)


def _files(path: Path) -> Sequence[Path]:
    if path.is_file():
        return [path]
    files = sorted(one for one in path.glob("*.json*") if one.suffix in (".json", ".jsonl"))
    if not files:
        raise DatasetError(f"{path} holds no .json or .jsonl file: give the file or its folder")
    return files


def _wanted(kind: str | None) -> Sequence[Format]:
    return [one for one in FORMATS.values() if kind in (None, one.name)]


def _told(rows: Sequence[tuple[str, Row]], kind: str | None) -> Format | None:
    first = rows[0][1].keys() if rows else frozenset[str]()
    return next((one for one in _wanted(kind) if one.keys <= first), None)


def _example(format_: Format, row: Row, key: str, file: Path) -> Choice | Statement:
    try:
        return format_.read(row, key, file)
    except KeyError as error:
        raise DatasetError(f"{file}, example {key}: lacks {error}") from error
    except ValueError as error:
        raise DatasetError(f"{file}, example {key}: {error}") from error


def _refuse_twins(path: Path, examples: Sequence[Choice | Statement]) -> None:
    seen: set[str] = set()
    for one in examples:
        if one.key in seen:
            raise DatasetError(f"{path} has {one.key} twice: keep one row for each example")
        seen.add(one.key)
