"""`mirada search` from process start to printed result, against importing its libraries."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.pictures import clustered_vectors, records
from mirada.models.small import SmallEncoder
from mirada.store.lance import LanceStore

ROUNDS = 15
IMAGES = 5_000


def main() -> None:
    """Print the median of both and the median ratio of pairs taken in turn."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, ".mirada")
        encoder = SmallEncoder()
        store = LanceStore.create(home, encoder=encoder.name, dim=encoder.dim)
        store.put(records(Path(folder), IMAGES), clustered_vectors(IMAGES, encoder.dim, seed=0))
        store.optimize()
        search = [sys.executable, "-m", "mirada", "search", "a dog on a beach", "--home", str(home)]
        imports = [sys.executable, "-c", "import numpy, onnxruntime, lance"]
        for command in (search, imports):
            seconds(command)
        pairs = [(seconds(search), seconds(imports)) for _ in range(ROUNDS)]
    ratios = sorted(a / b for a, b in pairs)
    print(
        f"  search over {IMAGES:,} images {median(a for a, _ in pairs):.2f} s, "
        f"imports alone {median(b for _, b in pairs):.2f} s, "
        f"ratio {median(ratios):.2f} [{ratios[0]:.2f}-{ratios[-1]:.2f}]"
    )


def seconds(command: list[str]) -> float:
    """Wall time of a process that must succeed."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started
