"""How far judges agree."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirada.judging.agreement import agreements, cohen_kappa
from tests.judging.marks import judgement

grades = st.lists(st.tuples(st.sampled_from((0, 1, 2)), st.sampled_from((0, 1, 2))), min_size=1)


def test_kappa_is_that_of_the_textbook() -> None:
    """Two graders of fifty: both yes 20, both no 15, and 5 and 10 on which they differ."""
    ours = [2] * 20 + [2] * 5 + [0] * 10 + [0] * 15
    theirs = [2] * 20 + [0] * 5 + [2] * 10 + [0] * 15
    assert cohen_kappa(ours, theirs) == pytest.approx(0.4)
    assert cohen_kappa(ours, theirs, weighted=True) == pytest.approx(0.4)


def test_a_grade_apart_weighs_less_than_two() -> None:
    near = cohen_kappa([2, 1, 0, 2], [2, 1, 0, 1], weighted=True)
    far = cohen_kappa([2, 1, 0, 2], [2, 1, 0, 0], weighted=True)
    assert near > far


@given(grades)
def test_kappa_is_at_most_one_and_does_not_hang_on_the_order(pairs) -> None:
    ours, theirs = zip(*pairs, strict=True)
    for weighted in (False, True):
        found = cohen_kappa(ours, theirs, weighted=weighted)
        assert math.isnan(found) or -1 - 1e-9 <= found <= 1
        other = cohen_kappa(theirs, ours, weighted=weighted)
        assert found == pytest.approx(other, nan_ok=True)


def test_equal_judges_agree_wholly_unless_they_never_differ_in_anything() -> None:
    assert cohen_kappa([2, 0, 1], [2, 0, 1]) == pytest.approx(1)
    assert math.isnan(cohen_kappa([2, 2], [2, 2]))


def test_only_what_both_have_judged_is_compared() -> None:
    marks = [judgement(image, 2) for image in "abc"]
    marks += [
        judgement(image, grade, judge="luis") for image, grade in (("b", 2), ("c", 0), ("d", 1))
    ]
    marks += [judgement("b", 0, judge="mar", query_id="2", query="a dog")]
    (found,) = agreements(marks)
    assert found.judges == ("ana", "luis")
    assert (found.pictures, found.same) == (2, 0.5)
