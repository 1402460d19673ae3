"""What the tables look like on disk, and the words their metadata uses."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from mirada.store.described import DESCRIBED, REGION_PARTS

SCHEMA_VERSION: Final = 2  # raise it with a step in migrate.py

IMAGES: Final = "images.lance"
REGIONS: Final = "regions.lance"

VERSION_KEY: Final = b"mirada.schema_version"
ENCODER_KEY: Final = b"mirada.encoder"


def images_schema(encoder: str, dim: int) -> pa.Schema:
    """One row an image, keyed by `image_id`."""
    return pa.schema(
        [
            pa.field("image_id", pa.string(), nullable=False),
            pa.field("files", pa.list_(file_type()), nullable=False),
            pa.field("width", pa.int32(), nullable=False),
            pa.field("height", pa.int32(), nullable=False),
            pa.field("format", pa.string(), nullable=False),
            pa.field("indexed_at", pa.timestamp("us", tz="UTC"), nullable=False),
            pa.field("vector", pa.list_(pa.float32(), dim), nullable=False),
            # regions count only when they carry the rev of their image's row: the two tables
            # have no transaction in common, so the image is written last, as the commit mark
            pa.field("rev", pa.string(), nullable=False),
            *(pa.field(name, kind) for name, kind in DESCRIBED.items()),
            pa.field("terms", pa.string()),  # words to find it by, for BM25
        ],
        metadata=_metadata(encoder),
    )


def regions_schema(encoder: str, dim: int) -> pa.Schema:
    """One row a region of an image; filters ask for places by centre and area."""
    numbers = ("x0", "y0", "x1", "y1", "cx", "cy", "area", "confidence")
    return pa.schema(
        [
            pa.field("image_id", pa.string(), nullable=False),
            pa.field("rev", pa.string(), nullable=False),
            *(pa.field(name, pa.float64(), nullable=False) for name in numbers),
            pa.field("vector", pa.list_(pa.float32(), dim), nullable=False),
            *(pa.field(name, kind) for name, kind in REGION_PARTS.items()),
        ],
        metadata=_metadata(encoder),
    )


def file_type() -> pa.StructType:
    """A file of an image: `path` holds bytes, for names need not be UTF-8."""
    return pa.struct([("path", pa.binary()), ("size", pa.int64()), ("mtime_ns", pa.int64())])


def _metadata(encoder: str) -> dict[bytes, bytes]:
    return {VERSION_KEY: str(SCHEMA_VERSION).encode(), ENCODER_KEY: encoder.encode()}
