"""What `field:value` means: filters, or a complaint that names what is wrong."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Final

from mirada.search.parsing.dates import Period, period, shown, understood
from mirada.search.parsing.natural import date_filters
from mirada.search.parsing.patterns import table
from mirada.types import Filter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_COMPARED: Final = re.compile(r"(>=|<=|!=|>|<|=)?(.*)", re.DOTALL)
_NUMBER: Final = re.compile(r"-?\d{1,12}(?:\.\d{1,6})?", re.ASCII)
_BYTES: Final = re.compile(r"\d{1,12}(?:\.\d{1,6})?(?:b|kb|mb|gb)?", re.ASCII)
_INVERSE: Final = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_FORMATS: Final = {"jpeg": "jpg", "tif": "tiff"}
_COLOURS: Final = {"b&w": "bw", "monochrome": "bw", "grey": "gray"}
_RELATIVE: Final = {"today": "today", "hoy": "today", "yesterday": "yesterday", "ayer": "yesterday"}


class Malformed(ValueError):
    """A value that its field cannot have; the message says what it wants."""


def is_field(name: str) -> bool:
    """Whether `name:` is part of the written syntax."""
    return name.lower() in _fields()


def field_filters(name: str, value: str, today: date, *, negated: bool) -> list[Filter]:
    """The filters of `name:value`.

    Raises:
        Malformed: the value does not fit.
    """
    field, kind = _fields()[name.lower()]
    value = value.strip().lower()
    if not value:
        raise Malformed("wants a value")
    found = _READERS[kind](field, value, today)
    return _denied(found) if negated else found


def _denied(found: list[Filter]) -> list[Filter]:
    if len(found) == 1:
        return [Filter(found[0].field, _INVERSE[found[0].op], found[0].value)]
    by_sign = {one.op: one.value for one in found}
    low, high = by_sign.get(">=", ""), by_sign.get("<", by_sign.get("<=", ""))
    if found[0].field == "date":
        days = Period(date.fromisoformat(low), date.fromisoformat(high))
        return [Filter("date", "!=", shown(days))]
    return [Filter(found[0].field, "!=", f"{low}..{high}")]


def _text(field: str, value: str, today: date) -> list[Filter]:  # noqa: ARG001 as the others
    if field == "format":
        value = value.removeprefix(".")
        value = _FORMATS.get(value, value)
    if field == "color":
        value = _COLOURS.get(value, value)
    return [Filter(field, "=", value)]


def _is(field: str, value: str, today: date) -> list[Filter]:  # noqa: ARG001
    known = _states()
    if value not in known:
        raise Malformed(f"knows {', '.join(known)}")
    return [known[value]]


def _number(field: str, value: str, today: date) -> list[Filter]:  # noqa: ARG001
    return _compared(field, value, _NUMBER, "a number, as in >2000 or 100..400")


def _size(field: str, value: str, today: date) -> list[Filter]:  # noqa: ARG001
    return _compared(field, value, _BYTES, "a size, as in >5mb")


def _compared(field: str, value: str, shape: re.Pattern[str], wanted: str) -> list[Filter]:
    low, dots, high = value.partition("..")
    if dots:
        bounds = ((">=", low), ("<=", high))
        found = [Filter(field, sign, bound) for sign, bound in bounds if bound]
    else:
        sign, bound = _split(value)
        found = [Filter(field, sign or "=", bound)]
    if not found or any(not shape.fullmatch(one.value) for one in found):
        raise Malformed(f"wants {wanted}")
    return found


def _split(value: str) -> tuple[str, str]:
    match = _COMPARED.fullmatch(value)
    assert match is not None  # noqa: S101 it matches anything
    return match[1] or "", match[2]


def _date(field: str, value: str, today: date) -> list[Filter]:  # noqa: ARG001
    low, dots, high = value.partition("..")
    if dots:
        start = _day(low, today).start if low else None
        end = _day(high, today).end if high else None
        if start is None and end is None:
            raise Malformed("wants a date on one side of ..")
        return list(date_filters(Period(start, end)))
    sign, bound = _split(value)
    days = _day(bound, today)
    match sign:
        case ">":
            return [Filter("date", ">=", str(days.end))]
        case ">=":
            return [Filter("date", ">=", str(days.start))]
        case "<":
            return [Filter("date", "<", str(days.start))]
        case "<=":
            return [Filter("date", "<", str(days.end))]
    return [Filter("date", "!=", shown(days))] if sign == "!=" else list(date_filters(days))


def _day(text: str, today: date) -> Period:
    try:
        if text in _RELATIVE:
            return understood(_RELATIVE[text], (), today)
        return period(text.replace("_", " "), today)
    except ValueError:
        raise Malformed("wants a date, as in 2019, 2020-06, 2020-06-30 or 2019..2021") from None


_READERS: Final[Mapping[str, Callable[[str, str, date], list[Filter]]]] = {
    "text": _text,
    "is": _is,
    "number": _number,
    "bytes": _size,
    "date": _date,
    "before": lambda field, value, today: _date(field, f"<{value}", today),
    "after": lambda field, value, today: _date(field, f">{value}", today),
    "since": lambda field, value, today: _date(field, f">={value}", today),
}


@cache
def _fields() -> Mapping[str, tuple[str, str]]:
    return {row[0]: (row[1], row[2]) for row in table("fields.tsv")}


@cache
def _states() -> Mapping[str, Filter]:
    return {row[0]: Filter(row[1], row[2], row[3]) for row in table("is.tsv")}
