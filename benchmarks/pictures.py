"""Pictures and vectors to measure with: generated, so that anyone can repeat the run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from mirada.types import ImageRecord, Matrix, SourceFile

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def write_photos(folder: Path, count: int, *, width: int, height: int) -> list[Path]:
    """JPEGs of 1/f noise, whose spectrum (and so whose decoding cost) is near that of photos."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:04d}.jpg" for number in range(count)]
    base = _pink_noise(rng, width, height)
    for number, path in enumerate(paths):
        shifted = np.roll(base, (number * 37 % height, number * 91 % width), axis=(0, 1))
        # 12 megapixels: about 4 MB, as phones do; the comment makes each a picture of its own
        Image.fromarray(shifted).save(path, quality=80, comment=str(number))
    return paths


def clustered_vectors(count: int, dim: int, *, seed: int) -> Matrix:
    """(count, dim) unit rows around one centre for every 50 of them, as vectors of photos lie."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(1).normal(size=(2000, dim))
    rows = centres[rng.integers(len(centres), size=count)] + 0.7 * rng.normal(size=(count, dim))
    unit: Matrix = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def records(folder: Path, count: int) -> list[ImageRecord]:
    """Records of pictures that need not exist."""
    return [
        ImageRecord(
            image_id=f"{number:064x}",
            files=(SourceFile(folder / f"{number:06d}.jpg", 1000, number),),
            width=640,
            height=480,
            format="JPEG",
            indexed_at=NOW,
        )
        for number in range(count)
    ]


def _pink_noise(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    frequencies = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    frequencies[0, 0] = 1.0
    channels = []
    for _ in range(3):
        phases = np.exp(2j * np.pi * rng.random(frequencies.shape))
        channel = np.fft.irfft2(phases / frequencies, s=(height, width))
        spread = (channel - channel.mean()) / channel.std()
        channels.append(np.clip(128 + 50 * spread, 0, 255))
    return np.stack(channels, axis=-1).astype(np.uint8)
