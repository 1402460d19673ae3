"""Rankings of several sources over the same queries."""

import numpy as np
import pytest

from mirada.evaluation.sources import evaluate_sources
from mirada.types import Ranking

QUERIES = [("one", "a"), ("two", "b"), ("three", "c")]


def ranker(*ids: str):
    return lambda _: Ranking("test", ids, np.arange(len(ids), 0, -1, dtype=np.float32))


def test_each_source_is_measured_and_set_against_the_first() -> None:
    sources = {"poor": ranker("x", "a"), "good": ranker("a", "b", "c")}
    report = evaluate_sources(QUERIES, sources, images=4)
    assert report.found["poor"].at[10] == pytest.approx(1 / 3)
    assert report.found["good"].at == {1: pytest.approx(1 / 3), 5: 1, 10: 1}
    assert list(report.gains) == ["good"]
    assert report.gains["good"].mean == pytest.approx(2 / 3)


def test_an_image_that_a_ranking_lacks_counts_as_missed() -> None:
    report = evaluate_sources([("q", "z")], {"any": ranker("a")}, images=4)
    assert report.found["any"].at == {1: 0, 5: 0, 10: 0}
