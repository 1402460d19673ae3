from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirada.errors import DatasetError
from mirada.evaluation.pairs.benchmark import Benchmark
from mirada.evaluation.pairs.decisions import by_cut, by_threshold, refuse_leaks
from mirada.evaluation.pairs.evaluate import chosen, report_choices, report_statements
from mirada.evaluation.pairs.examples import Choice, Statement
from mirada.evaluation.pairs.measures import (
    area_draws,
    area_randomisation,
    area_under_curve,
    best_threshold,
    interval_of,
)
from mirada.evaluation.pairs.systems import Scored

SCORES = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=30)


def scored(*scores: float, sure: list[float] | None = None) -> Scored:
    return Scored(np.array(scores, float), None if sure is None else np.array(sure))


def choice(key: str, group: str = "swap", picture: str | None = None) -> Choice:
    return Choice(key, group, (picture or key,), "true", "false")


def statement(key: str, label: bool, group: str = "on", picture: str | None = None) -> Statement:
    return Statement(key, group, (picture or key,), f"text {key}", label, picture or key)


def split(*statements: Statement, kind: str = "vsr", name: str = "dev.jsonl") -> Benchmark:
    from pathlib import Path

    return Benchmark(kind, (Path(name),), (), statements)


def test_of_equal_scores_the_wrong_caption_is_chosen() -> None:
    inf = float("inf")
    true, false = scored(0.2, 0.1, 0.3, -inf), scored(0.1, 0.1, 0.4, -inf)
    assert chosen(true, false).tolist() == [True, False, False, False]


@settings(deadline=None)
@given(SCORES)
def test_the_area_is_the_share_of_pairs_in_order(rows: list[tuple[int, bool]]) -> None:
    scores, labels = np.array([one for one, _ in rows], float), np.array([one for _, one in rows])
    pairs = [a > b for a in scores[labels] for b in scores[~labels]]
    found = area_under_curve(scores, labels)
    assert found == pytest.approx(np.mean(pairs)) if pairs else np.isnan(found)


@settings(deadline=None)
@given(SCORES)
def test_no_threshold_gets_more_right_than_the_best(rows: list[tuple[int, bool]]) -> None:
    scores, labels = np.array([one for one, _ in rows], float), np.array([one for _, one in rows])

    def right(least: float) -> int:
        return int(np.count_nonzero((scores >= least) == labels))

    assert right(best_threshold(scores, labels)) == max(
        right(least) for least in (*scores.tolist(), float("inf"))
    )


def test_a_system_that_scores_all_alike_has_no_area() -> None:
    labels = np.array([True, False])
    assert area_under_curve(np.zeros(2), labels) == 0
    assert area_under_curve(np.array([-np.inf, -np.inf]), labels) == 0
    assert area_under_curve(np.array([0.0, -np.inf]), labels) == 1


def test_draws_of_an_area_take_whole_owners() -> None:
    """Forty statements of one picture are one observation: draws are of either, or of both."""
    scores = np.array([1.0] * 20 + [0.0] * 20 + [0.0, 1.0])
    labels = np.array([True] * 20 + [False] * 20 + [True, False])
    draws = area_draws(scores, labels, ["a"] * 40 + ["b"] * 2, seed=0, rounds=200)
    both = area_under_curve(scores, labels)
    assert set(np.round(draws, 9)) == {0.0, 1.0, round(both, 9)}
    assert interval_of(both, draws).low == 0
    assert interval_of(both, draws).high == 1


def test_an_area_without_false_statements_is_unknown() -> None:
    draws = area_draws(np.ones(2), np.array([True, True]), ["a", "b"], seed=0, rounds=9)
    assert np.isnan(draws).all()
    assert np.isnan(interval_of(float("nan"), draws).low)


def test_systems_that_rank_alike_do_not_differ_and_opposite_ones_do() -> None:
    labels = np.arange(40) % 2 == 0
    good = labels + np.linspace(0, 0.5, 40)
    owners = [str(one) for one in range(40)]
    same = area_randomisation(good, 7 * good, labels, owners, seed=0, rounds=200)
    other = area_randomisation(good, -good, labels, owners, seed=0, rounds=200)
    assert same == 1
    assert other == pytest.approx(1 / 201)


def test_shares_are_told_by_group_with_a_test_between_systems() -> None:
    choices = [choice(str(one), "swap" if one < 10 else "add") for one in range(30)]
    right = {"poor": np.zeros(30, bool), "good": np.ones(30, bool)}
    report = report_choices(choices, right)
    assert report.counts == {"add": 20, "swap": 10, "all": 30}
    assert report.chance == 0.5
    assert report.found["poor"]["all"].mean == 0
    assert report.found["good"]["swap"].mean == 1
    difference = report.differences["good"]["all"]
    assert (difference.interval.mean, difference.interval.low) == (1, 1)
    assert difference.p < 0.001
    assert difference.p <= difference.corrected <= 3 * difference.p


def test_choices_of_one_picture_are_drawn_together() -> None:
    choices = [choice(str(one), picture="a") for one in range(40)] + [choice("b")]
    right = {"any": np.array([True] * 40 + [False])}
    found = report_choices(choices, right).found["any"]["all"]
    assert (found.low, found.high) == (0, 1)


def test_a_single_way_to_be_wrong_is_not_told_twice() -> None:
    assert report_choices([choice("a")], {"any": np.array([True])}).counts == {"all": 1}


def test_statements_have_an_area_always_and_a_share_where_there_is_a_threshold() -> None:
    statements = [statement(str(one), one % 2 == 0, "on" if one < 4 else "in") for one in range(20)]
    truth = np.array([one.label for one in statements])
    systems = {"poor": scored(*np.zeros(20)), "good": scored(*truth.astype(float))}
    decided = {
        "poor": None,
        "good": by_threshold(systems["good"], systems["good"], statements, "x"),
    }
    report = report_statements(statements, systems, decided)
    assert report.counts == {"in": 16, "on": 4, "all": 20}
    assert (report.true, report.chance) == (10, 0.5)
    assert report.found["poor"]["all"].area.mean == 0
    assert report.found["poor"]["all"].right is None
    assert report.found["good"]["on"].area.mean == 1
    assert report.found["good"]["all"].right is not None
    assert report.found["good"]["all"].right.mean == 1
    assert report.rules == {"poor": None, "good": "score >= 1, chosen on x"}
    assert set(report.differences["good"]) == {"area"}
    assert report.differences["good"]["area"].interval.mean == 1


def test_chance_is_what_calling_all_the_same_gets_right() -> None:
    statements = [statement(str(one), one < 7) for one in range(10)]
    report = report_statements(statements, {"any": scored(*range(10))}, {"any": None})
    assert report.chance == 0.7


def test_the_threshold_comes_from_the_other_statements() -> None:
    tuning = [statement("a", True), statement("b", False), statement("c", False)]
    decided = by_threshold(scored(0.3, 0.5), scored(0.4, 0.3, 0.2), tuning, "dev.jsonl")
    assert decided.true.tolist() == [False, True]
    assert decided.rule == "score >= 0.4, chosen on dev.jsonl"


def test_the_calibrated_cut_is_that_of_the_search() -> None:
    decided = by_cut(scored(0.1, 0.9, sure=[0.04, 0.06]))
    assert decided is not None
    assert decided.true.tolist() == [False, True]
    assert "0.05, the calibrated cut" in decided.rule
    assert by_cut(scored(0.1)) is None


def test_a_threshold_cannot_be_chosen_on_what_is_tested() -> None:
    test = split(statement("a", True), statement("b", False))
    refuse_leaks(test, split(statement("c", True)))
    with pytest.raises(DatasetError, match="1 statements of dev.jsonl are among those tested"):
        refuse_leaks(test, split(statement("b", False), statement("c", True)))
    with pytest.raises(DatasetError, match="of nlvr2 and cannot tune vsr"):
        refuse_leaks(test, split(statement("c", True), kind="nlvr2"))
