"""Pictures of flat colours with captions, encoders that count their work, and an experiment."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests import photos
from tests.conftest import REPOSITORY
from tests.fakes import ColourEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from mirada.types import Matrix

LOG = "COUNTING_LOG"  # variable: file that gets a line for each picture encoded
SLOW = "COUNTING_SECONDS"  # variable: seconds a text
COLOURS = {"red": (230, 20, 20), "green": (20, 230, 20), "blue": (20, 20, 230)}
SHADES = (0, 20, 40)

EXPERIMENT = """
name = "Colours"

[[datasets]]
folder = "shades"

[grid]
encoders = ["counting"]
segmenters = ["grid", "none"]
captioners = ["none"]
rerank = [false, true]

[report]
measures = ["R@5", "RR"]
baseline = { segmenter = "none", rerank = false }
"""


class CountingEncoder(ColourEncoder):
    """Knows colours, and notes each picture that it looks at."""

    name = "counting/1"

    def encode_images(self, images: Sequence[Image]) -> Matrix:
        with Path(os.environ[LOG]).open("a") as log:
            log.write("picture\n" * len(images))
        return super().encode_images(images)

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        time.sleep(float(os.environ.get(SLOW, "0")) if len(texts) == 1 else 0)
        return super().encode_texts(texts)


class BlindEncoder(CountingEncoder):
    """Sees no difference between pictures."""

    name = "blind/1"

    def encode_images(self, images: Sequence[Image]) -> Matrix:
        return super().encode_images([photos.flat(photos.WHITE, (8, 8)) for _ in images])


def write_plugin(site: Path) -> str:
    """A PYTHONPATH on which a package offers both encoders."""
    info = site / "counting-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: counting\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[mirada.encoders]\n"
        "counting = tests.experiments.album:CountingEncoder\n"
        "blind = tests.experiments.album:BlindEncoder\n"
    )
    return os.pathsep.join([str(site), str(REPOSITORY)])


def write_album(folder: Path) -> Path:
    """Nine pictures in `shades` with a caption each, and `grid.toml` beside it; its path."""
    shades = folder / "shades"
    shades.mkdir(parents=True)
    rows = []
    for name, rgb in COLOURS.items():
        for shade in SHADES:
            colour = (rgb[0], rgb[1] + shade // 2, rgb[2] + shade // 2)
            photos.flat(colour, (64, 48)).save(shades / f"{name}{shade}.png")
            captions = [f"a {name} wall", f"{name} paint"]
            rows.append({"file": f"{name}{shade}.png", "captions": captions})
    (shades / "captions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = folder / "grid.toml"
    path.write_text(EXPERIMENT)
    return path
