"""Large stores answer by an index: nearly all of the true neighbours, and every new row."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mirada.store.lance import LanceStore
from mirada.store.upkeep import VECTOR_INDEX, indexes
from mirada.testing import SEEN_AT, file_at
from mirada.types import ImageRecord

if TYPE_CHECKING:
    from pathlib import Path

    from mirada.types import Matrix

DIM = 32
CENTRES = 50


def records(count: int, *, start: int = 0) -> list[ImageRecord]:
    return [
        ImageRecord(
            sha256(str(one).encode()).hexdigest(), (file_at(f"{one}.jpg"),), 4, 3, "PNG", SEEN_AT
        )
        for one in range(start, start + count)
    ]


def clustered(count: int, *, seed: int) -> Matrix:
    centres = np.random.default_rng(0).standard_normal((CENTRES, DIM))
    random = np.random.default_rng(seed)
    rows = centres[random.integers(0, CENTRES, count)] + 0.6 * random.standard_normal((count, DIM))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> LanceStore:
    home = tmp_path_factory.mktemp("large")
    store = LanceStore.create(home, encoder="test/1", dim=DIM, exact_rows=2_000)
    for start in (0, 2_000):
        store.put(records(2_000, start=start), clustered(2_000, seed=start + 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mirada.store.upkeep.PARTITION_ROWS", 50)  # 80 partitions, 20 of them probed
        store.optimize()
    return store


def recall(store: LanceStore, questions: Matrix, *, limit: int) -> float:
    ids = sorted(store.ids())
    vectors = store.vectors(ids)
    hits = 0
    for question in questions:
        truth = {ids[row] for row in np.argsort(-(vectors @ question))[:limit]}
        hits += len(truth & {*store.nearest(question, limit=limit).ids})
    return hits / (limit * len(questions))


def test_the_index_is_there_and_covers_all(store: LanceStore) -> None:
    assert store.health()["search"] == "approximate"
    assert store.health()["unindexed_rows"] == 0
    assert indexes(store._latest().table)[VECTOR_INDEX].index_type == "IVF_SQ"


def test_recall_at_ten_is_95_percent_or_more(store: LanceStore) -> None:
    assert recall(store, clustered(40, seed=9), limit=10) >= 0.95


def test_scores_are_exact_dot_products(store: LanceStore) -> None:
    question = 3 * clustered(1, seed=5)[0]
    ranking = store.nearest(question, limit=20)
    np.testing.assert_allclose(ranking.scores, store.vectors(ranking.ids) @ question, rtol=1e-5)
    assert np.all(np.diff(ranking.scores) <= 0)


def test_long_rankings_are_exact(store: LanceStore) -> None:
    assert recall(store, clustered(2, seed=9), limit=1_500) == 1
    assert len(store.nearest(clustered(1, seed=9)[0], limit=10_000).ids) == len(store)


def test_a_question_without_direction_is_answered_by_id(store: LanceStore) -> None:
    ranking = store.nearest(np.zeros(DIM, np.float32), limit=3)
    assert ranking.ids == tuple(sorted(store.ids())[:3])


def test_rows_are_found_before_they_are_indexed_and_after(store: LanceStore) -> None:
    new = records(30, start=100_000)
    vectors = clustered(30, seed=77)
    store.put(new, vectors)
    assert store.health()["unindexed_rows"] >= 30
    for _ in range(2):
        found = [store.nearest(vector, limit=1).ids[0] for vector in vectors]
        assert found == [record.image_id for record in new]
        assert store.get([new[3].image_id]) == [new[3]]
        store.optimize()
    assert store.health()["unindexed_rows"] == 0
    store.set_files({record.image_id: () for record in new})
    store.optimize()
    gone = {record.image_id for record in new}
    assert not gone & {*store.nearest(vectors[0], limit=100).ids}


@pytest.mark.parametrize("count", [15, 300, 3_900])
def test_few_or_many_chosen_ones_are_found(
    store: LanceStore, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By their ids, by the index, or by a scan."""
    monkeypatch.setattr("mirada.store.view.IDS_PER_FILTER", 100)
    ids = sorted(store.ids())
    chosen = ids[::-1][:count]
    vectors = store.vectors(chosen)
    found = 0
    for question in clustered(20, seed=9):
        truth = {chosen[row] for row in np.argsort(-(vectors @ question))[:10]}
        ranking = store.nearest(question, limit=10, among=frozenset(chosen))
        assert {*ranking.ids} <= {*chosen}
        assert len(ranking.ids) == 10
        found += len(truth & {*ranking.ids})
    assert found >= 0.95 * 200


def test_chosen_ones_far_from_the_question_are_found(store: LanceStore) -> None:
    """None of them is among the candidates of the index."""
    ids = sorted(store.ids())
    vectors = store.vectors(ids)
    question = clustered(1, seed=5)[0]
    far = [ids[row] for row in np.argsort(vectors @ question)[:1_500]]
    ranking = store.nearest(question, limit=5, among=frozenset(far))
    assert ranking.ids == tuple(far[::-1][:5])


def test_optimizing_twice_writes_nothing_new(store: LanceStore) -> None:
    store.optimize()
    versions = store.health()["versions"]
    store.optimize()
    assert store.health()["versions"] == versions


def test_a_damaged_index_costs_time_and_no_answer(tmp_path: Path) -> None:
    store = LanceStore.create(tmp_path, encoder="test/1", dim=DIM, exact_rows=1_000)
    vectors = clustered(1_000, seed=1)
    some = records(1_000)
    store.put(some, vectors)
    store.optimize()
    for file in (tmp_path / "images.lance" / "_indices").rglob("*.*"):
        file.write_bytes(b"")
    again = LanceStore.open(tmp_path, exact_rows=1_000)
    assert again.nearest(vectors[7], limit=1).ids == (some[7].image_id,)
    assert any("index" in problem for problem in again.verify())
    mended = LanceStore.create(tmp_path, encoder="test/1", dim=DIM, exact_rows=1_000)
    mended.put(some[:5], vectors[:5])
    mended.optimize()
    assert mended.verify() == []
    assert mended.health()["search"] == "approximate"
