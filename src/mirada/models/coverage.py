"""Which few boxes meet the most things, when each box of the lattice has its chance of a thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.models.boxes import areas
from mirada.models.lattice import BOXES, SPANS

if TYPE_CHECKING:
    from numpy.typing import NDArray

MET: Final = (0.25, 0.6)
"""IoU from which on a box begins to meet a thing, and from which on it wholly does."""

SPANS_MET: Final = (0.4, 0.9)
"""The same of spans, rows and columns alike, where all boxes are weighed at once."""

TEMPER: Final = 0.8
"""Power of the chances, below 1 because they were learnt from one kind of photos."""

LARGEST: Final = 0.85  # share of the image; the whole of it is described anyhow
RIGHT: Final = 0.5  # IoU from which a proposal is held to be right

COUNT: Final = len(SPANS)
AREAS: Final = areas(BOXES).reshape(COUNT, COUNT)
TOO_LARGE: Final = AREAS > LARGEST


def _shared_lengths() -> NDArray[np.float32]:
    low = np.maximum(SPANS[:, None, 0], SPANS[None, :, 0])
    high = np.minimum(SPANS[:, None, 1], SPANS[None, :, 1])
    return np.asarray(np.maximum(high - low, 0))


SHARED: Final = _shared_lengths()
"""(s, s) length that two spans share."""

LENGTHS: Final = np.diagonal(SHARED)


def rise(overlap: NDArray[np.float32], limits: tuple[float, float]) -> NDArray[np.float32]:
    """From 0 at the lower limit to 1 at the upper one."""
    low, high = limits
    return np.asarray(np.clip((overlap - low) / (high - low), 0, 1))


NEAR: Final = rise(SHARED / (LENGTHS[:, None] + LENGTHS[None, :] - SHARED), SPANS_MET)
"""(s, s) how near two spans are; its products over rows and columns stand in for what is met."""


def choose(chances: NDArray[np.float32], *, limit: int) -> list[tuple[int, float]]:
    """Boxes of the lattice with their sureness, surest first.

    Each is the one with the most chances near it that no box before it has met, so that boxes over
    the same thing are not taken twice: greedy maximum coverage, after Nemhauser, Wolsey & Fisher
    (1978). Sureness is the probability that some thing overlaps the box by half, were things to
    come independently.

    Args:
        chances: (s * s,) expected count of things at each box.
        limit: how many to choose.
    """
    all_things = chances.reshape(COUNT, COUNT)
    things = all_things**TEMPER
    chosen = []
    for _ in range(limit):
        gain = NEAR @ things @ NEAR.T
        gain[TOO_LARGE] = -1
        index = int(gain.argmax())
        shared = overlaps(index)
        things = things * (1 - rise(shared, MET))
        chosen.append((index, 1 - float(np.exp(-all_things[shared >= RIGHT].sum()))))
    unique = dict(chosen)  # where nothing is left to meet, the same box comes again
    return sorted(unique.items(), key=lambda one: -one[1])


def overlaps(index: int) -> NDArray[np.float32]:
    """(s, s) IoU of one box of the lattice with all."""
    row, column = divmod(index, COUNT)
    shared = np.outer(SHARED[row], SHARED[column])
    return np.asarray(shared / (AREAS + AREAS[row, column] - shared))
