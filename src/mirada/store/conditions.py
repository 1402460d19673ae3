"""What a filter asks of the values of its field, read once for all images."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import date
from math import inf
from typing import TYPE_CHECKING, Final, TypeAlias

from mirada.store.folding import fold, words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mirada.types import Filter

LONGEST: Final = 1_000  # characters of a value

TEXTS: Final = (
    *("captions", "tags", "phrases", "text_lines"),
    *("title", "description", "keywords", "place", "camera", "lens"),
)
"""The sources that the field "any" reads: those that BM25 reads."""

SOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "any": TEXTS,
    "text": ("text_lines",),
    "tag": ("tags",),
    "caption": ("captions",),
    "path": ("paths",),
    "date": ("day",),
    "aperture": ("f_number",),
    "focal": ("focal_length",),
    **{
        name: (name,)
        for name in (
            *("camera", "lens", "place", "color", "orientation", "format"),
            *("size", "width", "height", "rating", "iso"),
        )
    },
}
"""Field of a filter -> where its values come from."""

_NUMBERS: Final = frozenset(("size", "width", "height", "rating", "iso", "aperture", "focal"))
_WORDS: Final = frozenset(("any", "text", "tag", "caption", "place"))
_NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "color": {
        "bw": "b&w, b/n, monochrome, monocromo, blanco y negro, black and white",
        "black": "negro, negra",
        "white": "blanco, blanca",
        "grey": "gray, gris",
        "red": "rojo, roja",
        "orange": "naranja, anaranjado",
        "yellow": "amarillo, amarilla",
        "green": "verde",
        "blue": "azul",
        "purple": "violet, morado, morada, purpura, violeta",
        "pink": "rosa, rosado, rosada",
        "brown": "marron, cafe, castano, castana",
    },
    "orientation": {
        "portrait": "vertical",
        "landscape": "horizontal, apaisada, apaisado",
        "square": "cuadrada, cuadrado",
    },
    "format": {
        "jpeg": "jpg, jpe, jfif",
        "tiff": "tif",
        "heif": "heic, hif",
        "jpeg2000": "jp2, j2k",
        "ppm": "pbm, pgm, pnm",
    },
}
"""Field -> name -> what else it is called; folded."""
_MEANT: Final = {
    field: {one: name for name, called in names.items() for one in called.split(", ")}
    for field, names in _NAMES.items()
}
_NUMBER: Final = re.compile(r"-?\d{1,15}(?:[.,](\d{1,6}))?", re.ASCII)
_BYTES: Final = re.compile(r"(.*?)\s*(?:([kmg]?)b)?", re.ASCII)
_UNITS: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
_DAY: Final = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Words:
    """A text that has these words in a row."""

    words: str  # as `folding.words` writes them


@dataclass(frozen=True, slots=True)
class Part:
    """A text that has this in it."""

    text: str  # folded


@dataclass(frozen=True, slots=True)
class Exactly:
    """A name that is this."""

    name: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A path some of whose folders or whose file, in a row, are of this shape."""

    expression: str  # what was typed is escaped in it; Python and RE2 read it alike


@dataclass(frozen=True, slots=True)
class Span:
    """A number between two; days are numbers such as 20200131."""

    low: float = -inf
    high: float = inf
    with_low: bool = True
    with_high: bool = True


Wanted: TypeAlias = Words | Part | Exactly | Pattern | Span


@dataclass(frozen=True, slots=True)
class Condition:
    """A filter, read: it holds where one of the values is as wanted, or, if negated, none."""

    sources: tuple[str, ...]
    wanted: Wanted
    negated: bool
    only_known: bool  # does not hold where there is no value, even if negated


def condition_of(asked: Filter) -> Condition:
    """The filter, read.

    Raises:
        ValueError: the filter has no such field, operator or value.
    """
    if asked.field not in SOURCES:
        raise ValueError(f"no field {asked.field!r}: there are {', '.join(sorted(SOURCES))}")
    value = asked.value.strip().encode("utf-8", "replace").decode()
    if not 0 < len(value) <= LONGEST:
        raise ValueError(f"{asked.field} wants a value of 1 to {LONGEST} characters")
    return Condition(
        SOURCES[asked.field],
        _wanted(asked.field, asked.op, value),
        negated=asked.op == "!=",
        only_known=asked.field == "date",
    )


def _wanted(field: str, op: str, value: str) -> Wanted:
    if field == "date":
        return _between(op, value, _day, closed=False)
    if field in _NUMBERS:
        read = _bytes if field == "size" else _number
        return _between(op, value.lower(), read, closed=True)
    if op not in ("=", "!="):
        raise ValueError(f"{field} knows = and !=, not {op!r}")
    folded = fold([value])[0].as_py()
    if field in _MEANT:
        name = folded.removeprefix(".")
        return Exactly(_MEANT[field].get(name, name))
    if field == "path":
        path = folded.replace(os.sep, "/")
        return Pattern(_expression(path)) if "*" in path else Part(path)
    spaced = words(fold([value]))[0].as_py()
    return Words(spaced) if field in _WORDS and spaced.strip() else Part(folded)


def _between(
    op: str, value: str, read: Callable[[str], tuple[Span, Span]], *, closed: bool
) -> Span:
    """The numbers that an operator and a value, or "low..high", ask for.

    Args:
        op: the operator.
        value: as typed.
        read: value -> the numbers equal to it, and its edges for comparisons.
        closed: whether the high end of a range is in it.
    """
    low, dots, high = value.partition("..")
    if dots and op in ("=", "!="):
        bounds = read(low.strip())[1], read(high.strip())[1]
        return Span(bounds[0].low, bounds[1].low, with_high=closed)
    equal, edges = read(value)
    match op:
        case "=" | "!=":
            return equal
        case "<":
            return Span(high=edges.low, with_high=False)
        case "<=":
            return Span(high=edges.high, with_high=edges.with_high)
        case ">":
            return Span(low=edges.high, with_low=not edges.with_high)
        case ">=":
            return Span(low=edges.low)
    raise ValueError(f"no operator {op!r}: there are =, !=, <, <=, > and >=")


def _number(value: str) -> tuple[Span, Span]:
    return _rounded(value, 1)


def _bytes(value: str) -> tuple[Span, Span]:
    read = _BYTES.fullmatch(value)
    if not read:
        raise ValueError(f"not a size such as 5mb: {value!r}")
    return _rounded(read[1], _UNITS[read[2] or ""])


def _rounded(value: str, unit: int) -> tuple[Span, Span]:
    """Numbers equal when rounded as the value is written: 2.83 is "2.8", 5,100,000 bytes "5mb"."""
    read = _NUMBER.fullmatch(value)
    if not read:
        raise ValueError(f"not a number: {value!r}")
    number = float(value.replace(",", ".")) * unit
    half = 0.5 * unit / 10 ** len(read[1] or "")
    return Span(number - half, number + half), Span(number, number)


def _day(value: str) -> tuple[Span, Span]:
    """The days of a year, a month, or one."""
    read = _DAY.fullmatch(value)
    if not read:
        raise ValueError(f"not a date such as 2020-01-31: {value!r}")
    year, month, day = (int(part) if part else None for part in read.groups())
    first = date(year or 0, month or 1, day or 1)  # ValueError where there is no such day
    start = day_number(first)
    length = 1 if day else 100 if month else 10_000
    begin = start if day else start - 1 if month else start - 101
    span = Span(start, begin + length, with_high=False)
    return span, span


def day_number(day: date) -> int:
    """2020-01-31 -> 20200131: in the order of days, and quick to read from text."""
    return day.year * 10_000 + day.month * 100 + day.day


def _expression(path: str) -> str:
    """Whole names of folders and files; * is any part of a name, ** of a path."""
    steps = {"*": "[^/]*", "**": ".*"}
    parts = re.split(r"(\*+)", path.strip("/"))
    return (
        f"(?s:/{''.join(steps[one[:2]] if one[:1] == '*' else re.escape(one) for one in parts)}/)"
    )
