from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirada.evaluation.measures import first_ranks, recall

GALLERY = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)


def test_the_nearest_vector_has_rank_one() -> None:
    queries = np.array([[1, 0], [0, 1]], np.float32)
    assert first_ranks(queries, GALLERY, [[0], [1]]).tolist() == [1, 1]


def test_a_vector_behind_two_others_has_rank_three() -> None:
    assert first_ranks(np.array([[1, 0]], np.float32), GALLERY, [[1]]).tolist() == [3]


def test_of_several_relevant_vectors_the_first_counts() -> None:
    assert first_ranks(np.array([[1, 0]], np.float32), GALLERY, [[1, 2]]).tolist() == [2]


def test_a_model_that_scores_all_alike_gains_nothing() -> None:
    gallery = np.ones((4, 2), np.float32)
    assert first_ranks(np.ones((1, 2), np.float32), gallery, [[0]]).tolist() == [4]


def test_a_query_without_relevant_vectors_counts_as_missed() -> None:
    ranks = first_ranks(np.array([[1, 0], [1, 0]], np.float32), GALLERY, [[0], []])
    assert ranks.tolist() == [1, 4]
    assert recall(ranks, (1, 3)).at == {1: 0.5, 3: 0.5}


def test_recall_counts_shares_and_the_median() -> None:
    found = recall(np.array([1, 2, 6, 11]))
    assert found.queries == 4
    assert found.at == {1: 0.25, 5: 0.5, 10: 0.75}
    assert found.median_rank == 4.0


def test_recall_of_no_queries_is_zero() -> None:
    assert recall(np.array([], np.int64)).at == {1: 0.0, 5: 0.0, 10: 0.0}


def naive_rank(query: list[float], gallery: list[list[float]], relevant: list[int]) -> int:
    """Sorts the whole gallery, the relevant ones last among equals."""
    scores = [
        float(np.float32(query[0]) * np.float32(v[0]) + np.float32(query[1]) * np.float32(v[1]))
        for v in gallery
    ]
    best = max(scores[i] for i in relevant)
    return 1 + sum(1 for i, s in enumerate(scores) if s > best or (s == best and i not in relevant))


whole = st.integers(-3, 3).map(float)  # exact in float32, with many ties
vector = st.lists(whole, min_size=2, max_size=2)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_fast_measure_agrees_with_the_naive_one(data: st.DataObject) -> None:
    gallery = data.draw(st.lists(vector, min_size=1, max_size=9))
    queries = data.draw(st.lists(vector, min_size=1, max_size=5))
    own = [
        data.draw(st.lists(st.integers(0, len(gallery) - 1), min_size=1, max_size=3, unique=True))
        for _ in queries
    ]
    ranks = first_ranks(np.array(queries, np.float32), np.array(gallery, np.float32), own)
    assert ranks.tolist() == [
        naive_rank(query, gallery, relevant) for query, relevant in zip(queries, own, strict=True)
    ]


def test_chunks_do_not_change_the_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    queries = random.normal(size=(20, 3)).astype(np.float32)
    gallery = random.normal(size=(15, 3)).astype(np.float32)
    own = [[int(random.integers(15))] for _ in queries]
    at_once = first_ranks(queries, gallery, own)
    monkeypatch.setattr("mirada.evaluation.measures.CHUNK", 7)
    assert first_ranks(queries, gallery, own).tolist() == at_once.tolist()
