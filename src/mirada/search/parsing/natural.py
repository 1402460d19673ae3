"""Takes out of a line what it says of files in plain words: dates, camera, format, orientation.

The rows of `lexicon/natural.tsv` say how; what is left is what the picture must show.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from mirada.search.parsing.dates import MONTHS, Period, shown, understood
from mirada.search.parsing.patterns import Patterns, table
from mirada.types import Filter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from mirada.search.parsing.line import Line
    from mirada.search.parsing.patterns import Match

_INSIDE_NAMES: Final = frozenset(("of", "de", "del", "la", "las", "los", "el", "the"))
_SEEN: Final = frozenset(  # before "pictures" these make them part of what is shown
    [
        "the",
        "of",
        "a",
        "his",
        "her",
        "their",
        "its",
        "my",
        "taking",
        "takes",
        "take",
        "las",
        "los",
        "unas",
        "de",
        "sacando",
        "haciendo",
    ]
)
_UNIT_LETTERS: Final = {"megabytes": "mb", "megabyte": "mb", "megas": "mb", "kilobytes": "kb"}
_FORMATS: Final = {"jpeg": "jpg", "jpegs": "jpg", "tif": "tiff", "pngs": "png", "gifs": "gif"}


class Understood(NamedTuple):
    """What a match says, and how many of its words it takes."""

    filters: tuple[Filter, ...]
    start: int
    end: int


def take_filters(line: Line, today: date) -> tuple[Line, list[Filter]]:
    """The line without what it says of files, and that as filters."""
    filters: list[Filter] = []
    for patterns in (_places(), _filters()):
        gone: set[int] = set()
        for found in patterns.matches(line):
            meant = _understood(found, line, today)
            if meant is not None:
                filters += meant.filters
                gone.update(range(meant.start, meant.end))
        line = line.without(gone)
    return line, filters


def drop_asking(line: Line) -> Line:
    """The line without "show me photos of" and the like."""
    for _ in range(2):  # "find" and "photos of" may each be there
        gone: set[int] = set()
        for found in _asking().matches(line):
            before = line.words[found.start - 1].form if found.start else ""
            if found.rule.value == "drop" or before not in _SEEN:
                gone.update(range(found.start, found.end))
        if not gone:
            break
        line = line.without(gone)
    return line


def date_filters(days: Period) -> tuple[Filter, ...]:
    """A range of days as filters, those of open ends left out."""
    bounds = (("<", days.end), (">=", days.start))
    return tuple(Filter("date", sign, str(day)) for sign, day in bounds if day is not None)


def _understood(found: Match, line: Line, today: date) -> Understood | None:
    field, rule = found.rule
    if field == "place":
        return _place(found, line)
    if field == "date":
        try:
            days = understood(rule, found.captures, today)
        except ValueError:
            return None
        outside = (Filter("date", "!=", shown(days)),)
        meant = outside if rule == "not_in" else date_filters(days)
        return Understood(meant, found.start, found.end)
    sign = rule.rstrip("*abcdefghijklmnopqrstuvwxyz")
    value = rule.removeprefix(sign)
    if value == "*":
        value = _value(field, [one for one in found.captures if one])
    return Understood((Filter(field, sign, value),), found.start, found.end)


def _value(field: str, said: Sequence[str]) -> str:
    if field == "size":
        return "".join(_UNIT_LETTERS.get(one, one) for one in said).replace(",", ".")
    if field == "format":
        return _FORMATS.get(said[0], said[0])
    return said[0]


def _place(found: Match, line: Line) -> Understood | None:
    """A name after "taken in": its words that begin with capitals, and "of" and "de" between."""
    first = found.end - len(found.captures[0].split())
    end = last = first
    while last < found.end:
        word = line.words[last]
        if word.capital and word.form not in MONTHS:
            end = last + 1
        elif word.form not in _INSIDE_NAMES or last == first:
            break
        last += 1
    if end == first:
        return None
    name = " ".join(word.form for word in line.words[first:end])
    return Understood((Filter("place", "=", name),), found.start, end)


@cache
def _places() -> Patterns:
    return Patterns([row for row in _rows() if row[0] in {"place", "class"}])


@cache
def _filters() -> Patterns:
    return Patterns([row for row in _rows() if row[0] not in {"place", "ask"}])


@cache
def _asking() -> Patterns:
    return Patterns([row for row in _rows() if row[0] in {"ask", "class"}])


def _rows() -> Iterator[tuple[str, str, str]]:
    return ((row[0], row[1], row[2]) for row in table("natural.tsv"))
