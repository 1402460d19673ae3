"""Whether one record meets a filter: the specification of `Store.select`.

`mirada.store.select` does the same to whole columns.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

from mirada.metadata.countries import in_spanish
from mirada.store.conditions import (
    Exactly,
    Part,
    Pattern,
    Span,
    Wanted,
    Words,
    condition_of,
    day_number,
)
from mirada.store.folding import fold, words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mirada.types import Filter, ImageRecord

COLOUR_SHARE: Final = 0.15  # of the image: what has less of it is no red picture


def holds(asked: Filter, record: ImageRecord) -> bool:
    """Whether a record meets a filter.

    What is unknown of it meets neither "=" nor "<" nor ">", but "!=", except that nothing is met
    by a missing date.

    Raises:
        ValueError: the filter has no such field, operator or value.
    """
    condition = condition_of(asked)
    values = [value for source in condition.sources for value in _VALUES[source](record)]
    if condition.only_known and not values:
        return False
    return any(_meets(value, condition.wanted) for value in values) != condition.negated


def _meets(value: Any, wanted: Wanted) -> bool:
    match wanted:
        case Span():
            above = value >= wanted.low if wanted.with_low else value > wanted.low
            below = value <= wanted.high if wanted.with_high else value < wanted.high
            return bool(above and below)
        case Exactly():
            return bool(value == wanted.name)
        case Words():
            return wanted.words in str(words(fold([value]))[0])
        case Part():
            return wanted.text in str(fold([value])[0])
        case Pattern():
            return re.search(wanted.expression, str(fold([value])[0])) is not None


def path_text(absolute: str) -> str:
    """A path between two slashes, so that whole names can be asked for."""
    return f"/{absolute.replace(os.sep, '/').lstrip('/')}/"


def orientation(width: int, height: int) -> str:
    """Of pixels as they are shown."""
    if width == height:
        return "square"
    return "portrait" if height > width else "landscape"


def _colours(record: ImageRecord) -> list[str]:
    if record.facts is None:
        return []
    found = [one.colour for one in record.facts.palette if one.share >= COLOUR_SHARE]
    return [*found, "bw"] if record.facts.black_and_white else found


def place_text(place: str) -> str:
    """A place as English and Spanish speakers name it."""
    spanish = in_spanish(place.rsplit(", ", 1)[-1])
    return f"{place}, {spanish}" if spanish else place


def _of_metadata(
    name: str, turn: Callable[[Any], str | float]
) -> Callable[[ImageRecord], Sequence[str | float]]:
    def values(record: ImageRecord) -> list[str | float]:
        value = getattr(record.metadata, name, None)
        return [] if value is None else [turn(value)]

    return values


_VALUES: Final[Mapping[str, Callable[[ImageRecord], Sequence[str | float]]]] = {
    "captions": lambda record: [one.text for one in record.captions],
    "tags": lambda record: [one.name for one in record.tags if one.state != "rejected"],
    "phrases": lambda record: [one.text for one in record.phrases],
    "text_lines": lambda record: [one.text for one in record.text_lines],
    "keywords": lambda record: record.metadata.keywords if record.metadata else (),
    "paths": lambda record: [
        path_text(os.fsencode(file.path).decode("utf-8", "replace")) for file in record.files
    ],
    "color": _colours,
    "orientation": lambda record: [orientation(record.width, record.height)],
    "format": lambda record: [record.format.lower()],
    "size": lambda record: [float(file.size) for file in record.files[:1]],
    "width": lambda record: [float(record.width)],
    "height": lambda record: [float(record.height)],
    "day": _of_metadata("taken_at", lambda taken: float(day_number(taken))),
    "place": _of_metadata("place", place_text),
    **{name: _of_metadata(name, str) for name in ("title", "description", "camera", "lens")},
    **{name: _of_metadata(name, float) for name in ("rating", "iso", "f_number", "focal_length")},
}
"""Source -> its values in a record, of which any number may be unknown."""
