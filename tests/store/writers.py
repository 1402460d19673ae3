"""What the processes of the store's tests do; spawned, for Lance does not survive a fork."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from mirada.store.lance import LanceStore
from mirada.testing import DIM, ENCODER, record_of, unit


def write_until_killed(home: Path) -> None:
    """Put one record after the other; print the number of each once it is acknowledged."""
    store = LanceStore.create(home, encoder=ENCODER, dim=DIM)
    for number in range(len(store), 10_000):
        store.put([record_of(f"{number}.jpg")], np.stack([unit(1, number, 0, 0)]))
        print(number, flush=True)
        if number % 7 == 6:
            store.optimize()


if __name__ == "__main__":
    write_until_killed(Path(sys.argv[1]))
