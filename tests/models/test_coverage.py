from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirada.models.boxes import corners, iou
from mirada.models.colours import FEATURES, SIDE, describe_colours, shrink
from mirada.models.coverage import LARGEST, MET, choose, overlaps, rise
from mirada.models.lattice import (
    BOXES,
    CELLS,
    INNER,
    INNER_CELLS,
    OUTER,
    SPANS,
    describe,
    geometry,
    pool,
)
from mirada.models.maps import pool_boxes
from mirada.types import Box
from tests import photos


def index_of(box: Box) -> int:
    return int(np.abs(BOXES - corners([box])).sum(1).argmin())


def test_the_lattice_has_every_pair_of_spans() -> None:
    assert len(BOXES) == len(SPANS) ** 2
    assert len(np.unique(BOXES, axis=0)) == len(BOXES)
    np.testing.assert_allclose(BOXES[index_of(Box(0.25, 0.5, 0.5, 1))], [0.25, 0.5, 0.5, 1])


def test_pooling_over_the_lattice_is_pooling_over_its_boxes() -> None:
    cells = np.random.default_rng(0).normal(size=(CELLS, CELLS, 3)).astype(np.float32)
    some = [0, 7, 500, len(BOXES) - 1]
    expected = pool_boxes(cells, [Box(*map(float, BOXES[index])) for index in some])
    np.testing.assert_allclose((pool(INNER, cells) / INNER_CELLS)[some], expected, atol=1e-5)
    assert (OUTER >= INNER).all()


def test_a_box_is_told_from_its_surroundings() -> None:
    cells = np.zeros((CELLS, CELLS, 1), np.float32)
    cells[3:6, 3:6] = 1
    mean, around, spread, whole = describe(cells)[index_of(Box(0.25, 0.25, 0.5, 0.5))]
    assert (mean, around) == (pytest.approx(1), pytest.approx(0, abs=1e-6))
    assert spread == pytest.approx(0.01)
    assert whole == pytest.approx(9 / 144)
    assert geometry().shape == (len(BOXES), 13)


def test_colours_tell_a_thing_from_its_surroundings() -> None:
    pixels = np.zeros((SIDE, SIDE, 3), np.float32)
    pixels[12:24, 12:24] = 0.6  # a grey square
    told = describe_colours(pixels)
    assert told.shape == (len(BOXES), FEATURES)
    right = told[index_of(Box(0.25, 0.25, 0.5, 0.5))]
    wrong = told[index_of(Box(0.5, 0.25, 0.75, 0.5))]
    np.testing.assert_allclose(right[[0, 3, 6]], [0.6, 0, 1.8], atol=1e-5)  # in, around, contrast
    np.testing.assert_allclose(right[9], 0.01, atol=1e-4)  # all even inside
    assert right[15] > 1.5 * wrong[15] > 0  # brightness steps at the edge
    assert right[17] > right[19]  # and more in the box than in the whole


def test_a_small_picture_is_of_means() -> None:
    small = shrink(photos.gradient(size=(480, 96)))
    assert small.shape == (SIDE, SIDE, 3)
    assert np.abs(small).max() <= 128 / 127
    assert np.ptp(shrink(photos.flat())[..., 0]) == 0


def test_overlaps_are_those_of_the_boxes() -> None:
    for index in (3, 1234, len(BOXES) - 1):
        expected = iou(BOXES[index : index + 1], BOXES)[0]
        np.testing.assert_allclose(overlaps(index).ravel(), expected, atol=1e-5)


def test_a_thing_is_met_by_degrees() -> None:
    told = rise(np.array([0.2, 0.25, 0.425, 0.6, 0.9], np.float32), MET)
    np.testing.assert_allclose(told, [0, 0, 0.5, 1, 1], atol=1e-6)


def test_two_things_are_met_by_two_boxes_and_the_surer_comes_first() -> None:
    chances = np.full(len(BOXES), 1e-6, np.float32)
    left, right = index_of(Box(0, 0, 0.25, 0.5)), index_of(Box(0.5, 0.5, 1, 1))
    chances[left], chances[right] = 0.5, 2.0
    found = choose(chances, limit=2)
    assert overlaps(found[0][0]).ravel()[right] > 0.5
    assert overlaps(found[1][0]).ravel()[left] > 0.5
    assert found[0][1] == pytest.approx(1 - np.exp(-2), abs=0.01)
    assert found[1][1] == pytest.approx(1 - np.exp(-0.5), abs=0.01)


@given(st.integers(0, 50), st.integers(1, 30))
def test_proposals_differ_and_none_is_nearly_the_whole_image(seed: int, limit: int) -> None:
    chances = np.random.default_rng(seed).exponential(0.002, len(BOXES)).astype(np.float32)
    found = choose(chances, limit=limit)
    boxes = [index for index, _ in found]
    assert len(set(boxes)) == len(boxes) <= limit
    sizes = (BOXES[boxes, 2] - BOXES[boxes, 0]) * (BOXES[boxes, 3] - BOXES[boxes, 1])
    assert sizes.max() <= LARGEST
    sure = [one for _, one in found]
    assert sure == sorted(sure, reverse=True)
    assert 0 <= min(sure) <= max(sure) <= 1
