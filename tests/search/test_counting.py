from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirada.search.counting import chance_of_count, count_distribution, distinct

APART = np.array([[(0, 0, 0.2, 0.2), (0.4, 0, 0.6, 0.2), (0.8, 0, 1, 0.2)]])


def chance(count: str, *chances: float) -> float:
    boxes = APART[:, : len(chances)]
    found = chance_of_count(count, np.array([chances]), boxes, overlap=0.6, least=0.02)
    return float(found[0])


def test_two_sure_things_are_two() -> None:
    assert chance("2", 1, 1, 0) == 1
    assert chance("3", 1, 1, 0) == 0
    assert chance("1", 1, 1, 0) == 0


def test_a_doubtful_third_makes_two_doubtful() -> None:
    assert chance("2", 1, 1, 0.3) == pytest.approx(0.7)
    assert chance(">=3", 1, 1, 0.3) == pytest.approx(0.3)
    assert chance("<=2", 1, 1, 0.3) == pytest.approx(0.7)
    assert chance(">2", 1, 1, 0.3) == pytest.approx(0.3)
    assert chance("<2", 1, 0.5) == pytest.approx(0.5)


def test_more_than_there_are_regions_is_impossible() -> None:
    assert chance("12", 1, 1) == 0
    assert chance(">=12", 1, 1) == 0
    assert chance("<=12", 1, 1) == 1


def test_two_boxes_over_the_same_thing_are_one() -> None:
    boxes = np.array([[(0, 0, 0.5, 0.5), (0, 0, 0.52, 0.5), (0.6, 0.6, 1, 1)]])
    found = distinct(np.array([[0.8, 0.9, 0.5]]), boxes, overlap=0.6, least=0.02)
    assert found.tolist() == [[0.9, 0, 0.5]]


def test_what_is_suppressed_suppresses_nothing() -> None:
    boxes = np.array([[(0, 0, 1, 1), (0.0, 0, 1.4, 1), (0.4, 0, 1.8, 1)]])  # IoU .71, .56, .33
    found = distinct(np.array([[0.9, 0.8, 0.7]]), boxes, overlap=0.5, least=0.02)
    assert found.tolist() == [[0.9, 0, 0.7]]


def test_hardly_likely_regions_are_not_counted() -> None:
    found = distinct(np.array([[0.9, 0.01]]), APART[:, :2], overlap=0.6, least=0.02)
    assert found.tolist() == [[0.9, 0]]


def test_no_regions_hold_nothing() -> None:
    none = np.zeros((2, 0))
    for count, expected in (("2", 0), ("<=2", 1)):
        found = chance_of_count(count, none, np.zeros((2, 0, 4)), overlap=0.6, least=0.02)
        assert found.tolist() == [expected] * 2


def test_other_words_are_no_count() -> None:
    with pytest.raises(ValueError, match="no count"):
        chance("several", 1)


@given(st.lists(st.floats(0, 1), max_size=6))
def test_the_distribution_is_that_of_all_outcomes(chances: list[float]) -> None:
    expected = np.zeros(len(chances) + 1)
    for outcome in product((0, 1), repeat=len(chances)):
        factors = [p if one else 1 - p for p, one in zip(chances, outcome, strict=True)]
        expected[sum(outcome)] += np.prod(factors)
    found = count_distribution(np.array(chances).reshape(1, -1))[0]
    np.testing.assert_allclose(found, expected, atol=1e-12)
