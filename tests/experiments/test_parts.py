"""The parts of an experiment that numbers made by hand can check."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirada.evaluation.datasets import CaptionedImage, ImageBytes
from mirada.evaluation.trec import Qrels, Run
from mirada.experiments.cache import Cache, Unit, read_lines
from mirada.experiments.comparing import compare, first_ranks, values_of
from mirada.experiments.gallery import Gallery, Query, drawn
from mirada.experiments.plot import Dot, pareto
from mirada.experiments.wording import chance, differs, signed


def gallery(*, judged_only: bool) -> Gallery:
    image = CaptionedImage("a", ImageBytes(Path("a")), ("a",), "d", "")
    queries = (Query("q1", "one", "a"), Query("q2", "two", "b"))
    grades = {"q1": {"a": 1, "b": 0}, "q2": {"b": 1}}
    return Gallery("g", {"a": image}, queries, Qrels(grades), judged_only=judged_only)


def test_a_query_without_an_answer_counts_as_nothing_found() -> None:
    run = Run("r", {"q1": {"b": 0.9, "a": 0.8}})
    found = values_of(run, gallery(judged_only=False), ["RR", "R@1"])
    assert found["RR"].tolist() == [0.5, 0]
    assert found["R@1"].tolist() == [0, 0]
    assert first_ranks(run, gallery(judged_only=False)) == [2, None]


def test_pictures_that_nobody_judged_are_passed_over_where_that_is_asked_for() -> None:
    run = Run("r", {"q1": {"x": 0.9, "a": 0.8}, "q2": {"x": 0.9, "y": 0.8, "b": 0.7}})
    assert first_ranks(run, gallery(judged_only=True)) == [1, 1]
    assert first_ranks(run, gallery(judged_only=False)) == [2, 3]


def test_only_a_sure_difference_counts_as_one() -> None:
    base, better = np.zeros(40), np.ones(40)
    groups = [str(place) for place in range(40)]
    values = [{"RR": base}, {"RR": better}, {"RR": base}]
    first, second, third = compare(values, 0, groups, seed=0)
    assert first["RR"].difference is None
    assert second["RR"].difference
    assert second["RR"].difference.interval.mean == 1
    assert second["RR"].difference.corrected < 0.01
    assert third["RR"].difference
    assert third["RR"].difference.corrected == 1


def test_systems_that_cost_more_and_find_less_are_not_on_the_front() -> None:
    dots = [
        Dot(number, cost, quality, 0, 0, is_baseline=False)
        for number, cost, quality in ((1, 10, 5), (2, 5, 5), (3, 20, 9), (4, 30, 8))
    ]
    assert [dot.number for dot in pareto(dots)] == [2, 3]


@given(st.lists(st.text(), unique=True), st.integers(0, 10), st.integers(0, 3))
def test_a_sample_keeps_the_order_and_is_always_the_same(
    names: list[str], count: int, seed: int
) -> None:
    kept = drawn(names, count, seed, str)
    assert kept == drawn(names, count, seed, str)
    assert list(kept) == [name for name in names if name in kept]
    assert len(kept) == (min(count, len(names)) if count else len(names))


def test_a_set_that_grows_keeps_most_of_its_sample() -> None:
    names = [str(number) for number in range(1000)]
    before = set(drawn(names, 100, 0, str))
    assert len(before & set(drawn([*names, "new"], 100, 0, str))) >= 99


def test_the_order_of_keys_makes_no_other_unit_and_any_value_does() -> None:
    unit = Unit("runs", {"a": 1, "b": [2]})
    assert unit.digest == Unit("runs", {"b": [2], "a": 1}).digest
    assert unit.digest != Unit("runs", {"a": 1, "b": [3]}).digest
    assert unit.digest != Unit("indexes", {"a": 1, "b": [2]}).digest


def test_a_unit_is_done_when_it_is_marked_and_not_before(tmp_path: Path) -> None:
    cache, unit = Cache(tmp_path), Unit("runs", {"a": 1})
    cache.add_part(unit, {"images": 3})
    assert cache.result(unit) is None
    cache.finish(unit, {"queries": 2})
    assert cache.result(unit) == {"queries": 2}
    (cache.place(unit) / "unit.json").write_text("{")
    assert cache.result(unit) is None


@pytest.mark.parametrize("end", ['{"a": ', '{"a": 2}'])
def test_a_line_that_was_cut_off_does_not_count(tmp_path: Path, end: str) -> None:
    path = tmp_path / "lines"
    path.write_text('{"a": 1}\n' + end)
    assert read_lines(path) == [{"a": 1}]


def test_numbers_read_as_people_write_them() -> None:
    assert signed(-0.0312) == "−3.1"
    assert (chance(0.0001), chance(0.0213), chance(1.0)) == ("p < .001", "p = .021", "p = 1")
    apart = {"mean": 0.1, "low": 0.0, "high": 0.2, "p": 0.01}
    assert differs({"difference": {**apart, "holm": 0.04}}) == 1
    assert differs({"difference": {**apart, "holm": 0.06}}) == 0
