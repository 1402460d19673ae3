"""Records with something in every field, for tests."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path

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

INDEXED = datetime(2026, 3, 9, 21, 5, tzinfo=UTC)
TAKEN = datetime(2024, 5, 17, 10, 30, tzinfo=timezone(timedelta(hours=2)))
ROLES = ("facts", "metadata", "regions", "tags", "captions", "text", "phrases")
MODELS = {role: f"{role}-model/1" for role in ROLES}

FACTS = Facts(
    (Swatch("green", 0.6), Swatch("dark blue", 0.3)), False, 0.62, 0.48, "00ff00ff00ff00ff"
)
METADATA = Metadata(
    taken_at=TAKEN,
    taken_from="exif",
    camera="Canon EOS 5D",
    lens="EF 50mm",
    iso=400,
    f_number=2.8,
    exposure_time=0.004,
    focal_length=50.0,
    latitude=23.13302,
    longitude=-82.38304,
    place="Havana, Cuba",
    rating=4,
    title="Malecón",
    keywords=("sea", "wall"),
)
DOG = (Tag("dog", 0.97, "region"), Tag("animal", 0.6, "region"))


def bare_record(path: Path = Path("/pictures/a.jpg"), *copies: Path) -> ImageRecord:
    """What an index holds of a picture that only has a vector."""
    files = tuple(SourceFile(one, 1_300_000, 1) for one in (path, *copies))
    return ImageRecord(sha256(os.fsencode(path)).hexdigest(), files, 96, 64, "PNG", INDEXED)


def full_record(path: Path = Path("/pictures/a.jpg"), *copies: Path) -> ImageRecord:
    """Two regions, five tags from four sources, two captions, a line of text, all else once."""
    bare = bare_record(path, *copies)
    return ImageRecord(
        bare.image_id,
        bare.files,
        bare.width,
        bare.height,
        bare.format,
        bare.indexed_at,
        models=MODELS,
        facts=FACTS,
        metadata=METADATA,
        regions=(
            region(Box(0.25, 0.25, 0.75, 0.75), *DOG, caption="a brown dog"),
            region(Box(0.5, 0.5, 1.0, 1.0)),
        ),
        tags=(
            Tag("Oma", 1.0, "user", "accepted"),
            Tag("beach", 0.92, "model"),
            *DOG[:1],
            Tag("ball", 0.55, "caption"),
            Tag("snow", 0.31, "model", "rejected"),
        ),
        captions=(
            Caption("A dog runs on a beach.", "en", 0.83),
            Caption("Un perro corre por la playa.", "es", 0.74),
        ),
        phrases=(Keyphrase("brown dog", "adjective_noun", "region"),),
        text_lines=(TextLine("STOP", Box(0.1, 0.1, 0.3, 0.2), 0.93),),
    )


def region(box: Box, *tags: Tag, caption: str | None = None) -> Region:
    """A region with that box; its palette is a third brown."""
    captions = (Caption(caption, "en", 0.41),) if caption else ()
    vector = np.array([1, 0, 0], np.float32)
    return Region(box, vector, 0.5, tags, captions, (Swatch("brown", 0.33),))
