"""Columns for what an image's description holds, and the way from values to columns and back."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from mirada.types import Box, Caption, Facts, Keyphrase, Metadata, Swatch, Tag, TextLine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.types import ImageRecord

_BOX: Final = pa.struct([(name, pa.float64()) for name in ("x0", "y0", "x1", "y1")])
_SWATCHES: Final = pa.list_(pa.struct([("colour", pa.string()), ("share", pa.float64())]))
_TAGS: Final = pa.list_(
    pa.struct(
        [
            ("name", pa.string()),
            ("confidence", pa.float64()),
            ("source", pa.string()),
            ("state", pa.string()),
        ]
    )
)
_CAPTIONS: Final = pa.list_(
    pa.struct([("text", pa.string()), ("language", pa.string()), ("confidence", pa.float64())])
)

REGION_PARTS: Final = {"tags": _TAGS, "captions": _CAPTIONS, "palette": _SWATCHES}

DESCRIBED: Final = {
    "models": pa.list_(pa.struct([("role", pa.string()), ("name", pa.string())])),
    "facts": pa.struct(
        [
            ("palette", _SWATCHES),
            ("black_and_white", pa.bool_()),
            ("sharpness", pa.float64()),
            ("brightness", pa.float64()),
            ("fingerprint", pa.string()),
        ]
    ),
    "metadata": pa.struct(
        [
            ("taken_at", pa.string()),  # ISO 8601: with an offset where the time zone is known
            ("taken_from", pa.string()),
            ("camera", pa.string()),
            ("lens", pa.string()),
            ("iso", pa.int64()),
            ("f_number", pa.float64()),
            ("exposure_time", pa.float64()),
            ("focal_length", pa.float64()),
            ("latitude", pa.float64()),
            ("longitude", pa.float64()),
            ("place", pa.string()),
            ("rating", pa.int64()),
            ("title", pa.string()),
            ("description", pa.string()),
            ("keywords", pa.list_(pa.string())),
        ]
    ),
    "tags": _TAGS,
    "captions": _CAPTIONS,
    "phrases": pa.list_(
        pa.struct([("text", pa.string()), ("kind", pa.string()), ("source", pa.string())])
    ),
    "text_lines": pa.list_(
        pa.struct([("text", pa.string()), ("box", _BOX), ("confidence", pa.float64())])
    ),
}
"""Columns of the images table -> their types; null until the role has looked."""


def plain(value: Any) -> Any:
    """The value as dictionaries, lists and numbers, as Arrow takes them."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    if hasattr(value, "__dataclass_fields__"):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return value


def described_columns(records: Sequence[ImageRecord]) -> list[pa.Array]:
    """One array for each of DESCRIBED, in order."""
    models = [
        [{"role": role, "name": name} for role, name in sorted(record.models.items())]
        for record in records
    ]
    columns = [pa.array(models, DESCRIBED["models"])]
    for name, kind in DESCRIBED.items():
        if name != "models":
            values = [plain(getattr(record, name)) for record in records]
            columns.append(pa.array(values, kind))
    return columns


def described_from(row: dict[str, Any]) -> dict[str, Any]:
    """The fields of an ImageRecord that a row of DESCRIBED holds."""
    return {
        "models": models_from(row["models"]),
        "facts": _facts(row["facts"]),
        "metadata": _metadata(row["metadata"]),
        "tags": tags_from(row["tags"]),
        "captions": captions_from(row["captions"]),
        "phrases": tuple(Keyphrase(**one) for one in row["phrases"] or ()),
        "text_lines": tuple(_text_line(**one) for one in row["text_lines"] or ()),
    }


def models_from(value: list[dict[str, str]] | None) -> dict[str, str]:
    """Role -> what described it."""
    return {one["role"]: one["name"] for one in value or ()}


def tags_from(value: list[dict[str, Any]] | None) -> tuple[Tag, ...]:
    """Tags, in the order they were stored."""
    return tuple(Tag(**one) for one in value or ())


def captions_from(value: list[dict[str, Any]] | None) -> tuple[Caption, ...]:
    """Captions, in the order they were stored."""
    return tuple(Caption(**one) for one in value or ())


def palette_from(value: list[dict[str, Any]] | None) -> tuple[Swatch, ...]:
    """Swatches, in the order they were stored."""
    return tuple(Swatch(**one) for one in value or ())


def _facts(value: dict[str, Any] | None) -> Facts | None:
    return Facts(**value | {"palette": palette_from(value["palette"])}) if value else None


def _metadata(value: dict[str, Any] | None) -> Metadata | None:
    if value is None:
        return None
    taken = value["taken_at"]
    typed = {
        "taken_at": datetime.fromisoformat(taken) if taken else None,
        "keywords": tuple(value["keywords"] or ()),
    }
    return Metadata(**value | typed)


def _text_line(text: str, box: dict[str, float], confidence: float) -> TextLine:
    return TextLine(text, Box(**box), confidence)
