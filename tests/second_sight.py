"""What looks again without weights: a reranker and a detector that know colours and sides."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from mirada.errors import ModelFailed
from mirada.types import Box, Proposal
from tests.fakes import COLOURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image

CLEAR = 60  # how far each channel of a pixel may lie from a colour that it has


class ColourReranker:
    """Believes a text whose colours are there, on the side that it names."""

    name = "seen-colours/1"
    image_size = 32

    def __init__(
        self,
        *,
        broken: bool = False,
        loading: float = 0.0,
        seconds: float = 0.0,
    ) -> None:
        time.sleep(loading)
        self.asked: list[str] = []
        self._broken, self._seconds = broken, seconds

    def check(self, image: Image, texts: Sequence[str]) -> NDArray[np.float32]:
        time.sleep(self._seconds)
        if self._broken:
            raise ModelFailed("the service had no answer")
        self.asked.extend(texts)
        return np.array([self._chance(image, text) for text in texts], np.float32)

    def _chance(self, image: Image, text: str) -> float:
        boxes = [boxes_of(image, name) for name in COLOURS if name in text]
        middles = [(box.x0 + box.x1) / 2 for some in boxes for box in some]
        if not all(boxes) or ("on the left" in text and min(middles, default=1) > 0.5):
            return 0.05
        return 0.9


class ColourDetector:
    """Draws a box around each run of columns that has the colour of a phrase."""

    name = "drawn-colours/1"
    image_size = 64

    def detect(self, image: Image, phrases: Sequence[str]) -> list[list[Proposal]]:
        return [
            [
                Proposal(box, 0.9)
                for name in COLOURS
                if name in phrase
                for box in boxes_of(image, name)
            ]
            for phrase in phrases
        ]


def boxes_of(image: Image, colour: str) -> list[Box]:
    """Around the pixels of a colour, one for each run of columns; from left to right."""
    pixels = np.asarray(image.convert("RGB"), np.int16)
    there = (np.abs(pixels - COLOURS[colour]) <= CLEAR).all(2)
    height, width = there.shape
    edges = np.flatnonzero(np.diff(np.concatenate([[0], there.any(0).astype(int), [0]])))
    boxes = []
    for x0, x1 in edges.reshape(-1, 2):
        rows = np.flatnonzero(there[:, x0:x1].any(1))
        boxes.append(Box(x0 / width, rows[0] / height, x1 / width, (rows[-1] + 1) / height))
    return boxes
