"""A training set of coloured shapes and a recipe small enough for a test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from mirada.training.recipe import Blocks, Recipe, Schedule, TextConfig, VisionConfig, Vocabulary

if TYPE_CHECKING:
    from pathlib import Path

COLOURS = {"red": (220, 30, 30), "green": (30, 180, 30), "blue": (30, 30, 220), "white": (250,) * 3}
SHAPES = ("ball", "box", "bar")
PLACES = ("top", "bottom")

TINY = Recipe(
    pretrained=False,
    languages=("en",),
    vision=VisionConfig(32, 8, (Blocks(1, 3, 1, 1, 8), Blocks(2, 3, 2, 2, 16)), 32),
    cut=1,
    views=("full", "flip"),
    text=TextConfig(rank=16, width=32, layers=2, heads=2, inner=64, length=16),
    vocabulary=Vocabulary(learnt=120),
    dim=16,
    image_hidden=32,
    text_hidden=32,
    image_dropout=(0.1, 0.0),
    text_dropout=(0.1, 0.0),
    heads=Schedule(4, 12, 1e-2, table_rate=1e-2, layer_rate=1e-2),
    tail=Schedule(2, 12, 3e-3, tail_rate=1e-3),
    settle=Schedule(2, 12, 1e-3),
    joint=Schedule(30, 12, 1e-2, table_rate=1e-2, layer_rate=3e-3, tail_rate=3e-3, averaging=0.9),
)


def write_shapes(folder: Path) -> Path:
    """24 pictures with two captions each, listed in captions.jsonl."""
    folder.mkdir(parents=True)
    rows = []
    for colour, rgb in COLOURS.items():
        for shape in SHAPES:
            for place in PLACES:
                name = f"{colour}-{shape}-{place}.png"
                _picture(rgb, shape, place).save(folder / name)
                captions = [f"a {colour} {shape} at the {place}", f"{colour} {shape}, {place}"]
                rows.append({"file": name, "captions": captions, "dataset": "shapes"})
    (folder / "captions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def _picture(rgb: tuple[int, ...], shape: str, place: str) -> Image.Image:
    image = Image.fromarray(np.full((48, 48, 3), 128, np.uint8))
    draw = ImageDraw.Draw(image)
    y = 4 if place == "top" else 26
    if shape == "ball":
        draw.ellipse((14, y, 32, y + 18), fill=rgb)
    elif shape == "box":
        draw.rectangle((14, y, 32, y + 18), fill=rgb)
    else:
        draw.rectangle((2, y + 6, 46, y + 12), fill=rgb)
    return image
