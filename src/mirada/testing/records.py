"""Records and vectors for tests, all made from names and numbers."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mirada.types import (
    Box,
    Caption,
    Facts,
    ImageRecord,
    Keyphrase,
    Metadata,
    Region,
    SourceFile,
    Swatch,
    Tag,
    TextLine,
)

if TYPE_CHECKING:
    from mirada.types import Vector

DIM = 4  # of the stores that a contract examines
ENCODER = "test/1"  # the encoder that they name

SEEN_AT = datetime(2024, 5, 17, 8, 30, 15, 250_000, tzinfo=UTC)
FOLDER = Path(os.sep).absolute() / "pictures"


def record_of(name: str, *more: str) -> ImageRecord:
    """A record whose id and files follow from names, in the order that records keep."""
    return ImageRecord(
        image_id=sha256(os.fsencode(name)).hexdigest(),
        files=tuple(file_at(one) for one in sorted((name, *more), key=os.fsencode)),
        width=640,
        height=480,
        format="JPEG",
        indexed_at=SEEN_AT,
    )


def described(record: ImageRecord) -> ImageRecord:
    """The record with something in every part of its description."""
    dog = Tag("dog", 0.9, "model")
    collar = Tag("red collar", 0.75, "user", "accepted")
    caption = Caption("a dog with a red collar", "en", 0.8)
    return replace(
        record,
        models={"facts": "facts/1", "tags": "tags/1, test/1"},
        facts=Facts((Swatch("red", 0.4), Swatch("white", 0.25)), False, 0.5, 0.625, "00ff" * 4),
        metadata=Metadata(
            taken_at=datetime(2021, 7, 4, 15, 30, tzinfo=timezone(timedelta(hours=-4))),
            taken_from="exif",
            iso=200,
            exposure_time=0.004,
            place="Havana, La Habana, Cuba",
            rating=5,
            keywords=("holiday", "Año Nuevo"),
        ),
        regions=(
            Region(Box(0, 0, 0.75, 0.5), unit(1, 1, 0, 0), 0.7, (dog,), (), (Swatch("red", 1.0),)),
            Region(Box(0.5, 0.5, 0.75, 0.75), unit(0, 1, 0, 0), 0.9, (collar,), (caption,)),
        ),
        tags=(dog, collar),
        captions=(caption, Caption("un perro con un collar rojo", "es", 0.7)),
        phrases=(Keyphrase("red collar", "adjective_noun", "caption"),),
        text_lines=(TextLine('say "woof"', Box(0.1, 0.2, 0.3, 0.4), 0.99),),
    )


def file_at(name: str) -> SourceFile:
    """A file of that name in a folder of pictures."""
    return SourceFile(FOLDER / name, size=1_000 + len(name), mtime_ns=1_700_000_000_123_456_789)


def unit(*numbers: float) -> Vector:
    """These numbers, scaled to a vector of unit length."""
    vector = np.array(numbers, np.float32)
    return vector / np.float32(np.linalg.norm(vector))
