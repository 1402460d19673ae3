"""What a record holds, in the words and notations that people read; for pages and terminals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirada.config import ROLES, Settings
from mirada.paths import readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from mirada.types import Facts, ImageRecord, Metadata, Region, Tag

SOURCES: Final = {
    "model": "whole picture",
    "region": "regions",
    "caption": "captions",
    "text": "text",
    "user": "you",
}  # what a tag came from, in the order of the headings
LANGUAGES: Final = {"en": "English", "es": "Spanish"}
ORIGINS: Final = {
    "takeout": "by Google Takeout",
    "name": "by the file's name",
    "file": "by the file's date",
    "xmp": "by XMP",
}  # what said when a picture was taken, where it was not the camera
OPTIONAL: Final = "text"  # reading it is not usual, so its absence is no news
MONTHS: Final = (
    "January February March April May June July August September October November December"
)
SQUARE: Final = 1.05  # sides of a lower ratio count as equal


def shown(text: str) -> str:
    """Text of any origin, fit for a screen: line breaks stay, control characters are escaped."""
    return "".join(c if c in "\n\t" or _harmless(c) else readable(c) for c in text)


def percent(share: float) -> str:
    """A share or probability in whole percent; never 0% or 100% for what is neither."""
    if 0 < share < 0.01:
        return "<1%"
    if 0.99 < share < 1:
        return ">99%"
    return f"{share:.0%}"


def exposure(metadata: Metadata) -> str:
    """As photographers write it, such as "1/250 s f/2.8 ISO 400 50 mm"; "" where unknown."""
    parts = []
    if metadata.exposure_time:
        parts.append(shutter(metadata.exposure_time))
    if metadata.f_number:
        parts.append(f"f/{_short(metadata.f_number)}")
    if metadata.iso:
        parts.append(f"ISO {metadata.iso}")
    if metadata.focal_length:
        parts.append(f"{_short(metadata.focal_length)} mm")
    return " ".join(parts)


def shutter(seconds: float) -> str:
    """A shutter time: a fraction up to a quarter of a second, as on the dials of cameras."""
    if seconds < 0.26:
        return f"1/{round(1 / seconds)} s"
    return f"{_short(seconds)} s"


def moment(when: datetime) -> str:
    """Day and minute, with the offset from UTC where it is known."""
    month = MONTHS.split()[when.month - 1]
    offset = f"{when:%z}"
    zone = f" {offset[:3]}:{offset[3:5]}" if offset else ""
    zone = " UTC" if offset == "+0000" else zone
    return f"{when.day} {month} {when.year:04d}, {when:%H:%M}{zone}"


def stars(rating: int) -> str:
    """Five stars, filled by the rating; -1 is "rejected"."""
    if rating < 0:
        return "rejected"
    filled = min(rating, 5)
    return "★" * filled + "☆" * (5 - filled)


def coordinates(latitude: float, longitude: float) -> str:
    """Degrees with the letters of the hemispheres; four decimals are some ten metres."""
    north, east = "N" if latitude >= 0 else "S", "E" if longitude >= 0 else "W"
    return f"{abs(latitude):.4f}° {north}, {abs(longitude):.4f}° {east}"


def file_size(count: int) -> str:
    """Bytes in decimal units, as file managers show them."""
    if count < 1000:
        return f"{count} bytes"
    size, unit = count / 1000, "kB"
    for larger in ("MB", "GB", "TB"):
        if size < 999.5:
            break
        size, unit = size / 1000, larger
    return f"{size:.1f} {unit}" if size < 10 else f"{size:.0f} {unit}"


def shape(record: ImageRecord) -> str:
    """Landscape, portrait or square."""
    long, short = max(record.width, record.height), max(min(record.width, record.height), 1)
    if long / short < SQUARE:
        return "square"
    return "landscape" if record.width > record.height else "portrait"


def details(record: ImageRecord) -> list[tuple[str, str]]:
    """Label and value of all that is known of when, where and how it was taken."""
    rows = _of_metadata(record.metadata) if record.metadata else []
    million = record.width * record.height / 1e6
    size = f"{record.width} × {record.height}, {shape(record)}, {record.format}"
    rows.append(("Size", f"{size}, {million:.1f} megapixels" if million >= 1 else size))
    if record.facts:
        rows.append(("Light", _light(record.facts)))
    return [(label, shown(value)) for label, value in rows if value]


def about(region: Region) -> str:
    """How much of the picture a region covers, and how sure the segmenter is of it."""
    return f"covers {percent(region.box.area)} · proposal {percent(region.confidence)}"


def judged(tag: Tag) -> str:
    """A tag's probability, and what the user said of it; "" where it is the user's own."""
    if tag.source == "user" and tag.state != "rejected":
        return ""
    sure = percent(tag.confidence)
    return sure if tag.state == "auto" else f"{sure} {tag.state}"


def origin(what: str, by: str | None) -> str:
    """What something is or came from, and the model that said so."""
    return f"{what}, by {by}" if by else what


def by_source(tags: Iterable[Tag]) -> list[tuple[str, list[Tag]]]:
    """Tags under the words for where they came from; rejected ones come last in each."""
    groups: dict[str, list[Tag]] = {source: [] for source in SOURCES}
    for tag in sorted(tags, key=lambda tag: tag.state == "rejected"):
        groups.setdefault(tag.source, []).append(tag)
    return [(SOURCES.get(source, source), group) for source, group in groups.items() if group]


def not_looked_at(record: ImageRecord) -> list[str]:
    """Roles of the usual ones that have not looked at the picture."""
    return [role for role in Settings().roles if role not in record.models]


def command_for(roles: Sequence[str]) -> str:
    """What to run to have these roles look."""
    if {*roles} >= {*Settings().roles}:
        return "mirada index"
    return " ".join(["mirada index", *(f"--only {role}" for role in roles)])


def missing(record: ImageRecord) -> tuple[str, str] | None:
    """What has not been looked at, in words, and the command that does; None when all has."""
    roles = not_looked_at(record)
    if not roles:
        return None
    everything = {*roles} >= {*Settings().roles}
    words = "not described yet" if everything else f"not looked at yet: {', '.join(roles)}"
    return words, command_for(roles)


def nothing_found(record: ImageRecord, role: str) -> str | None:
    """Why a part is empty although its role has looked; None where it has not."""
    if role not in record.models:
        return None
    return {
        "captions": "no caption passed the check",
        "tags": "no tag is sure enough",
        "regions": "no part stands out",
        "text": "no text found",
    }.get(role)


def looked_by(record: ImageRecord, encoder: str) -> list[tuple[str, str]]:
    """Every role with the model that looked; one that has not is left out, but text."""
    rows = [("vector", encoder)]
    rows += [(role, record.models[role]) for role in ROLES if role in record.models]
    rows += [(role, model) for role, model in record.models.items() if role not in ROLES]
    if OPTIONAL not in record.models and not not_looked_at(record):
        rows.append((OPTIONAL, "not read: mirada index --ocr"))
    return [(role, shown(model)) for role, model in rows]


def _of_metadata(metadata: Metadata) -> list[tuple[str, str]]:
    here = metadata.latitude is not None and metadata.longitude is not None
    return [
        ("Title", metadata.title or ""),
        ("Description", metadata.description or ""),
        ("Taken", _taken(metadata)),
        ("Place", metadata.place or ""),
        ("Position", coordinates(metadata.latitude or 0, metadata.longitude or 0) if here else ""),
        ("Camera", metadata.camera or ""),
        ("Lens", metadata.lens or ""),
        ("Exposure", exposure(metadata)),
        ("Rating", "" if metadata.rating is None else stars(metadata.rating)),
        ("Keywords", ", ".join(metadata.keywords)),
    ]


def _taken(metadata: Metadata) -> str:
    if metadata.taken_at is None:
        return ""
    origin = ORIGINS.get(metadata.taken_from or "")
    return moment(metadata.taken_at) + (f" ({origin})" if origin else "")


def _light(facts: Facts) -> str:
    tone = "black and white, " if facts.black_and_white else ""
    return f"{tone}brightness {percent(facts.brightness)}, sharpness {percent(facts.sharpness)}"


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _harmless(character: str) -> bool:
    return not (character < " " or "\x7f" <= character < "\xa0" or "\ud800" <= character < "\ue000")
