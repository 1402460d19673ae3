"""What the image tower says of each picture, seen once: the whole map and parts of it, pooled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mirada.errors import DatasetError
from mirada.models.maps import pool_whole
from mirada.models.small import open_session
from mirada.models.weights import IMAGE_HEAD
from mirada.training.views import cache_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.models.small import SmallEncoder
    from mirada.types import FeatureMap

LEAST, MOST = 0.5, 0.9  # share of a map that a part keeps, as the crops of `views`


def pooled_views(
    encoder: SmallEncoder,
    images: Sequence[CaptionedImage],
    *,
    crops: int,
    to: Path,
    threads: int,
    progress: Callable[[int], None] = lambda _: None,
) -> NDArray[np.float16]:
    """(n, 1 + crops, channels): the whole image and parts of it; kept in the file `to`; resumes.

    An image that cannot be read has rows of zeros, which no image has.
    """
    channels = channels_of(encoder)

    def one(row: int) -> NDArray[np.float32]:
        try:
            image = images[row].open(encoder.image_size)
        except DatasetError:
            return np.zeros((1 + crops, channels), np.float32)
        return views_of(encoder.read_map(image), crops, row)

    shape = (len(images), 1 + crops, channels)
    return cache_rows(one, shape, to=to, threads=threads, progress=progress)


def channels_of(encoder: SmallEncoder) -> int:
    """Of its feature maps."""
    return int(open_session(encoder.folder / IMAGE_HEAD).get_inputs()[0].shape[1])


def readable(views: NDArray[np.float16]) -> NDArray[np.bool_]:
    """(n,) whether each image could be read."""
    return np.asarray(views[:, 0].any(1))


def views_of(maps: FeatureMap, crops: int, row: int) -> NDArray[np.float32]:
    """(1 + crops, channels) of one map, which must have two cells a side; seeded by the row."""
    random = np.random.default_rng(row)
    parts = [maps, *(_part(maps, random) for _ in range(crops))]
    return np.stack([pool_whole(part) for part in parts])


def _part(maps: FeatureMap, random: np.random.Generator) -> FeatureMap:
    rows, columns, _ = maps.shape
    side = random.uniform(LEAST, MOST) ** 0.5
    height, width = (max(1, round(side * cells)) for cells in (rows, columns))
    top = int(random.integers(rows - height + 1))
    left = int(random.integers(columns - width + 1))
    return maps[top : top + height, left : left + width]
