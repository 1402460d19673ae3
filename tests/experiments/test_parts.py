"""The parts of an experiment that numbers made by hand can check."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirada.evaluation.measures import ranks_of
from mirada.evaluation.trec import Qrels, Run
from mirada.experiments.cache import Cache, Unit, read_lines
from mirada.experiments.gallery import Gallery, Query, drawn
from mirada.experiments.grid import Sight, System
from mirada.experiments.indexes import Seeing
from mirada.experiments.plot import Dot, pareto
from mirada.experiments.run import Answered, Compared
from mirada.experiments.wins import changes, tally
from mirada.experiments.wording import chance, differs, signed


def answered(run: Run, qrels: Qrels, *, rerank: bool) -> Answered:
    system = System(Sight("encoder", "none", "none"), 0.0, rerank)
    seeing = Seeing({}, {})
    return Answered(system, seeing, {}, {}, run, {}, ranks_of(run, qrels), {})


def test_wins_and_losses_go_by_the_rank_of_the_first_right_picture() -> None:
    qrels = Qrels({"q1": {"a": 1}, "q2": {"b": 1}, "q3": {"c": 1}})
    queries = tuple(Query(one, f"words of {one}") for one in qrels.grades)
    before = Run("before", {"q1": {"x": 2.0, "a": 1.0}, "q2": {"b": 1.0}, "q3": {"c": 1.0}})
    after = Run("after", {"q1": {"a": 2.0, "x": 1.0}, "q3": {"c": 1.0}})
    base, other = answered(before, qrels, rerank=False), answered(after, qrels, rerank=True)
    gallery = Gallery("g", {}, queries, qrels, judged_only=False)
    found = Compared(gallery, base.system, [base, other])
    assert tally(found, other) == (1, 1)
    ((win,), (loss,)) = changes(found, other)
    assert (win.text, win.before, win.after, win.right_first) == (
        "words of q1",
        2,
        1,
        (False, True),
    )
    assert (loss.right, loss.before, loss.after) == ("b", 1, None)
    assert (loss.first_before, loss.first_after) == ("b", None)


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
