"""Regions as arrays: of one moment, and by an index where there are too many for memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lance
import numpy as np
import pytest

from mirada.store import regions
from mirada.store.lance import LanceStore
from mirada.store.schema import REGIONS
from mirada.store.upkeep import VECTOR_INDEX, indexes
from mirada.testing import DIM, ENCODER, described, record_of, unit
from mirada.types import COLOURS, Box, Region, Swatch
from tests.store.list_store import ListStore

if TYPE_CHECKING:
    from mirada.store.view import View
    from mirada.types import ImageRecord, Matrix

LEFT, RIGHT = Box(0, 0, 0.5, 1), Box(0.5, 0, 1, 1)
WIDE = 16  # numbers of a vector in the larger stores


def create(home: Path) -> LanceStore:
    return LanceStore.create(home, encoder=ENCODER, dim=DIM)


def of_regions(name: str, *found: Region) -> ImageRecord:
    return replace(record_of(name), regions=found)


def test_regions_come_largest_first_however_they_were_put(tmp_path: Path) -> None:
    store = create(tmp_path)
    boxes = [Box(0, 0, 0.1, 0.1), RIGHT, Box(0, 0, 1, 0.75), LEFT]
    a = of_regions("a.jpg", *(Region(box, unit(1, 0, 0, 0), 0.5) for box in boxes))
    store.put([a], np.stack([unit(1, 0, 0, 0)]))
    (asked,) = store.parts([a.image_id]).boxes.tolist()
    assert (
        asked
        == np.float32([[0, 0, 1, 0.75], [0, 0, 0.5, 1], [0.5, 0, 1, 1], [0, 0, 0.1, 0.1]]).tolist()
    )


def test_colours_without_a_name_are_left_out(tmp_path: Path) -> None:
    store = create(tmp_path)
    palette = (Swatch("blue", 0.5), Swatch("octarine", 0.25), Swatch("red", 0.125))
    a = of_regions("a.jpg", Region(LEFT, unit(1, 0, 0, 0), 0.5, (), (), palette))
    store.put([a], np.stack([unit(1, 0, 0, 0)]))
    shares = dict(zip(COLOURS, store.parts([a.image_id]).colours[0, 0].tolist(), strict=True))
    assert {name: share for name, share in shares.items() if share} == {"blue": 0.5, "red": 0.125}


@pytest.mark.parametrize("most", [0, 100])
def test_regions_of_another_rev_do_not_count(
    tmp_path: Path, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither those of a write that was killed, nor those of an image that is not there."""
    monkeypatch.setattr(regions, "MEMORY_ROWS", most)
    store = create(tmp_path)
    a = of_regions("a.jpg", Region(LEFT, unit(1, 0, 0, 0), 0.5))
    store.put([a], np.stack([unit(1, 0, 0, 0)]))
    half_way = regions.RegionTable(tmp_path, dim=DIM)
    better = Region(RIGHT, unit(0, 1, 0, 0), 0.5)
    half_way.add([replace(a, regions=(better,)), of_regions("b.jpg", better)], rev="never")
    assert store.parts([a.image_id]).vectors.tolist() == [[[1, 0, 0, 0]]]
    (ranking,) = store.nearest_parts(np.stack([unit(0, 1, 0, 0)]), limit=5)
    assert (ranking.ids, ranking.scores.tolist()) == ((a.image_id,), [0])


@pytest.mark.parametrize("most", [0, 100])
def test_a_write_between_the_two_tables_makes_it_look_again(
    tmp_path: Path, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process replaces all regions after the images were read and before their regions."""
    monkeypatch.setattr(regions, "MEMORY_ROWS", most)
    writer, reader = create(tmp_path), LanceStore.open(tmp_path)
    a = of_regions("a.jpg", Region(LEFT, unit(1, 0, 0, 0), 0.5))
    writer.put([a], np.stack([unit(1, 0, 0, 0)]))
    arrays = regions.RegionTable.arrays
    writes = [Region(RIGHT, unit(0, 1, 0, 0), 0.5)]

    def interrupted(table: regions.RegionTable, view: View) -> Any:
        if writes:
            writer.update([replace(a, regions=(writes.pop(),))])
        return arrays(table, view)

    monkeypatch.setattr(regions.RegionTable, "arrays", interrupted)
    assert reader.parts([a.image_id]).vectors.tolist() == [[[0, 1, 0, 0]]]
    writes.append(Region(LEFT, unit(0, 0, 1, 0), 0.5))
    (ranking,) = reader.nearest_parts(np.stack([unit(0, 0, 1, 0)]), limit=1)
    assert ranking.scores.tolist() == [1]


def test_a_reader_sees_regions_that_are_written_later(tmp_path: Path) -> None:
    writer, reader = create(tmp_path), LanceStore.open(tmp_path)
    a = described(record_of("a.jpg"))
    writer.put([replace(a, regions=())], np.stack([unit(1, 0, 0, 0)]))
    assert not reader.parts([a.image_id]).present.any()
    writer.update([a])
    assert reader.parts([a.image_id]).present.tolist() == [[True, True]]
    writer.set_files({a.image_id: ()})
    with pytest.raises(KeyError):
        reader.parts([a.image_id])


def clustered(count: int, *, seed: int) -> Matrix:
    centres = np.random.default_rng(0).standard_normal((40, WIDE))
    random = np.random.default_rng(seed)
    rows = centres[random.integers(0, 40, count)] + 0.6 * random.standard_normal((count, WIDE))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> tuple[LanceStore, ListStore]:
    """600 images with 0 to 9 regions each."""
    home = tmp_path_factory.mktemp("parts")
    stores = (
        LanceStore.create(home, encoder=ENCODER, dim=WIDE),
        ListStore(encoder=ENCODER, dim=WIDE),
    )
    vectors = iter(clustered(6_000, seed=1))
    records = [
        of_regions(
            f"{image}.jpg",
            *(
                Region(Box(0, 0, 1, (part + 1) / 16), next(vectors), 0.5)
                for part in range(image % 10)
            ),
        )
        for image in range(600)
    ]
    for store in stores:
        store.put(records, clustered(600, seed=2))
    return stores


def test_arrays_hold_what_a_list_would(twins: tuple[LanceStore, ListStore]) -> None:
    store, oracle = twins
    ids = sorted(store.ids())[::7] * 2
    found, expected = store.parts(ids), oracle.parts(ids)
    for name in ("boxes", "vectors", "present", "colours"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


@pytest.mark.parametrize("share", [1, 2, 20])
def test_in_memory_images_are_ranked_as_a_list_would(
    twins: tuple[LanceStore, ListStore], share: int
) -> None:
    among = frozenset(sorted(twins[1].ids())[::share])
    for limit in (1, 10, 1_000):
        rankings = [
            one.nearest_parts(clustered(3, seed=3), limit=limit, among=among) for one in twins
        ]
        for found, expected in zip(*rankings, strict=True):
            assert found.ids == expected.ids
            np.testing.assert_allclose(found.scores, expected.scores, atol=1e-6)


def test_too_many_for_memory_are_found_by_scan_by_index_and_by_their_ids(
    twins: tuple[LanceStore, ListStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, oracle = twins
    monkeypatch.setattr(regions, "MEMORY_ROWS", 100)
    questions = clustered(10, seed=4)
    everything = frozenset(store.ids())
    expected = oracle.nearest_parts(questions, limit=20)
    assert [one.ids for one in store.nearest_parts(questions, limit=20)] == [
        one.ids for one in expected
    ]
    monkeypatch.setattr("mirada.store.upkeep.PARTITION_ROWS", 50)  # 54 partitions, 20 probed
    store.optimize()
    assert VECTOR_INDEX in indexes(lance.dataset(str(store.home / REGIONS)))
    monkeypatch.setattr(regions, "IDS_PER_FILTER", 50)
    ids = sorted(everything)
    for among in (None, everything, frozenset(ids[:300]), frozenset(ids[:40])):
        expected = oracle.nearest_parts(questions, limit=20, among=among)
        rankings = store.nearest_parts(questions, limit=20, among=among)
        shared = sum(
            len({*one.ids} & {*other.ids}) for one, other in zip(rankings, expected, strict=True)
        )
        assert shared >= 0.95 * 200
        for ranking in rankings:
            assert len(ranking.ids) == 20
            assert np.all(np.diff(ranking.scores) <= 0)
    parts = store.parts(ids[:30])
    np.testing.assert_array_equal(parts.vectors, oracle.parts(ids[:30]).vectors)


def test_a_damaged_index_of_regions_costs_time_and_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regions, "MEMORY_ROWS", 100)
    store = LanceStore.create(tmp_path, encoder=ENCODER, dim=WIDE)
    vectors = clustered(300, seed=1)
    records = [
        of_regions(f"{number}.jpg", Region(LEFT, vector, 0.5))
        for number, vector in enumerate(vectors)
    ]
    store.put(records, vectors)
    store.optimize()
    for file in (tmp_path / REGIONS / "_indices").rglob("*.*"):
        file.write_bytes(b"")
    again = LanceStore.open(tmp_path)
    assert again._regions._likely(vectors[7], 1, again._latest(), None) == [records[7].image_id]
    monkeypatch.undo()
    mended = LanceStore.create(tmp_path, encoder=ENCODER, dim=WIDE)
    (ranking,) = mended.nearest_parts(vectors[7:8], limit=1)
    assert ranking.ids == (records[7].image_id,)
