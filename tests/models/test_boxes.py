from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirada.models.boxes import apart, areas, box_of, corners, iou
from mirada.types import WHOLE, Box


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    x0, x1 = sorted((draw(st.floats(0, 1)), draw(st.floats(0, 1))))
    y0, y1 = sorted((draw(st.floats(0, 1)), draw(st.floats(0, 1))))
    return Box(x0, y0, x1, y1)


def one(a: Box, b: Box) -> float:
    return float(iou(corners([a]), corners([b]))[0, 0])


def test_halves_of_an_image_that_overlap_by_half() -> None:
    left, middle = Box(0, 0, 0.5, 1), Box(0.25, 0, 0.75, 1)
    assert one(left, middle) == pytest.approx(1 / 3)
    assert one(left, WHOLE) == pytest.approx(0.5)
    assert one(left, left) == 1


def test_boxes_that_only_touch_share_nothing() -> None:
    assert one(Box(0, 0, 0.5, 1), Box(0.5, 0, 1, 1)) == 0


def test_every_box_meets_every_other() -> None:
    rows = corners([WHOLE, Box(0, 0, 0.5, 0.5)])
    np.testing.assert_allclose(iou(rows, rows[1:]), [[0.25], [1]])
    assert iou(rows, corners([])).shape == (2, 0)


@given(boxes(), boxes())
def test_iou_is_symmetric_and_in_range(a: Box, b: Box) -> None:
    assert 0 <= one(a, b) <= 1 + 1e-9
    assert one(a, b) == pytest.approx(one(b, a))


@given(boxes(), boxes(), st.floats(0.1, 10))
def test_iou_does_not_depend_on_the_scale(a: Box, b: Box, scale: float) -> None:
    rows, others = corners([a]), corners([b])
    if areas(rows)[0] > 1e-6 and areas(others)[0] > 1e-6:
        np.testing.assert_allclose(iou(rows * scale, others * scale), iou(rows, others), atol=1e-6)


@given(boxes())
def test_a_box_comes_back_from_its_row(box: Box) -> None:
    assert box_of(corners([box])[0]) == box
    assert areas(corners([box]))[0] == pytest.approx(box.area)


def test_of_two_boxes_over_the_same_thing_the_surer_is_kept() -> None:
    rows = corners([Box(0, 0, 0.5, 0.5), Box(0, 0, 0.52, 0.5), Box(0.6, 0.6, 1, 1)])
    assert apart(rows, np.array([0.4, 0.9, 0.1]), overlap=0.5, limit=9) == [1, 2]
    assert apart(rows, np.array([0.4, 0.9, 0.1]), overlap=0.5, limit=1) == [1]


def test_of_equally_sure_boxes_the_first_is_kept() -> None:
    rows = corners([Box(0, 0, 0.5, 0.5), Box(0, 0, 0.52, 0.5)])
    assert apart(rows, np.array([0.5, 0.5]), overlap=0.5, limit=9) == [0]


@given(st.lists(boxes(), max_size=8), st.floats(0.05, 0.95))
def test_boxes_that_are_kept_lie_apart(found: list[Box], overlap: float) -> None:
    rows = corners(found)
    kept = apart(rows, areas(rows), overlap=overlap, limit=12)
    between = iou(rows[kept], rows[kept])
    np.fill_diagonal(between, 0)
    assert (between <= overlap).all()
    sizes = [found[index].area for index in kept]
    assert sizes == sorted(sizes, reverse=True)
