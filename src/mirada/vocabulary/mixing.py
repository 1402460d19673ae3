"""How what the whole image says and what its regions say make one probability."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mirada.vocabulary.learnt import Mixing

HIGHEST: Final = 3  # regions that speak for all: a thing is seen in few of them


def pooled(parts: NDArray[np.float32]) -> NDArray[np.float32]:
    """(tags,) logits of (regions, tags) together: the mean of the highest few.

    Measured against the maximum, the logarithm of the mean odds and a noisy or: as good as the
    best of them, and it hangs little on how many regions there are.
    """
    highest = np.partition(parts, -HIGHEST, axis=0)[-HIGHEST:] if len(parts) > HIGHEST else parts
    return np.asarray(highest.mean(0), np.float32)


def merged(
    whole: NDArray[np.float32], regions: NDArray[np.float32], mixing: Mixing
) -> NDArray[np.float32]:
    """Probabilities from the logits of the whole and of the regions together, of one shape."""
    return chance(mixing.whole * whole + mixing.regions * regions + mixing.offset)


def of_parts(
    parts: NDArray[np.float32], whole: NDArray[np.float32], mixing: Mixing
) -> NDArray[np.float32]:
    """Probabilities for regions from their logits and those of the image around them."""
    own, around, offset = mixing.part
    return chance(own * parts + around * whole + offset)


def straight(logits: NDArray[np.float32], line: tuple[float, float]) -> NDArray[np.float32]:
    """Probabilities from logits by a scale and an offset."""
    scale, offset = line
    return chance(scale * logits + offset)


def chance(logits: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Logits to probabilities."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -60, 60))), np.float32)
