"""Search inside a process, with recall against brute force."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.pictures import clustered_vectors, records
from mirada.store.lance import LanceStore

DIM = 512
QUERIES = 200
LIMIT = 10
BATCH = 10_000


def main() -> None:
    """Print latency, recall@10 and the ratio to a brute-force product in numpy."""
    for count in (5_000, 100_000):
        with tempfile.TemporaryDirectory() as folder:
            measure(count, Path(folder))


def measure(count: int, folder: Path) -> None:
    """Fill a store with `count` vectors, then time every query both ways, in turn."""
    vectors = clustered_vectors(count, DIM, seed=0)
    documents = records(folder, count)
    store = LanceStore.create(folder / ".mirada", encoder="benchmark/1", dim=DIM)
    started = time.perf_counter()
    for start in range(0, count, BATCH):
        store.put(documents[start : start + BATCH], vectors[start : start + BATCH])
    filled = time.perf_counter()
    store.optimize()
    optimized = time.perf_counter()
    ours, brute, found = [], [], 0
    for query in clustered_vectors(QUERIES, DIM, seed=2):
        began = time.perf_counter()
        ranking = store.nearest(query, limit=LIMIT)
        between = time.perf_counter()
        truth = np.argsort(-(vectors @ query), kind="stable")[:LIMIT]
        brute.append(time.perf_counter() - between)
        ours.append(between - began)
        found += len(set(ranking.ids) & {documents[row].image_id for row in truth})
    print(
        f"  {count:,} vectors: written at {count / (filled - started):,.0f} rows/s, "
        f"optimized in {optimized - filled:.1f} s; search {median(ours) * 1000:.2f} ms, "
        f"p95 {np.percentile(ours, 95) * 1000:.2f} ms, "
        f"recall@{LIMIT} {found / QUERIES / LIMIT:.3f}; "
        f"brute force {median(brute) * 1000:.2f} ms, ratio {median(ours) / median(brute):.2f}"
    )
