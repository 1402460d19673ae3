"""Vectors of texts on common subjects, kept: every search needs them, and a large model is slow."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mirada.paths import cache_folder
from mirada.vocabulary.subjects import subjects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.types import Matrix

FOLDER = "distractors"  # in the cache folder


class _Encoder(Protocol):
    name: str
    dim: int
    digest: str

    def encode_texts(self, texts: Sequence[str]) -> Matrix: ...


def kept_distractors(encoder: _Encoder) -> Matrix:
    """(n, dim) unit rows of `subjects`, from the user's cache or else encoded and kept there."""
    texts = subjects()
    told = "\n".join((encoder.name, encoder.digest, *texts))
    path = cache_folder() / FOLDER / f"{sha256(told.encode()).hexdigest()[:32]}.npy"
    with suppress(OSError, ValueError, EOFError):  # none yet, or damaged: made again
        kept = np.load(path, allow_pickle=False)
        if kept.shape == (len(texts), encoder.dim) and kept.dtype == np.float32:
            return np.asarray(kept, np.float32)
    rows = encoder.encode_texts(texts)
    with suppress(OSError):  # a cache that cannot be written costs time alone
        _write(path, rows)
    return rows


def _write(path: Path, rows: Matrix) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        np.save(file, rows, allow_pickle=False)
    Path(file.name).replace(path)
