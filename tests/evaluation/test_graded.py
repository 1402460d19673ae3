from __future__ import annotations

import numpy as np
import pytest

from mirada.evaluation.graded import (
    RELEVANT,
    UNJUDGED,
    WRONG,
    first_hit,
    hits_in_order,
    ndcg,
)


def in_order(*grades: int, scores: list[float] | None = None) -> list[bool]:
    falling = scores or list(range(len(grades), 0, -1))
    return hits_in_order(np.array(falling, float), np.array(grades, np.int8)).tolist()


def test_images_that_nobody_judged_are_left_out() -> None:
    assert in_order(UNJUDGED, WRONG, UNJUDGED, RELEVANT) == [False, True]


def test_of_equal_scores_the_relevant_image_comes_last() -> None:
    assert in_order(RELEVANT, WRONG, WRONG, scores=[1, 1, 0]) == [False, True, False]


def test_the_first_hit_has_a_rank_from_one() -> None:
    assert first_hit(np.array([True, False])) == 1
    assert first_hit(np.array([False, False, True])) == 3
    assert first_hit(np.array([False, False])) == 3


def test_ndcg_by_hand() -> None:
    second = 1 / np.log2(3)
    assert ndcg(np.array([True, False]), 10) == 1
    assert ndcg(np.array([False, True]), 10) == pytest.approx(second)
    assert ndcg(np.array([True, False, True]), 10) == pytest.approx(1.5 / (1 + second))
    assert ndcg(np.array([True, True, True]), 2) == 1
    assert ndcg(np.array([False, True]), 1) == 0
    assert ndcg(np.array([False]), 10) == 0
    assert ndcg(np.array([], bool), 10) == 0
