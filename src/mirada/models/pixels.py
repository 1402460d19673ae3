"""Pixels for models that others trained, by Pillow and numpy alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL.Image import Resampling

from mirada.models.thin import without_ends

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from PIL.Image import Image

SHORTEST = "shortest"
SQUASH = "squash"


@dataclass(frozen=True, slots=True)
class Preparation:
    """How an image becomes what an image tower takes."""

    resize: str  # SHORTEST: the shorter side becomes `size`, the rest is cut off; SQUASH: both do
    size: int  # pixels
    crop: int  # pixels of the side of the square that is cut from the middle
    resample: int  # of Pillow
    mean: tuple[float, ...]  # by channel, of values in [0, 1]
    std: tuple[float, ...]


def preparation_of(told: Mapping[str, Any]) -> Preparation:
    """From what a manifest says; raises KeyError, TypeError or ValueError where it is damaged."""
    how = Preparation(**{**told, "mean": tuple(told["mean"]), "std": tuple(told["std"])})
    if how.resize not in (SHORTEST, SQUASH) or not 0 < how.crop <= how.size:
        raise ValueError(f"unknown preprocessing {dict(told)}")
    return how


def prepare(image: Image, how: Preparation) -> NDArray[np.float32]:
    """(3, crop, crop) of one RGB image, as transformers' processors on Pillow make them."""
    seen = (without_ends(image) if how.resize == SHORTEST else image).convert("RGB")
    shown = seen.resize(_side(seen.size, how), Resampling(how.resample))
    left, top = (shown.width - how.crop) // 2, (shown.height - how.crop) // 2
    square = shown.crop((left, top, left + how.crop, top + how.crop))
    scaled = np.asarray(square, np.float32) / 255
    normal = (scaled - np.array(how.mean, np.float32)) / np.array(how.std, np.float32)
    return np.ascontiguousarray(normal.transpose(2, 0, 1), np.float32)


def _side(size: tuple[int, int], how: Preparation) -> tuple[int, int]:
    if how.resize == SQUASH:
        return how.size, how.size
    width, height = size
    short, long = min(size), max(size)
    other = int(how.size * long / short)
    return (how.size, other) if width <= height else (other, how.size)
