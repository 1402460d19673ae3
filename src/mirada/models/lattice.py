"""The boxes that the segmenter on feature maps chooses among, and how a map is pooled over them.

Boxes are pairs of spans (rows, columns) on the edges of the cells, so that pooling over all of
them takes two small matrix products: one down, one across.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELLS: Final = 12  # of a map, a side
LENGTHS: Final = ((1, 1), (2, 1), (3, 1), (4, 1), (6, 1), (8, 2), (10, 2), (12, 1))
"""(cells of a span, step between such spans): the longer ones need not be so dense."""

RING_CELLS: Final = 1.0  # the surroundings of a span reach so far,
RING_SHARE: Final = 0.25  # or this share of its length, whatever is more
FLAT: Final = 1e-4  # least variance whose root is taken


def _spans() -> NDArray[np.float32]:
    found = [
        (start, start + length)
        for length, step in LENGTHS
        for start in range(0, CELLS - length + 1, step)
    ]
    return np.array(found, np.float32) / np.float32(CELLS)


SPANS: Final = _spans()
"""(s, 2) starts and ends in [0, 1]."""

BOXES: Final = np.concatenate(
    [
        np.tile(SPANS[:, :1], (len(SPANS), 1)),
        np.repeat(SPANS[:, :1], len(SPANS), axis=0),
        np.tile(SPANS[:, 1:], (len(SPANS), 1)),
        np.repeat(SPANS[:, 1:], len(SPANS), axis=0),
    ],
    axis=1,
)
"""(s * s, 4): box `s * row + column` has the span `row` down and the span `column` across."""


def covered(spans: NDArray[np.float32], count: int = CELLS) -> NDArray[np.float32]:
    """(s, count) share of each of so many equal cells that a span covers."""
    edges = np.arange(count + 1, dtype=np.float32) / np.float32(count)
    high = np.minimum(spans[:, 1:], edges[None, 1:])
    low = np.maximum(spans[:, :1], edges[None, :-1])
    return np.asarray(np.maximum(high - low, 0) * count, np.float32)


def widened() -> NDArray[np.float32]:
    """(s, 2) the spans with their surroundings, within [0, 1]."""
    length = SPANS[:, 1:] - SPANS[:, :1]
    margin = np.maximum(np.float32(RING_CELLS / CELLS), np.float32(RING_SHARE) * length)
    return np.asarray(np.clip(SPANS + margin * np.array([[-1, 1]], np.float32), 0, 1))


INNER: Final = covered(SPANS)
OUTER: Final = covered(widened())
INNER_CELLS: Final = np.outer(INNER.sum(1), INNER.sum(1)).reshape(-1, 1)
RING_SIZES: Final = np.maximum(
    np.outer(OUTER.sum(1), OUTER.sum(1)).reshape(-1, 1) - INNER_CELLS, np.float32(1e-3)
)


def pool(share: NDArray[np.float32], cells: NDArray[np.float32]) -> NDArray[np.float32]:
    """(s * s, channels) sums of a (CELLS, CELLS, channels) map over all boxes.

    Args:
        share: INNER for the boxes, OUTER for the boxes with their surroundings.
        cells: the map.
    """
    channels = cells.shape[2]
    down = (share @ cells.reshape(CELLS, -1)).reshape(len(share), CELLS, channels)
    return np.asarray((share @ down).reshape(-1, channels))


def describe(cells: NDArray[np.float32]) -> NDArray[np.float32]:
    """(s * s, 4 * channels): mean inside, mean around, spread inside, mean of the whole map."""
    inside = pool(INNER, cells)
    around = (pool(OUTER, cells) - inside) / RING_SIZES
    mean = inside / INNER_CELLS
    spread = np.sqrt(np.maximum(pool(INNER, cells * cells) / INNER_CELLS - mean * mean, FLAT))
    whole = np.broadcast_to(cells.mean((0, 1)), mean.shape)
    return np.concatenate([mean, around, spread, whole], axis=1)


def geometry() -> NDArray[np.float32]:
    """(s * s, 13) where the boxes lie, how large they are and which borders they touch."""
    x0, y0, x1, y1 = BOXES.T
    width, height = x1 - x0, y1 - y0
    touches = [x0 < 1e-6, y0 < 1e-6, x1 > 1 - 1e-6, y1 > 1 - 1e-6]
    numbers = [*BOXES.T, width, height, width * height, np.log(width), np.log(height), *touches]
    return np.stack(numbers, axis=1).astype(np.float32)
