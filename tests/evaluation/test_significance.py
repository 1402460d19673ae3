from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirada.evaluation.significance import (
    Interval,
    bootstrap,
    holm,
    paired_bootstrap,
    paired_randomisation,
)

BETTER, WORSE = [1.0] * 12, [0.0] * 12


def exact(differences: list[float]) -> float:
    """The p-value over all flips of the signs."""
    observed = abs(sum(differences))
    flips = [
        sum(sign * one for sign, one in zip(signs, differences, strict=True))
        for signs in product((-1, 1), repeat=len(differences))
    ]
    return sum(abs(one) >= observed - 1e-9 for one in flips) / len(flips)


def test_a_system_is_no_better_than_itself() -> None:
    assert paired_randomisation(BETTER, BETTER) == 1
    assert paired_bootstrap(BETTER, BETTER) == Interval(0, 0, 0)


def test_being_better_on_every_query_is_no_accident() -> None:
    assert paired_randomisation(BETTER, WORSE) == pytest.approx(2 / 2**12, abs=5e-4)
    assert paired_randomisation(BETTER, WORSE) == paired_randomisation(WORSE, BETTER)


def test_no_p_value_is_zero() -> None:
    assert paired_randomisation([1.0] * 200, [0.0] * 200, rounds=99) == 1 / 100


def test_twelve_queries_of_one_image_prove_nothing() -> None:
    assert paired_randomisation(BETTER, WORSE, groups=["a"] * 12) == 1
    assert paired_randomisation(BETTER, WORSE, groups=["a"] * 6 + ["b"] * 6) == pytest.approx(
        1 / 2, abs=0.02
    )


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(-4, 4).map(lambda one: one / 7), min_size=1, max_size=8))
def test_the_p_value_is_near_that_of_all_flips(differences: list[float]) -> None:
    found = paired_randomisation(differences, np.zeros(len(differences)))
    assert found == pytest.approx(exact(differences), abs=0.025)


def test_the_interval_of_a_constant_difference_is_that_difference() -> None:
    found = paired_bootstrap([0.75] * 20, [0.25] * 20)
    assert found == Interval(0.5, 0.5, 0.5)
    assert found.times(100) == Interval(50, 50, 50)


def test_the_interval_of_a_share_is_that_of_the_binomial() -> None:
    values = np.arange(400) % 4 == 0
    found = bootstrap(values)
    error = 1.96 * np.sqrt(0.25 * 0.75 / 400)
    assert found.mean == 0.25
    assert (found.low, found.high) == pytest.approx((0.25 - error, 0.25 + error), abs=0.005)


def test_a_lower_level_makes_a_narrower_interval() -> None:
    values = np.arange(100) % 2
    wide, narrow = bootstrap(values), bootstrap(values, level=0.5)
    assert wide.low < narrow.low < narrow.mean < narrow.high < wide.high


def test_groups_are_drawn_with_all_their_values() -> None:
    found = bootstrap([1, 1, 0, 0], groups=["a", "a", "b", "b"])
    assert found == Interval(0.5, 0, 1)
    assert found == bootstrap([1, 1, 0, 0], groups=[7, 7, 9, 9])


def test_forty_queries_of_one_image_are_one_observation() -> None:
    found = paired_bootstrap([1] * 40 + [0], [0] * 41, groups=["a"] * 40 + ["b"])
    assert found == Interval(pytest.approx(40 / 41), 0, 1)


def test_portions_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    values, zeros = np.random.default_rng(0).normal(size=(2, 30))
    whole = bootstrap(values, rounds=500), paired_randomisation(values, zeros, rounds=500)
    monkeypatch.setattr("mirada.evaluation.significance.AT_ONCE", 70)
    parted = bootstrap(values, rounds=500), paired_randomisation(values, zeros, rounds=500)
    assert parted[0] == whole[0]
    assert parted[1] == pytest.approx(whole[1], abs=0.05)


def test_of_nothing_nothing_is_known() -> None:
    assert np.isnan(bootstrap([]).mean)
    assert paired_randomisation([], []) == 1
    assert holm([]) == []


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1, 1]


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_lowers_no_p_value_and_keeps_their_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(p <= one <= 1 for p, one in zip(p_values, adjusted, strict=True))
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert sorted(adjusted) == [adjusted[one] for one in order]


def test_values_that_do_not_pair_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shapes \(2,\) and \(1,\)"):
        paired_randomisation([1, 2], [1])
    with pytest.raises(ValueError, match="2 values with 1 groups"):
        bootstrap([1, 2], groups=["a"])
