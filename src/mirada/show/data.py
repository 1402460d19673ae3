"""A record as plain data, with the field names of `mirada.types`, ready for `json.dumps`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from mirada.types import ImageRecord

DIGITS: Final = 4  # of probabilities, shares and coordinates of boxes
EXACT: Final = frozenset({"latitude", "longitude", "exposure_time", "f_number", "focal_length"})


def record_as_data(record: ImageRecord) -> dict[str, Any]:
    """All that is known of a picture but vectors and masks; times in ISO 8601, paths as text."""
    return _of_fields(record)


def _of_fields(value: Any) -> dict[str, Any]:
    named = ((field.name, getattr(value, field.name)) for field in fields(value))
    return {
        name: _plain(part, exact=name in EXACT)
        for name, part in named
        if not isinstance(part, np.ndarray)
    }


def _plain(value: Any, *, exact: bool = False) -> Any:
    match value:
        case float() | np.floating():
            return _finite(float(value) if exact else round(float(value), DIGITS))
        case datetime():
            return value.isoformat()
        case Path():
            return str(value)
        case Mapping():
            return {str(key): _plain(part) for key, part in value.items()}
        case list() | tuple():
            return [_plain(part) for part in value]
        case _:
            return _of_fields(value) if is_dataclass(value) else value


def _finite(value: float) -> float | None:
    """JSON has no other numbers."""
    return value if math.isfinite(value) else None
