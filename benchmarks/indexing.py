"""Indexing end to end against a plain loop: full decode, one image at a time, the same model."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from benchmarks.pictures import write_photos
from mirada.indexing.describe import Describer
from mirada.indexing.indexer import index_folders
from mirada.models.small import SmallEncoder
from mirada.store.lance import LanceStore

ROUNDS = 5
SIZES = {"500 px": (500, 375, 200), "12 megapixels": (4000, 3000, 24)}


def main() -> None:
    """Print images a second of both, and the ratio, for small and large photos."""
    encoder = SmallEncoder()
    with tempfile.TemporaryDirectory() as folder:
        for name, (width, height, count) in SIZES.items():
            photos = write_photos(Path(folder, name), count, width=width, height=height)
            plain(photos[:2], encoder)  # load the model, warm the file cache
            pairs = [
                (plain(photos, encoder), ours(photos, encoder, Path(folder, f"{name}{turn}")))
                for turn in range(ROUNDS)
            ]
            ratios = sorted(a / b for a, b in pairs)
            print(
                f"  {name}: plain loop {count / median(a for a, _ in pairs):.1f} images/s, "
                f"mirada {count / median(b for _, b in pairs):.1f} images/s, "
                f"ratio {median(ratios):.2f} [{ratios[0]:.2f}-{ratios[-1]:.2f}]"
            )


def plain(photos: list[Path], encoder: SmallEncoder) -> float:
    """Seconds of the loop that one would write first; it only decodes and encodes."""
    started = time.perf_counter()
    vectors = []
    for path in photos:
        with Image.open(path) as image:
            vectors.append(encoder.encode_images([image.convert("RGB")])[0])
    np.stack(vectors)
    return time.perf_counter() - started


def ours(photos: list[Path], encoder: SmallEncoder, home: Path) -> float:
    """Seconds of the indexer: scan, hash, decode, encode, write; the vector alone."""
    store = LanceStore.create(home, encoder=encoder.name, dim=encoder.dim)
    started = time.perf_counter()
    index_folders([photos[0].parent], store, encoder, Describer({}))
    return time.perf_counter() - started
