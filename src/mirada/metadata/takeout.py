"""The JSON that Google Takeout lays beside each photo."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from mirada.metadata.dates import FIRST_YEAR
from mirada.metadata.values import clean, finite, position, unique
from mirada.types import Metadata


def read_takeout(raw: bytes) -> Metadata | None:
    """What Google Photos knew; None when the file is something else."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not document.keys() & {"photoTakenTime", "geoData"}:
        return None
    latitude, longitude = _position(document) or (None, None)
    return Metadata(
        taken_at=_taken_at(document.get("photoTakenTime")),
        latitude=latitude,
        longitude=longitude,
        description=clean(document.get("description")),
        keywords=_people(document.get("people")),
    )


def _taken_at(value: Any) -> datetime | None:
    """An instant in UTC: Google keeps no zone."""
    seconds = finite(value.get("timestamp")) if isinstance(value, dict) else None
    if seconds is None:
        return None
    try:
        date = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return date if date.year >= FIRST_YEAR and seconds != 0 else None


def _position(document: dict[str, Any]) -> tuple[float, float] | None:
    """Where people put the photo, else where the camera did."""
    for key in ("geoData", "geoDataExif"):
        place = document.get(key)
        if isinstance(place, dict):
            found = position(finite(place.get("latitude")), finite(place.get("longitude")))
            if found:
                return found
    return None


def _people(value: Any) -> tuple[str, ...]:
    people = value if isinstance(value, list) else []
    return unique(person.get("name") for person in people if isinstance(person, dict))
