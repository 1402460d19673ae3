"""Turns records into rows of the images table and back."""

from __future__ import annotations

import os
import re
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mirada.config import HOME_NAME
from mirada.store.described import DESCRIBED, described_columns, described_from
from mirada.store.schema import file_type, images_schema
from mirada.store.terms import terms_of
from mirada.types import ImageRecord, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mirada.types import Matrix, Vector

RECORD_COLUMNS = ["image_id", "files", "width", "height", "format", "indexed_at", *DESCRIBED]

UNIT_TOLERANCE = 1e-3  # of a vector's length; float16 models stay within it

_IMAGE_ID = re.compile(r"[0-9a-f]{64}")


class PathCodec:
    """Writes paths as bytes: those under the folder that holds `home` relative to it.

    A library can so be moved together with its `.mirada`, whether the tables lie there or in a
    folder below; everywhere else paths are absolute.
    """

    def __init__(self, home: Path) -> None:
        whole = home.absolute()
        around = (one for one in (whole, *whole.parents) if one.name == HOME_NAME)
        base = next((str(one.parent) for one in around), None)
        self._base = base and base.rstrip(os.sep) + os.sep

    def encode(self, path: Path) -> bytes:
        """The bytes to store for an absolute path."""
        text = str(path)
        if not os.path.isabs(text):
            raise ValueError(f"not an absolute path: {text!r}")
        if self._base and text.startswith(self._base):
            relative = text[len(self._base) :]
            if not os.path.isabs(relative):
                return os.fsencode(relative.replace(os.sep, "/"))
        return os.fsencode(text)

    def decode(self, stored: bytes) -> Path:
        """The absolute path that these bytes stand for."""
        text = os.fsdecode(stored)
        if self._base and not os.path.isabs(text):
            text = self._base + text.replace("/", os.sep)
        return Path(text)

    def texts(self, stored: pa.Array) -> pa.Array:
        """The absolute paths of many, as text; what is no UTF-8 is replaced."""
        try:
            texts = stored.cast(pa.string())
        except pa.ArrowInvalid:
            each = [path.decode("utf-8", "replace") for path in stored.to_pylist()]
            texts = pa.array(each, pa.string())
        if not self._base:
            return texts
        base = os.fsencode(self._base).decode("utf-8", "replace")
        inside = pa.array([not os.path.isabs(text) for text in texts.to_pylist()], pa.bool_())
        return pc.if_else(inside, pc.binary_join_element_wise(base, texts, ""), texts)


def is_image_id(text: str) -> bool:
    """Whether it is a sha256 in hexadecimal, so that it can stand in a filter."""
    return _IMAGE_ID.fullmatch(text) is not None


def in_order(files: Iterable[SourceFile]) -> tuple[SourceFile, ...]:
    """Files sorted by the bytes of their paths."""
    return tuple(sorted(files, key=lambda file: os.fsencode(file.path)))


def check_vectors(vectors: Matrix, *, rows: int, dim: int) -> None:
    """Refuse vectors that don't belong to `rows` records or aren't finite unit rows of `dim`."""
    if vectors.shape != (rows, dim):
        raise ValueError(f"expected vectors of shape {(rows, dim)}, not {vectors.shape}")
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    if not np.all(np.abs(lengths - 1) <= UNIT_TOLERANCE):  # also false where a number is not finite
        raise ValueError("vectors must be finite and of unit length")


def check_query(vector: Vector, *, dim: int) -> None:
    """Refuse a query vector that is not `dim` finite numbers; its length may be any."""
    if vector.shape != (dim,):
        raise ValueError(f"expected a vector of shape {(dim,)}, not {vector.shape}")
    if not np.all(np.isfinite(vector)):
        raise ValueError("the query vector must be finite")


def check_queries(vectors: Matrix, *, dim: int) -> None:
    """Refuse query vectors that are not rows of `dim` finite numbers."""
    if vectors.ndim != 2:
        raise ValueError(f"expected vectors of shape (n, {dim}), not {vectors.shape}")
    for vector in vectors:
        check_query(vector, dim=dim)


def check_records(records: Sequence[ImageRecord]) -> None:
    """Refuse records that could not be found again."""
    ids = [record.image_id for record in records]
    if len({*ids}) != len(ids):
        raise ValueError("the same image id comes twice in one write")
    for record in records:
        if not is_image_id(record.image_id):
            raise ValueError(f"not a sha256 in hexadecimal: {record.image_id!r}")
        if not record.files:
            raise ValueError(f"image {record.image_id} has no file")
        if record.indexed_at.tzinfo is None:
            raise ValueError(f"image {record.image_id}: indexed_at has no time zone")


def rows_from(
    records: Sequence[ImageRecord], vectors: Matrix, *, rev: str, codec: PathCodec
) -> pa.Table:
    """Rows of the images table, in order; the arguments have been checked."""
    schema = images_schema("", vectors.shape[1]).remove_metadata()
    flat = np.ascontiguousarray(vectors, dtype=np.float32).ravel()
    columns = [
        pa.array([record.image_id for record in records], pa.string()),
        files_column([record.files for record in records], codec),
        pa.array([record.width for record in records], pa.int32()),
        pa.array([record.height for record in records], pa.int32()),
        pa.array([record.format for record in records], pa.string()),
        pa.array([record.indexed_at.astimezone(UTC) for record in records], schema.field(5).type),
        pa.FixedSizeListArray.from_arrays(pa.array(flat), vectors.shape[1]),
        pa.array([rev] * len(records), pa.string()),
        *described_columns(records),
        pa.array([terms_of(record) for record in records], pa.string()),
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def files_column(files: Sequence[Iterable[SourceFile]], codec: PathCodec) -> pa.Array:
    """The `files` column for one group of files a row, each group sorted."""
    return pa.array(
        [
            [(codec.encode(file.path), file.size, file.mtime_ns) for file in in_order(group)]
            for group in files
        ],
        pa.list_(file_type()),
    )


def records_from(rows: pa.Table, codec: PathCodec) -> list[ImageRecord]:
    """The records of rows with RECORD_COLUMNS; their regions lie in another table."""
    return [
        ImageRecord(
            image_id=row["image_id"],
            files=tuple(_file(codec, **file) for file in row["files"]),
            width=row["width"],
            height=row["height"],
            format=row["format"],
            indexed_at=row["indexed_at"].replace(tzinfo=UTC),
            **described_from(row),
        )
        for row in rows.to_pylist()
    ]


def files_from(batch: pa.RecordBatch, codec: PathCodec) -> Iterator[tuple[SourceFile, str]]:
    """Every file of a batch with `image_id` and `files`, with the id of its image."""
    groups = batch.column("files")
    ids = batch.column("image_id").take(groups.value_parent_indices()).to_pylist()
    paths, sizes, times = (field.to_pylist() for field in groups.flatten().flatten())
    for path, size, mtime_ns, image_id in zip(paths, sizes, times, ids, strict=True):
        yield SourceFile(codec.decode(path), size, mtime_ns), image_id


def matrix_from(column: pa.Array | pa.ChunkedArray, dim: int) -> Matrix:
    """(n, dim) numbers of a vector column; read-only where it needs no copy."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    matrix: Matrix = whole.flatten().to_numpy(zero_copy_only=False).reshape(-1, dim)
    return matrix


def _file(codec: PathCodec, path: bytes, size: int, mtime_ns: int) -> SourceFile:
    return SourceFile(codec.decode(path), size, mtime_ns)
