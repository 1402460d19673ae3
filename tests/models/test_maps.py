from __future__ import annotations

import numpy as np
import pytest

from mirada.models.maps import pool_boxes, pool_whole
from mirada.types import WHOLE, Box


def test_a_box_has_the_mean_of_the_cells_that_it_covers() -> None:
    maps = np.array([[[0.0], [4.0]], [[8.0], [12.0]]], np.float32)
    whole, left, half_a_cell = pool_boxes(maps, [WHOLE, Box(0, 0, 0.5, 1), Box(0.25, 0, 0.5, 0.5)])
    assert [whole[0], left[0], half_a_cell[0]] == [6, 4, 0]


def test_the_whole_counts_full_cells_more_than_their_mean_does() -> None:
    maps = np.array([[[0.0, 2.0], [4.0, 2.0]]], np.float32)
    # the root of (0 + 16) / 2, and an even channel keeps its value
    assert pool_whole(maps) == pytest.approx([8**0.5, 2])
