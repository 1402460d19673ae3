"""An encoder without weights: the mean colour of a picture, the colour that a text names."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from mirada.types import Matrix

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}


class ColourEncoder:
    """Finds pictures by their mean colour."""

    name = "colour/1"
    dim = 4
    image_size = 16

    def __init__(self) -> None:
        self.encoded = 0

    def encode_images(self, images: Sequence[Image]) -> Matrix:
        self.encoded += len(images)
        time.sleep(float(os.environ.get("COLOUR_SECONDS", "0")))
        pixels = [np.asarray(image.convert("RGB")).reshape(-1, 3).mean(axis=0) for image in images]
        return self._rows(pixels)

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        colours = [
            next((np.array(rgb) for name, rgb in COLOURS.items() if name in text), np.zeros(3))
            for text in texts
        ]
        return self._rows(colours)

    def _rows(self, colours: Sequence[np.ndarray]) -> Matrix:
        rows = np.ones((len(colours), self.dim), dtype=np.float32)
        for row, colour in zip(rows, colours, strict=True):
            row[:3] = colour
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class GreyEncoder(ColourEncoder):
    """The same by how bright a picture and a named colour are, in a space of another dimension."""

    name = "grey/1"
    dim = 2

    def _rows(self, colours: Sequence[np.ndarray]) -> Matrix:
        bright = np.array([colour.sum() / 765 for colour in colours], np.float32)
        angle = bright * np.float32(np.pi / 2)
        return np.stack([np.cos(angle), np.sin(angle)], axis=1).reshape(-1, self.dim)
