"""The whole description of a picture against its vector alone, on the same files."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.pictures import write_photos
from mirada.config import Settings
from mirada.indexing.describe import Describer
from mirada.indexing.indexer import index_folders
from mirada.indexing.steps import make_describer
from mirada.models.small import SmallEncoder
from mirada.store.lance import LanceStore

ROUNDS = 5
COUNT = 100
SIZE = (500, 375)


def main() -> None:
    """Print images a second of both, their ratio, and where the time of the whole goes."""
    encoder, settings = SmallEncoder(), Settings()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        photos = write_photos(place / "photos", COUNT, width=SIZE[0], height=SIZE[1])
        whole = make_describer(settings.roles, settings, encoder, place)
        nothing = Describer({})
        write_photos(place / "few", 2, width=SIZE[0], height=SIZE[1])
        for turn, describer in enumerate((nothing, whole)):  # load the models
            _seconds(place / "few", encoder, describer, place / f"few-{turn}")
        whole.seconds.clear()
        pairs = [
            (
                _seconds(place / "photos", encoder, nothing, place / f"vectors-{turn}"),
                _seconds(place / "photos", encoder, whole, place / f"whole-{turn}"),
            )
            for turn in range(ROUNDS)
        ]
    ratios = sorted(vectors / described for vectors, described in pairs)
    count = len(photos)
    print(
        f"  {SIZE[0]} x {SIZE[1]} px: vectors alone "
        f"{count / median(a for a, _ in pairs):.1f} images/s, everything "
        f"{count / median(b for _, b in pairs):.1f} images/s, "
        f"ratio {median(ratios):.2f} [{ratios[0]:.2f}-{ratios[-1]:.2f}]"
    )
    each = {role: 1000 * spent / (ROUNDS * count) for role, spent in whole.seconds.items()}
    print("  ms an image and thread: " + ", ".join(f"{r} {ms:.1f}" for r, ms in each.items()))


def _seconds(photos: Path, encoder: SmallEncoder, describer: Describer, home: Path) -> float:
    store = LanceStore.create(home, encoder=encoder.name, dim=encoder.dim)
    started = time.perf_counter()
    index_folders([photos], store, encoder, describer)
    return time.perf_counter() - started
