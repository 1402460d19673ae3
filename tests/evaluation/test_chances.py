import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirada.evaluation.chances import average_precision, mean_average_precision, reliability


def oracle(scores: list[float], truth: list[bool]) -> float:
    """The definition, word by word."""
    pairs = sorted(zip(scores, truth, strict=True), key=lambda pair: (-pair[0], pair[1]))
    precisions = []
    for rank, (_, hit) in enumerate(pairs, 1):
        if hit:
            precisions.append(sum(one for _, one in pairs[:rank]) / rank)
    return sum(precisions) / len(precisions)


def test_the_precision_at_each_hit_counts() -> None:
    scores, truth = np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, True, False])
    assert average_precision(scores, truth) == pytest.approx((1 + 2 / 3) / 2)


def test_who_scores_all_alike_gains_nothing() -> None:
    assert average_precision(np.zeros(4), np.array([True, False, False, False])) == 0.25


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.9]), st.booleans()), min_size=1))
def test_it_is_what_the_definition_says(pairs: list[tuple[float, bool]]) -> None:
    scores, truth = [one for one, _ in pairs], [one for _, one in pairs]
    found = average_precision(np.array(scores), np.array(truth))
    assert np.isnan(found) if not any(truth) else found == pytest.approx(oracle(scores, truth))


def test_classes_that_nothing_has_do_not_count() -> None:
    scores = np.array([[0.9, 0.2], [0.1, 0.1]])
    truth = np.array([[False, False], [True, False]])
    assert mean_average_precision(scores, truth) == 0.5


def test_chances_that_come_true_as_often_as_they_say_have_no_error() -> None:
    chances = np.repeat([0.25, 0.75], 8)
    truth = np.array([True] * 2 + [False] * 6 + [True] * 6 + [False] * 2)
    found = reliability(chances, truth)
    assert found.error == pytest.approx(0)
    assert [(one.count, one.mean, one.share) for one in found.bins] == [
        (8, 0.25, 0.25),
        (8, 0.75, 0.75),
    ]


def test_the_error_is_the_mean_distance_of_the_bins() -> None:
    found = reliability(np.array([[1.0, 1.0], [0.0, 0.0]]), np.array([[True, False]] * 2))
    assert found.error == pytest.approx(0.5)
    assert (found.count, found.bins[-1].high) == (4, 1.0)


def test_nothing_has_no_error() -> None:
    assert reliability(np.empty(0), np.empty(0, bool)).error == 0
