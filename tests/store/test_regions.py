"""What LanceStore promises of descriptions beyond the contract: old tables, kills, size."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import lance
import numpy as np
import pyarrow as pa

from mirada.store import regions
from mirada.store.described import DESCRIBED
from mirada.store.lance import LanceStore
from mirada.store.schema import IMAGES, REGIONS, SCHEMA_VERSION, VERSION_KEY
from mirada.store.upkeep import ID_INDEX, indexes
from mirada.testing import DIM, ENCODER, described, record_of, unit

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def create(home: Path) -> LanceStore:
    return LanceStore.create(home, encoder=ENCODER, dim=DIM)


def test_a_table_of_vectors_alone_is_brought_up_to_date(tmp_path: Path) -> None:
    """Version 1 had no description, and a regions table of another shape, always empty."""
    store = create(tmp_path)
    a = record_of("a.jpg")
    store.put([a], np.stack([unit(1, 0, 0, 0)]))
    images = lance.dataset(str(tmp_path / IMAGES))
    for index in images.describe_indices():
        images.drop_index(index.name)
    images.drop_columns([*DESCRIBED, "terms"])
    images.update_schema_metadata({VERSION_KEY.decode(): "1"})
    shutil.rmtree(tmp_path / REGIONS)
    old = pa.schema([("image_id", pa.string()), ("label", pa.string())])
    lance.write_dataset(old.empty_table(), str(tmp_path / REGIONS), schema=old)

    again = create(tmp_path)
    assert again.get([a.image_id]) == [a]
    assert again.models() == {a.image_id: {}}
    assert again.match("dog", limit=5).ids == ()
    again.update([described(a)])
    assert again.match("dog", limit=5).ids == (a.image_id,)
    assert again.regions([a.image_id]) == [described(a).regions]
    assert again.health()["schema_version"] == SCHEMA_VERSION
    assert again.verify() == []


def test_regions_left_by_a_killed_writer_are_not_seen(tmp_path: Path) -> None:
    store = create(tmp_path)
    a = described(record_of("a.jpg"))
    store.put([a], np.stack([unit(1, 0, 0, 0)]))
    half_way = regions.RegionTable(tmp_path, dim=DIM)
    half_way.add([a], rev="never committed")
    assert len(store.regions([a.image_id])[0]) == 2
    store.update([a])
    assert store.health()["regions"] == 2


def test_many_regions_are_found_by_an_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regions, "INDEXED_ROWS", 4)
    store = create(tmp_path)
    records = [described(record_of(f"{number}.jpg")) for number in range(3)]
    store.put(records, np.stack([unit(1, 0, 0, 0)] * 3))
    store.optimize()
    assert ID_INDEX in indexes(lance.dataset(str(tmp_path / REGIONS)))
    more = described(record_of("more.jpg"))
    store.put([more], np.stack([unit(1, 0, 0, 0)]))
    store.optimize()
    ids = [records[1].image_id, more.image_id]
    assert store.regions(ids) == [more.regions, more.regions]
