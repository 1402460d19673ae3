"""Memory of `mirada index` over thousands of pictures: it must not grow with their number."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from benchmarks.pictures import write_photos

COUNT = 5_000
SIZE = (320, 240)
SECONDS = 1.0  # between two looks
PLOT = Path(__file__).parents[1] / "docs" / "indexing-memory.png"


def main() -> None:
    """Index in another process, print its resident memory by quarters of the run, draw it."""
    with tempfile.TemporaryDirectory() as folder:
        write_photos(Path(folder, "photos"), COUNT, width=SIZE[0], height=SIZE[1])
        minutes, megabytes = _watch([sys.executable, "-m", "mirada", "index", f"{folder}/photos"])
    quarters = np.array_split(megabytes, 4)
    told = ", ".join(f"{np.median(quarter):.0f}" for quarter in quarters)
    print(f"  {COUNT:,} images in {minutes[-1]:.1f} min: median MB by quarter {told}")
    print(f"  largest {megabytes.max():.0f} MB; drawn in {PLOT.name}")
    _draw(minutes, megabytes)


def _watch(command: list[str]) -> tuple[np.ndarray, np.ndarray]:
    started, seen = time.monotonic(), []
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as run:
        process = psutil.Process(run.pid)
        while run.poll() is None:
            try:
                resident = process.memory_info().rss / 1e6
            except psutil.NoSuchProcess:
                break
            seen.append(((time.monotonic() - started) / 60, resident))
            time.sleep(SECONDS)
    if run.returncode:
        sys.exit(f"indexing failed with status {run.returncode}")
    minutes, megabytes = np.array(seen).T
    return minutes, megabytes


def _draw(minutes: np.ndarray, megabytes: np.ndarray) -> None:
    import matplotlib.pyplot as plt  # noqa: PLC0415 of the extra `train`

    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    axes.plot(minutes, megabytes, linewidth=1.2)
    axes.set(
        xlabel="minutes",
        ylabel="resident MB",
        title=f"mirada index, {COUNT:,} pictures, all roles",
        ylim=(0, None),
    )
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(PLOT, dpi=110)
