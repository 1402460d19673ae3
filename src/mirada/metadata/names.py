"""Dates in file names, as phones, messengers and screenshot tools write them."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING

from mirada.metadata.dates import make_date, with_fraction

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import PurePath

_FIRST, _LAST = 1990, 2099  # years of digital cameras: other eight digits are some number

_DAY = r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<dash>[-_.]?)(?P<month>\d\d)(?P=dash)(?P<day>\d\d)"
_BETWEEN = r"(?:\s+(?:at|a las|a la\(s\)|um|à)\s+|[-_ T.,]*)"
_COMPACT = r"(?P<hms>\d{6})(?P<ms>\d{3})?(?!\d)"
_SPACED = (
    r"(?P<hour>\d\d?)(?P<colon>[-_.:])(?P<minute>\d\d)(?P=colon)(?P<second>\d\d)(?!\d)"
    r"(?:\s?(?P<half>[AP])\.?\s?M\b)?"
)
_MOMENT = re.compile(f"{_DAY}{_BETWEEN}(?:{_COMPACT}|{_SPACED})", re.IGNORECASE)
_DATE = re.compile(_DAY + r"(?!\d)")
_PIXEL = "PXL_"  # Google's camera names files in UTC


def date_in_name(path: PurePath) -> datetime | None:
    """The date that a file's name tells, naive local time, or UTC where the name is in UTC.

    Knows IMG_20190704_153000, 2019-07-04 15.30.00, IMG-20190704-WA0001, Screenshot_2019-07-04-15-
    30-00, "Screen Shot 2019-07-04 at 3.30.00 PM" and the like; a day alone counts as its midnight.
    """
    name = path.name
    moments = (date for found in _MOMENT.finditer(name) if (date := _moment(found)))
    days = (date for found in _DATE.finditer(name) if (date := _plausible(*_day(found))))
    date = next(moments, None) or next(days, None)
    return date.replace(tzinfo=UTC) if date and name.startswith(_PIXEL) else date


def _moment(found: re.Match[str]) -> datetime | None:
    if hms := found["hms"]:
        clock = (hms[:2], hms[2:4], hms[4:])
    else:
        clock = (_hour(found["hour"], found["half"]), found["minute"], found["second"])
    date = _plausible(*_day(found), *clock)
    return with_fraction(date, found["ms"]) if date else None


def _day(found: re.Match[str]) -> tuple[str, str, str]:
    return found["year"], found["month"], found["day"]


def _hour(hour: str, half: str | None) -> str:
    """On the clock of 24 hours."""
    if not half:
        return hour
    return str(int(hour) % 12 + (12 if half in "pP" else 0))


def _plausible(*parts: str) -> datetime | None:
    date = make_date(*parts)
    return date if date and _FIRST <= date.year <= _LAST else None
