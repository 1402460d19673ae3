"""Dates as people say them, as ranges of days; the last day is not in the range."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_ENGLISH: Final = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_SPANISH: Final = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
]
MONTHS: Final[Mapping[str, int]] = {
    **{name[:3]: at for at, name in enumerate(_ENGLISH, start=1)},
    **{name: at for names in (_SPANISH, _ENGLISH) for at, name in enumerate(names, start=1)},
    "sept": 9,
    "setiembre": 9,
}
_SEASONS: Final[Mapping[str, int]] = {  # its first month, of three
    "spring": 3,
    "primavera": 3,
    "summer": 6,
    "verano": 6,
    "autumn": 9,
    "fall": 9,
    "otoño": 9,
    "winter": 12,
    "invierno": 12,
}
_UNITS: Final = {"d": "day", "w": "week", "s": "week", "m": "month", "y": "year", "a": "year"}
_NUMBERS: Final = {
    word: number
    for number, words in enumerate(
        [
            "a,an,one,un,una",
            "two,dos",
            "three,tres",
            "four,cuatro",
            "five,cinco",
            "six,seis",
            "seven,siete",
            "eight,ocho",
            "nine,nueve",
            "ten,diez",
        ],
        start=1,
    )
    for word in words.split(",")
}
_NUMERIC: Final = re.compile(r"(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?")
_WORD: Final = re.compile(r"\d+|[^\W\d_]+")


class Period(NamedTuple):
    """Days from `start` up to, and without, `end`; None: open."""

    start: date | None
    end: date | None


def period(text: str, today: date) -> Period:
    """The days that a date names: "2019", "june 2020", "2020-01-31", "3 de mayo de 2021", "may".

    A month without a year is the latest that has begun.

    Raises:
        ValueError: it is no date, or there is no such day.
    """
    numeric = _NUMERIC.fullmatch(text)
    if numeric:
        year, month, day = (int(part) if part else None for part in numeric.groups())
        assert year is not None  # noqa: S101 the pattern has one
        return _days(year, month, day)
    words = _WORD.findall(text)
    numbers = [int(word) for word in words if word.isdigit()]
    months = [MONTHS[word] for word in words if word in MONTHS]
    years = [number for number in numbers if number > 31]
    days = [number for number in numbers if number <= 31]
    if len(months) != 1 or len(years) > 1 or len(days) > 1:
        raise ValueError(text)
    year = years[0] if years else today.year - (months[0] > today.month)
    return _days(year, months[0], days[0] if days else None)


def understood(rule: str, said: Sequence[str], today: date) -> Period:
    """The days that words mean under a rule of `lexicon/natural.tsv`.

    Raises:
        ValueError: there is no such day.
    """
    try:
        return _RULES[rule](said, today)
    except OverflowError as error:
        raise ValueError(rule) from error


def shown(days: Period) -> str:
    """A period as short as it can be: "2020", "2020-06", "2020-06-30", else "start..end"."""
    start, end = days
    if start is not None and end is not None:
        for unit, size in (("year", 4), ("month", 7), ("day", 10)):
            if start == _begin(start, unit) and end == _later(start, unit, 1):
                return str(start)[:size]
    return f"{start or ''}..{end or ''}"


def _days(year: int, month: int | None, day: int | None) -> Period:
    if month is None:
        return Period(date(year, 1, 1), date(year + 1, 1, 1))
    first = date(year, month, day or 1)
    return Period(first, first + timedelta(1) if day else _later(first, "month", 1))


def _later(start: date, unit: str, count: int) -> date:
    """The same day some units on, or the last day of a month that is shorter."""
    if unit in ("day", "week"):
        return start + timedelta(count * (7 if unit == "week" else 1))
    months = start.year * 12 + start.month - 1 + count * (12 if unit == "year" else 1)
    year, month = months // 12, months % 12 + 1
    for day in range(start.day, 27, -1):
        try:
            return date(year, month, day)
        except ValueError:
            continue
    return date(year, month, min(start.day, 28))


def _unit(word: str) -> str:
    return _UNITS[word[0]]


def _number(word: str) -> int:
    return _NUMBERS.get(word) or int(word)


def _begin(today: date, unit: str) -> date:
    """The first day of the unit in which a day lies."""
    if unit == "week":
        return today - timedelta(today.weekday())
    if unit == "day":
        return today
    return today.replace(day=1) if unit == "month" else today.replace(month=1, day=1)


def _season(word: str, year: int) -> Period:
    first = date(year, _SEASONS[word], 1)
    return Period(first, _later(first, "month", 3))


def _last_season(said: Sequence[str], today: date) -> Period:
    this = _season(said[0], today.year)
    ended = this.end is not None and this.end <= today
    return this if ended else _season(said[0], today.year - 1)


def _previous(said: Sequence[str], today: date) -> Period:
    if said[0] == "weekend":
        return _weekend(said, today)
    unit = _unit(said[0])
    end = _begin(today, unit)
    return Period(_later(end, unit, -1), end)


def _weekend(said: Sequence[str], today: date) -> Period:  # noqa: ARG001 as the other rules
    monday = _begin(today, "week")
    return Period(monday - timedelta(2), monday)


def _current(said: Sequence[str], today: date) -> Period:
    unit = _unit(said[0])
    start = _begin(today, unit)
    return Period(start, _later(start, unit, 1))


def _ago(said: Sequence[str], today: date) -> Period:
    unit = _unit(said[1])
    start = _later(_begin(today, unit), unit, -_number(said[0]))
    return Period(start, _later(start, unit, 1))


def _last(said: Sequence[str], today: date) -> Period:
    return Period(_later(today, _unit(said[1]), -_number(said[0])), today + timedelta(1))


def _decade(said: Sequence[str], today: date) -> Period:
    year = int(said[0].removesuffix("s"))
    if year < 100:
        year += 2000 if 2000 + year <= today.year else 1900
    return Period(date(year, 1, 1), date(year + 10, 1, 1))


_RULES: Final[Mapping[str, Callable[[Sequence[str], date], Period]]] = {
    "in": lambda said, today: period(said[0], today),
    "not_in": lambda said, today: period(said[0], today),
    "before": lambda said, today: Period(None, period(said[0], today).start),
    "after": lambda said, today: Period(period(said[0], today).end, None),
    "since": lambda said, today: Period(period(said[0], today).start, None),
    "span": lambda said, today: Period(period(said[0], today).start, period(said[1], today).end),
    "season": lambda said, _: _season(said[0], int(said[1])),
    "last_season": _last_season,
    "previous": _previous,
    "current": _current,
    "weekend": _weekend,
    "ago": _ago,
    "last": _last,
    "decade": _decade,
    "yesterday": lambda _, today: Period(today - timedelta(1), today),
    "today": lambda _, today: Period(today, today + timedelta(1)),
}
