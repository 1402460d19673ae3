"""A whole precise query against the plain search by vectors, over the same collection."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.pictures import clustered_vectors, records
from mirada.models.small import SmallEncoder
from mirada.search.searcher import Searcher
from mirada.store.lance import LanceStore
from mirada.types import Box, ImageRecord, Region, Swatch, Tag
from mirada.vocabulary.presence import load_presence

if TYPE_CHECKING:
    from collections.abc import Callable

IMAGES, REGIONS = 5_000, 15
ROUNDS = 30
QUERIES = (
    "a red car",
    "a dog to the left of a red car",
    "two people next to a bicycle in the top right corner, no dogs",
    "un perro marrón a la derecha de un hombre",
)
NAMES = ("dog", "man", "car", "tree", "grass", "street", "beach", "bicycle", "red", "water")


def main() -> None:
    """Print the median of both and what the precise one costs more."""
    encoder = SmallEncoder()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "index")
        store = LanceStore.create(home, encoder=encoder.name, dim=encoder.dim)
        vectors = clustered_vectors(IMAGES, encoder.dim, seed=0)
        described = _described(records(home, IMAGES), encoder.dim)
        for start in range(0, IMAGES, 500):
            store.put(described[start : start + 500], vectors[start : start + 500])
        store.optimize()
        searcher = Searcher(store, encoder, load_presence(encoder, home))
        plain: list[float] = []
        whole: dict[str, list[float]] = {query: [] for query in QUERIES}
        for turn in range(ROUNDS + 2):  # two to warm up
            for query in QUERIES:
                a = _seconds(partial(_plain, store, encoder, query))
                b = _seconds(partial(searcher.by_text, [query]))
                if turn > 1:
                    plain.append(a)
                    whole[query].append(b)
    base = 1000 * median(plain)
    print(f"  {IMAGES:,} images x {REGIONS} regions: vectors alone {base:.1f} ms")
    for query, seconds in whole.items():
        took = 1000 * median(seconds)
        print(f"  {took:6.1f} ms, 3 times vectors alone {took - 3 * base:+.1f} ms: {query}")


def _plain(store: LanceStore, encoder: SmallEncoder, query: str) -> None:
    ranking = store.nearest(encoder.encode_texts([query])[0], limit=20)
    store.get(ranking.ids)


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _described(plain: list[ImageRecord], dim: int) -> list[ImageRecord]:
    random = np.random.default_rng(0)
    parts = clustered_vectors(len(plain) * REGIONS, dim, seed=2).reshape(len(plain), REGIONS, dim)
    return [
        replace(
            record,
            tags=tuple(Tag(str(one), 0.5, "model") for one in random.choice(NAMES, 3, False)),
            regions=tuple(
                Region(_box(random), vector, 0.5, palette=(Swatch("red", 0.4),)) for vector in own
            ),
        )
        for record, own in zip(plain, parts, strict=True)
    ]


def _box(random: np.random.Generator) -> Box:
    x, y = random.uniform(0, 0.6, 2)
    width, height = random.uniform(0.1, 0.4, 2)
    return Box(float(x), float(y), float(x + width), float(y + height))
