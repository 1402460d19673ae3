"""Pairs of an image and a caption: which are drawn in an epoch, and how a model reads them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from mirada.evaluation.datasets import CaptionedImage

UNSIZED = 512  # pixels a side, for models that take images of any shape


@dataclass(frozen=True, slots=True)
class Pair:
    """An image with one of its captions."""

    row: int  # of the image
    caption: str


def draw_epoch(
    images: Sequence[CaptionedImage], *, showings: int, seed: int, epoch: int
) -> list[Pair]:
    """The pairs of an epoch in order; the same for the same seed and epoch.

    In each of the rounds, every image that has so many captions is shown once.
    """
    random = np.random.default_rng([seed, epoch])
    orders = [random.permutation(len(image.captions)) for image in images]
    return [
        Pair(int(row), images[row].captions[orders[row][showing]])
        for showing in range(showings)
        for row in random.permutation(len(images))
        if showing < len(orders[row])
    ]


def watched_pairs(images: Sequence[CaptionedImage]) -> list[Pair]:
    """One caption an image, not always the first."""
    return [
        Pair(row, image.captions[row % len(image.captions)]) for row, image in enumerate(images)
    ]


class ImageReader:
    """Turns images into what a model takes, several at a time."""

    def __init__(self, processor: Any, config: Any, threads: int):
        self._prepare = processor.image_processor
        self._size = int(np.max(getattr(config.vision_config, "image_size", UNSIZED)))
        self._pool = ThreadPoolExecutor(threads)

    def read(self, images: Sequence[CaptionedImage]) -> dict[str, Tensor]:
        """Tensors of n rows, by their names in the model.

        Raises:
            DatasetError: an image is missing or cannot be decoded.
        """
        parts = list(self._pool.map(self._one, images))
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

    def _one(self, image: CaptionedImage) -> dict[str, Tensor]:
        return dict(self._prepare(images=[image.open(self._size)], return_tensors="pt"))
