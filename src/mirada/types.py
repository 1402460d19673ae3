"""The nouns of mirada: frozen values that every step of the pipeline passes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

Vector: TypeAlias = NDArray[np.float32]
"""(dim,), of unit length."""
Matrix: TypeAlias = NDArray[np.float32]
"""(n, dim), rows of unit length."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file on disk as the scan saw it."""

    path: Path  # absolute; may hold surrogate escapes where the name is not UTF-8
    size: int  # bytes
    mtime_ns: int  # nanoseconds since the epoch


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that could not be used, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """The stored document of one image: copies of the same bytes share it."""

    image_id: str  # sha256 of the file's bytes, hexadecimal
    files: tuple[SourceFile, ...]  # every place where these bytes lie, sorted by path
    width: int  # pixels, after orientation
    height: int  # pixels, after orientation
    format: str  # JPEG, PNG, WEBP ... as Pillow names it
    indexed_at: datetime  # UTC

    @property
    def path(self) -> Path:
        """The first of its paths."""
        return self.files[0].path


@dataclass(frozen=True, slots=True)
class Ranking:
    """Image ids best first, with scores comparable only inside this ranking."""

    source: str
    ids: tuple[str, ...]
    scores: NDArray[np.float32]  # (n,), falling


@dataclass(frozen=True, slots=True)
class Hit:
    """One image that answers a query."""

    record: ImageRecord
    rank: int  # from 1
    score: float  # orders the results
    confidence: float | None  # probability in [0, 1] that it matches; None: nothing to judge by


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the scores of one encoder turn into probabilities; see `mirada.search.calibrate`."""

    distractors: Matrix  # vectors of texts on common subjects
    temperature: float  # of the soft maximum over them, in units of the score
    scale: float  # of the logistic
    offset: float
    prior: float  # share of matching pairs that the logistic was fitted for
