"""IPTC-IIM to metadata (version 4.2), as Pillow splits it into datasets of record 2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mirada.metadata.dates import make_date, parse_offset
from mirada.metadata.values import clean, place_name, unique
from mirada.types import Metadata

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_CHARSET = (1, 90)
_UTF8 = b"\x1b%G"  # ISO 2022 for UTF-8
_TITLE, _HEADLINE, _KEYWORDS, _CAPTION = 5, 105, 25, 120
_DATE, _TIME = 55, 60  # YYYYMMDD and HHMMSS±HHMM
_SUBLOCATION, _CITY, _STATE, _COUNTRY = 92, 90, 95, 101


def read_iptc(datasets: Mapping[tuple[int, int], Any]) -> Metadata:
    """What the datasets say; {} gives nothing."""
    if not datasets:
        return Metadata()
    utf8 = datasets.get(_CHARSET) == _UTF8

    def all_of(dataset: int) -> list[str]:
        found = datasets.get((2, dataset), [])
        return [_text(one, utf8=utf8) for one in (found if isinstance(found, list) else [found])]

    def first_of(dataset: int) -> str | None:
        return next(filter(None, map(clean, all_of(dataset))), None)

    return Metadata(
        taken_at=_date(first_of(_DATE), first_of(_TIME)),
        place=place_name(*map(first_of, (_SUBLOCATION, _CITY, _STATE, _COUNTRY))),
        title=first_of(_HEADLINE) or first_of(_TITLE),
        description=first_of(_CAPTION),
        keywords=unique(all_of(_KEYWORDS)),
    )


def _text(value: object, *, utf8: bool) -> str:
    """Text without a named character set is UTF-8 where it can be, else Windows' Latin."""
    if not isinstance(value, bytes):
        return ""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("utf-8" if utf8 else "cp1252", "replace")


def _date(day: str | None, time: str | None) -> datetime | None:
    day, time = day or "", time or ""
    if len(day) != 8 or not (day.isascii() and day.isdigit()):
        return None
    clock = time[:6] if time[:6].isascii() and time[:6].isdigit() else ""
    parts = (day[:4], day[4:6], day[6:], clock[:2], clock[2:4], clock[4:])
    date = make_date(*parts)
    return date.replace(tzinfo=parse_offset(time[6:])) if date else None
