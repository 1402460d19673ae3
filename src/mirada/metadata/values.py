"""Small values that several kinds of metadata share, cleaned of what programs leave in them."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_TEXT = 20_000  # characters of one value; the longest captions of archives have some thousands

_COMPANY = re.compile(
    r"\b(corporation|corp|company|co|ltd|inc|gmbh|ag|imaging|optical|electronics|technology)\b[.,]*",
    re.IGNORECASE,
)


def clean(text: object) -> str | None:
    """Text on one line without control characters; None when nothing is left."""
    if not isinstance(text, str):
        return None
    printable = "".join(c if c.isprintable() else " " for c in text[:MAX_TEXT])
    return " ".join(printable.split()) or None


def unique(words: Iterable[str | None]) -> tuple[str, ...]:
    """Cleaned words in order, each once whatever its case."""
    seen: dict[str, str] = {}
    for word in words:
        if cleaned := clean(word):
            seen.setdefault(cleaned.casefold(), cleaned)
    return tuple(seen.values())


def camera_name(make: str | None, model: str | None) -> str | None:
    """Maker and model without the maker twice: "Canon EOS 80D", "Apple iPhone 12"."""
    make = clean(_COMPANY.sub(" ", make)) if make else None
    make = clean(make.strip(" ,.")) if make else None
    model = clean(model)
    if not (make and model):
        return make or model
    if model.casefold().startswith(make.split()[0].casefold()):
        return model
    return f"{make} {model}"


def finite(value: object) -> float | None:
    """A number that can be counted with; None for 1/0, text and the like."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def positive(value: object) -> float | None:
    """A finite number above zero."""
    number = finite(value)
    return number if number is not None and number > 0 else None


def position(latitude: float | None, longitude: float | None) -> tuple[float, float] | None:
    """Degrees of a place on Earth; None off its surface and at 0, 0, where unset receivers are."""
    if latitude is None or longitude is None:
        return None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180) or (latitude, longitude) == (0, 0):
        return None
    return round(latitude, 7), round(longitude, 7)  # a centimetre


def stars(value: object) -> int | None:
    """A rating from -1 (rejected) to 5."""
    number = finite(value)
    if number is None or not -1 <= number <= 5:
        return None
    return round(number)


def place_name(*parts: str | None) -> str | None:
    """Town, region and country, from near to far, each once."""
    return ", ".join(unique(parts)) or None
