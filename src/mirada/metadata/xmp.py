"""XMP to metadata, from packets in files and from sidecars."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mirada.metadata.dates import parse_iso_date
from mirada.metadata.rdf import anywhere, parse, recorded_tags, value, values
from mirada.metadata.values import (
    camera_name,
    clean,
    place_name,
    position,
    positive,
    stars,
    unique,
)
from mirada.types import Metadata

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from mirada.types import Tag

_DATES = ("exif:DateTimeOriginal", "photoshop:DateCreated", "xmp:CreateDate")
_PERCENT = {1: 1, 25: 2, 50: 3, 75: 4, 99: 5}  # MicrosoftPhoto:Rating to stars
_DEGREES = re.compile(
    r"\s*(\d+(?:\.\d+)?)(?:,(\d+(?:\.\d+)?))?(?:,(\d+(?:\.\d+)?))?\s*([NSEW])\s*$", re.IGNORECASE
)


def read_xmp(packet: bytes) -> Metadata:
    """What the properties say; of a damaged packet, those that can be read."""
    root = parse(packet, recover=True)
    if root is None:
        return Metadata()
    latitude, longitude = _position(root) or (None, None)
    return Metadata(
        taken_at=_date(root),
        camera=camera_name(value(root, "tiff:Make"), value(root, "tiff:Model")),
        lens=clean(value(root, "exifEX:LensModel", "aux:Lens")),
        iso=_whole(value(root, "exifEX:PhotographicSensitivity", "exif:ISOSpeedRatings")),
        f_number=_ratio(value(root, "exif:FNumber")),
        exposure_time=_ratio(value(root, "exif:ExposureTime")),
        focal_length=_ratio(value(root, "exif:FocalLength")),
        latitude=latitude,
        longitude=longitude,
        place=_place(root),
        rating=_rating(root),
        title=clean(value(root, "dc:title", "photoshop:Headline")),
        description=_description(root),
        keywords=_keywords(root),
    )


def read_tags(packet: bytes) -> tuple[Tag, ...]:
    """The tags that mirada noted in a packet, with what people decided on them."""
    root = parse(packet, recover=True)
    if root is None:
        return ()
    tags = (tag for tag, _ in recorded_tags(root).values())
    return tuple(replace(tag, source="user") if tag.state != "auto" else tag for tag in tags)


def _date(root: Any) -> datetime | None:
    texts = (value(root, short) for short in _DATES)
    return next((date for text in texts if text and (date := parse_iso_date(text))), None)


def _position(root: Any) -> tuple[float, float] | None:
    return position(
        _degrees(value(root, "exif:GPSLatitude")), _degrees(value(root, "exif:GPSLongitude"))
    )


def _degrees(text: str | None) -> float | None:
    """Of "23,8.183N" or "23,8,11N"."""
    found = _DEGREES.match(text or "")
    if not found:
        return None
    *parts, direction = found.groups()
    degrees = sum(float(part or 0) / 60.0**power for power, part in enumerate(parts))
    return -degrees if direction in "SWsw" else degrees


def _ratio(text: str | None) -> float | None:
    """Of "28/10" or "2.8"."""
    top, _, bottom = (text or "").partition("/")
    upper, lower = positive(top), positive(bottom or 1)
    return upper / lower if upper and lower else None


def _whole(text: str | None) -> int | None:
    number = _ratio(text)
    return int(number) if number and number >= 1 else None


def _place(root: Any) -> str | None:
    return place_name(
        value(root, "Iptc4xmpCore:Location"),
        value(root, "photoshop:City"),
        value(root, "photoshop:State"),
        value(root, "photoshop:Country"),
    )


def _rating(root: Any) -> int | None:
    """Stars; 0 is how programs write that there is none."""
    given = stars(value(root, "xmp:Rating"))
    percent = positive(value(root, "MicrosoftPhoto:Rating"))
    return given or (_PERCENT.get(round(percent)) if percent else None)


def _description(root: Any) -> str | None:
    """In words of people: a caption that mirada wrote there is none."""
    text = clean(value(root, "dc:description"))
    return None if text and text == clean(value(root, "mirada:caption")) else text


def _keywords(root: Any) -> tuple[str, ...]:
    """Flat ones, each step of hierarchical ones, names of people; none of mirada's own guesses."""
    words = [
        *values(root, "dc:subject"),
        *values(root, "MicrosoftPhoto:LastKeywordXMP"),
        *_steps(values(root, "lr:hierarchicalSubject"), "|"),
        *_steps(values(root, "digiKam:TagsList"), "/"),
        *anywhere(root, "mwg-rs:Name"),
    ]
    guessed = {
        key for key, (tag, own) in recorded_tags(root).items() if own and tag.state == "auto"
    }
    return tuple(word for word in unique(words) if word.casefold() not in guessed)


def _steps(paths: Iterable[str], separator: str) -> list[str]:
    return [step for path in paths for step in path.split(separator)]
