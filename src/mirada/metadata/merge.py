"""One precedence for all sources of metadata: field by field, the first that says anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mirada.metadata.values import unique
from mirada.types import Metadata

if TYPE_CHECKING:
    from collections.abc import Mapping

# sources: exif, iptc, xmp (a packet in the file), sidecar (XMP beside it), takeout, name, file
_SHOT = ("exif", "sidecar", "xmp", "iptc", "takeout", "name", "file")
"""What the camera knew best: dates, settings, positions."""
_WORDS = ("sidecar", "xmp", "iptc", "exif", "takeout", "places")
"""What people wrote, where they wrote last: programs that spare the photo write sidecars."""

PRECEDENCE: Mapping[str, tuple[str, ...]] = {
    "taken_at": _SHOT,
    "camera": _SHOT,
    "lens": _SHOT,
    "iso": _SHOT,
    "f_number": _SHOT,
    "exposure_time": _SHOT,
    "focal_length": _SHOT,
    "latitude": _SHOT,
    "longitude": _SHOT,
    "place": _WORDS,
    "rating": _WORDS,
    "title": _WORDS,
    "description": _WORDS,
}
_SAID_BY = {"sidecar": "xmp"}


def merge(sources: Mapping[str, Metadata]) -> Metadata:
    """One answer from all sources; keywords of all of them together."""
    chosen: dict[str, Any] = {}
    for field, order in PRECEDENCE.items():
        source = next((one for one in order if _value(sources, one, field) is not None), None)
        if source is not None:
            chosen[field] = _value(sources, source, field)
            if field == "taken_at":
                chosen["taken_from"] = _SAID_BY.get(source, source)
    words = (word for one in _WORDS if one in sources for word in sources[one].keywords)
    return Metadata(**chosen, keywords=unique(words))


def _value(sources: Mapping[str, Metadata], source: str, field: str) -> Any:
    return getattr(sources[source], field) if source in sources else None
