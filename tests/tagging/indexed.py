"""A small photo library with an index that knows tags, made by hand."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from mirada.types import Caption, ImageRecord, SourceFile, Tag

if TYPE_CHECKING:
    from pathlib import Path

DOG, SEA, CAT = Tag("dog", 0.9, "model"), Tag("sea", 0.8, "region"), Tag("cat", 0.4, "model")
CAPTION = Caption("A dog by the sea.", "en", 0.8)
SPANISH = Caption("Un perro junto al mar.", "es", 0.75)


def seen(path: Path) -> SourceFile:
    """The file as a scan sees it now."""
    status = os.stat(path)
    return SourceFile(path, status.st_size, status.st_mtime_ns)


def record(path: Path, *tags: Tag, captions: tuple[Caption, ...] = (CAPTION,)) -> ImageRecord:
    """What the index knows of a file, with the tags dog, sea and (unsure) cat by default."""
    return ImageRecord(
        image_id=hashlib.sha256(path.read_bytes()).hexdigest(),
        files=(seen(path),),
        width=32,
        height=24,
        format="JPEG",
        indexed_at=datetime(2026, 11, 23, tzinfo=UTC),
        models={"tags": "test/1"},
        tags=tags or (DOG, SEA, CAT),
        captions=captions,
    )


def rejected(tag: Tag) -> Tag:
    return replace(tag, state="rejected")


def accepted(tag: Tag) -> Tag:
    return replace(tag, state="accepted")


def unit(rows: int = 1) -> np.ndarray:
    """Vectors of four dimensions."""
    return np.tile(np.array([[1, 0, 0, 0]], np.float32), (rows, 1))
