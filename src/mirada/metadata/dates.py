"""Dates as cameras and programs write them; whatever is no real date is None."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

FIRST_YEAR = 1826  # of the oldest photograph that is kept; dates before are empty clocks

_EXIF = re.compile(
    r"\s*(\d{4})[:/.\-](\d{1,2})[:/.\-](\d{1,2})"
    r"(?:[T ]+(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?)?"
)
_ISO = re.compile(
    r"\s*(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(Z|[+\-]\d\d:?\d\d)?)?\s*$",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"\s*([+\-])(\d\d):?(\d\d)\s*\0*$")
_IN_USE = frozenset(
    [60 * hours for hours in range(-12, 15)]
    + [-570, -210, -150, 210, 270, 330, 345, 390, 525, 570, 630, 765, 825]
)  # minutes: the offsets of the IANA time zones since 1990
_GPS_SLACK = timedelta(minutes=5)  # between the last fix of the satellites and the shutter


def make_date(*parts: str | int | None) -> datetime | None:
    """Year, month, day, hour, minute, second; missing ones at the end count as 0."""
    numbers = [int(part or 0) for part in parts]
    try:
        date = datetime(*numbers)  # type: ignore[arg-type]
    except (ValueError, OverflowError, TypeError):
        return None
    return date if date.year >= FIRST_YEAR else None


def parse_exif_date(text: str) -> datetime | None:
    """Local time of "2019:07:04 15:30:00" and the variants that programs write."""
    found = _EXIF.match(text)
    return make_date(*found.groups()) if found else None


def parse_iso_date(text: str) -> datetime | None:
    """The date of an XMP property (a profile of ISO 8601) that names a day at least."""
    found = _ISO.match(text)
    if not found:
        return None
    *parts, fraction, zone = found.groups()
    date = make_date(*parts)
    return in_zone(with_fraction(date, fraction), parse_offset(zone)) if date else None


def parse_offset(text: str | None) -> timezone | None:
    """The zone of "+02:00" or "Z"."""
    if not text:
        return None
    if text.strip("\0 ").upper() == "Z":
        return UTC
    found = _OFFSET.match(text)
    if not found:
        return None
    sign, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    if offset > timedelta(hours=14) or int(minutes) > 59:
        return None
    return timezone(-offset if sign == "-" else offset)


def offset_from_utc(local: datetime, utc: datetime) -> timezone | None:
    """The zone in which `local` (naive) shows the instant `utc` (naive), if there is such a zone.

    The satellites' time is that of the last fix, so a few minutes between the two are no zone.
    """
    apart = local - utc
    nearest = min(_IN_USE, key=lambda minutes: abs(apart - timedelta(minutes=minutes)))
    offset = timedelta(minutes=nearest)
    return timezone(offset) if abs(apart - offset) <= _GPS_SLACK else None


def in_zone(date: datetime, zone: timezone | None) -> datetime:
    """The same clock time, aware where the zone is known."""
    return date.replace(tzinfo=zone)


def with_fraction(date: datetime, digits: str | None) -> datetime:
    """The date with decimal digits of a second, of which six count."""
    digits = (digits or "").strip("\0 ")
    if not (digits.isascii() and digits.isdigit()):
        return date
    return date.replace(microsecond=int(digits[:6].ljust(6, "0")))
