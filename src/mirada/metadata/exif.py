"""EXIF to metadata (CIPA DC-008, EXIF 2.32): the date with its zone, the camera, the place."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mirada.metadata.dates import (
    in_zone,
    offset_from_utc,
    parse_exif_date,
    parse_offset,
    with_fraction,
)
from mirada.metadata.values import camera_name, clean, finite, position, positive, stars, unique
from mirada.types import Metadata

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL.Image import Exif

_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_DATES = (
    (0x9003, 0x9011, 0x9291),  # original: date, offset, fraction of a second
    (0x9004, 0x9012, 0x9292),  # digitized
    (0x0132, 0x9010, 0x9290),  # of the file, which programs change: the last to ask
)
_MAKE, _MODEL, _LENS = 0x010F, 0x0110, 0xA434
_ISO_SPEED, _INDEX, _F_NUMBER = 0x8827, 0x8832, 0x829D
_EXPOSURE, _FOCAL = 0x829A, 0x920A
_DESCRIPTION, _COMMENT, _RATING = 0x010E, 0x9286, 0x4746
_XP_TITLE, _XP_COMMENT, _XP_KEYWORDS = 0x9C9B, 0x9C9C, 0x9C9E  # Windows, UTF-16
_ISO_OVERFLOW = 65535  # the value stands in 0x8832
_CHARSETS = {b"ASCII\0\0\0": "utf-8", b"UNICODE\0": "utf-16-be", b"\0" * 8: "utf-8"}
_FACTORY_ENDS = ("digital camera", "camera pictures", "sony dsc")
_FACTORY_STARTS = ("dcim\\", "created with ", "exif_jpeg")
_FACTORY_WORDS = frozenset(
    ("default", "untitled", "hdrpl", "cof", "sdr", "dav", "oznor", "rhdr", "mde", "jpeg")
)
"""Descriptions that cameras and programs fill in by themselves."""


def read_exif(exif: Exif) -> Metadata:
    """What the tags say; a tag that can't be read is as one that is missing."""
    main = {**_ifd(exif), **_ifd(exif, _EXIF_IFD)}
    gps = _ifd(exif, _GPS_IFD)
    latitude, longitude = _position(gps) or (None, None)
    return Metadata(
        taken_at=_taken_at(main, gps),
        camera=camera_name(_text(main.get(_MAKE)), _text(main.get(_MODEL))),
        lens=_lens(main),
        iso=_iso(main),
        f_number=positive(main.get(_F_NUMBER)),
        exposure_time=positive(main.get(_EXPOSURE)),
        focal_length=positive(main.get(_FOCAL)),
        latitude=latitude,
        longitude=longitude,
        rating=stars(main.get(_RATING)) or None,
        title=clean(_windows_text(main.get(_XP_TITLE))),
        description=_description(main),
        keywords=unique((_windows_text(main.get(_XP_KEYWORDS)) or "").split(";")),
    )


def _ifd(exif: Exif, tag: int | None = None) -> dict[int, Any]:
    """The tags that can be read; Pillow decodes each when it is asked for."""
    tags: dict[int, Any] = {}
    with suppress(Exception):  # hostile bytes draw any type of error out of the parser
        table: Mapping[int, Any] = exif if tag is None else exif.get_ifd(tag)
        for key in list(table):
            with suppress(Exception):
                tags[key] = table[key]
    return tags


def _taken_at(tags: Mapping[int, Any], gps: Mapping[int, Any]) -> datetime | None:
    """The first valid date, aware by its own offset, else by the satellites' time."""
    for date_tag, offset_tag, fraction_tag in _DATES:
        date = parse_exif_date(_text(tags.get(date_tag)) or "")
        if date is None:
            continue
        zone = parse_offset(_text(tags.get(offset_tag)))
        utc = _gps_time(gps)
        if zone is None and utc is not None:
            zone = offset_from_utc(date, utc)
        return in_zone(with_fraction(date, _text(tags.get(fraction_tag))), zone)
    return None


def _gps_time(gps: Mapping[int, Any]) -> datetime | None:
    """UTC, naive."""
    day = parse_exif_date(_text(gps.get(29)) or "")
    clock = _numbers(gps.get(7))
    if day is None or len(clock) != 3 or not all(0 <= part <= 60 for part in clock):
        return None
    hours, minutes, seconds = clock
    return day + timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _position(gps: Mapping[int, Any]) -> tuple[float, float] | None:
    return position(
        _degrees(gps.get(2), _text(gps.get(1)), "S"),
        _degrees(gps.get(4), _text(gps.get(3)), "W"),
    )


def _degrees(value: Any, reference: str | None, negative: str) -> float | None:
    """Degrees, minutes and seconds, of which the last may be missing or 0/0."""
    parts = _numbers(value)
    if not parts:
        return None
    degrees = sum(part / 60.0**power for power, part in enumerate(parts[:3]))
    return -degrees if (reference or "").strip().upper().startswith(negative) else degrees


def _numbers(value: Any) -> list[float]:
    """The leading numbers of a tag that can be counted with."""
    parts = value if isinstance(value, tuple | list) else (value,)
    numbers: list[float] = []
    for part in parts:
        number = finite(part)
        if number is None:
            break
        numbers.append(number)
    return numbers


def _lens(tags: Mapping[int, Any]) -> str | None:
    lens = clean(_text(tags.get(_LENS)))
    return lens if lens and any(c.isalnum() for c in lens) else None  # "----" where unknown


def _iso(tags: Mapping[int, Any]) -> int | None:
    speeds = _numbers(tags.get(_ISO_SPEED))
    if speeds[:1] in ([], [_ISO_OVERFLOW]):
        speeds = _numbers(tags.get(_INDEX)) or speeds
    return int(speeds[0]) if speeds and speeds[0] > 0 else None


def _description(tags: Mapping[int, Any]) -> str | None:
    found = (
        _text(tags.get(_DESCRIPTION)),
        _windows_text(tags.get(_XP_COMMENT)),
        _comment(tags.get(_COMMENT)),
    )
    return next((text for text in map(clean, found) if text and _by_people(text)), None)


def _by_people(text: str) -> bool:
    words = text.casefold()
    has_letters = any(c.isalpha() for c in words)
    by_machine = (
        words in _FACTORY_WORDS
        or words.startswith(_FACTORY_STARTS)
        or words.endswith(_FACTORY_ENDS)
    )
    return has_letters and not by_machine


def _comment(value: Any) -> str | None:
    """UserComment: eight bytes name its character set."""
    if not isinstance(value, bytes):
        return _text(value)
    charset = _CHARSETS.get(value[:8])
    if charset is None:
        return None
    body = value[8:]
    if charset == "utf-16-be" and body[1:2] == b"\0":  # many write the order of their machine
        charset = "utf-16-le"
    return _decoded(body, charset)


def _windows_text(value: Any) -> str | None:
    """Text in UTF-16, which Pillow gives as bytes or as a tuple of them."""
    if isinstance(value, tuple) and all(isinstance(b, int) and 0 <= b < 256 for b in value):
        value = bytes(value)
    return _decoded(value, "utf-16-le") if isinstance(value, bytes) else None


def _text(value: Any) -> str | None:
    """Text that may be UTF-8, whatever the standard says; numbers as they read."""
    if isinstance(value, bytes):
        return _decoded(value, "utf-8")
    if isinstance(value, str):
        with suppress(UnicodeError):
            return value.encode("latin-1").decode("utf-8").split("\0")[0]
        return value.split("\0")[0]
    return str(value) if isinstance(value, int) else None


def _decoded(value: bytes, charset: str) -> str | None:
    try:
        return value.decode(charset).split("\0")[0]
    except UnicodeError:
        return None
