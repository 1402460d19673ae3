"""Measures of runs through ir_measures, and comparisons of runs."""

from __future__ import annotations

from math import inf, log2

import numpy as np
import pytest

from mirada.errors import ConfigError, DatasetError
from mirada.evaluation.compared import compare
from mirada.evaluation.measures import (
    groups_of,
    measure_run,
    median_rank,
    parse_measures,
    ranks_of,
)
from mirada.evaluation.trec import Qrels, Run

pytest.importorskip("ir_measures")

QRELS = Qrels({"q1": {"a": 1}, "q2": {"a": 1, "b": 1}, "q3": {"c": 1}})
RUN = Run("one", {"q1": {"x": 2.0, "a": 1.0}, "q2": {"a": 2.0, "x": 1.0, "b": 0.5}})


def test_values_by_hand_in_the_order_of_the_qrels() -> None:
    found = measure_run(RUN, QRELS, ("R@1", "RR", "nDCG@10"))
    assert found["R@1"].tolist() == [0, 0.5, 0]
    assert found["RR"].tolist() == [0.5, 1, 0]
    best = 1 + 1 / log2(3)
    assert found["nDCG@10"].tolist() == pytest.approx([1 / log2(3), (1 + 0.5) / best, 0])


def test_with_several_right_images_recall_is_a_share_and_success_is_any() -> None:
    found = measure_run(RUN, QRELS, ("R@1", "Success@1"))
    assert (found["R@1"][1], found["Success@1"][1]) == (0.5, 1)


def test_the_median_rank_counts_queries_that_find_nothing() -> None:
    assert ranks_of(RUN, QRELS).tolist() == [2, 1, inf]
    assert median_rank(RUN, QRELS) == 2
    assert median_rank(Run("poor", {"q1": {"a": 1.0}, "q2": {}}), QRELS) == inf


def test_measures_are_named_as_ir_measures_prints_them() -> None:
    assert parse_measures(["nDCG@10", "R@ 1", "R@1"]) == ("nDCG@10", "R@1")
    for wrong in ("recall", "R@", "3"):
        with pytest.raises(ConfigError, match="is no measure"):
            parse_measures([wrong])


def test_a_run_of_other_queries_is_refused() -> None:
    with pytest.raises(DatasetError, match="run other answers no query"):
        measure_run(Run("other", {"z": {"a": 1.0}}), QRELS)


def test_queries_with_the_same_answers_are_one_group() -> None:
    qrels = Qrels({"a#0": {"a": 1}, "a#1": {"a": 1, "b": 0}, "b#0": {"b": 1}, "x": {}, "y": {}})
    assert groups_of(qrels) == [0, 0, 1, 2, 3]


def test_systems_are_set_against_the_baseline() -> None:
    values = {
        "base": {"R@1": np.zeros(40)},
        "same": {"R@1": np.zeros(40)},
        "better": {"R@1": np.ones(40)},
    }
    found = compare(values, baseline="base", groups=np.arange(40), rounds=999)
    assert (found.queries, found.groups, found.baseline) == (40, 40, "base")
    assert found.systems["base"]["R@1"].difference is None
    same, better = (found.systems[name]["R@1"].difference for name in ("same", "better"))
    assert same is not None
    assert better is not None
    assert (same.p, same.corrected) == (1, 1)
    assert (better.interval.mean, better.interval.low, better.interval.high) == (1, 1, 1)
    assert better.p == pytest.approx(1 / 1000)
    assert better.corrected == pytest.approx(2 / 1000)  # two systems were tried


def test_forty_queries_of_one_group_prove_nothing() -> None:
    values = {"base": {"R@1": np.zeros(40)}, "better": {"R@1": np.ones(40)}}
    found = compare(values, baseline="base", groups=np.zeros(40), rounds=99)
    apart = found.systems["better"]["R@1"].difference
    assert apart is not None
    assert apart.p == 1
