"""What LanceStore promises beyond the contract: it lasts, moves, mends and says what is wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import lance
import numpy as np
import pyarrow as pa
import pytest

from mirada.errors import CollectionNotFound, SchemaTooNew, StoreError
from mirada.store import migrate
from mirada.store.lance import LanceStore
from mirada.store.schema import IMAGES, REGIONS, SCHEMA_VERSION, VERSION_KEY
from mirada.testing import DIM, ENCODER, record_of, unit
from mirada.types import ImageRecord, SourceFile
from tests.store import writers

ROOT = Path(__file__).parents[2]


def create(home: Path, **options: int) -> LanceStore:
    return LanceStore.create(home, encoder=ENCODER, dim=DIM, **options)


def fill(store: LanceStore, count: int, *, start: int = 0) -> list[ImageRecord]:
    records = [record_of(f"{number}.jpg") for number in range(start, start + count)]
    vectors = [unit(1, number, 0, 0) for number in range(start, start + count)]
    store.put(records, np.stack(vectors))
    return records


def test_importing_the_package_brings_neither_lance_nor_arrow() -> None:
    code = "import sys, mirada.store; sys.exit(bool({'lance', 'pyarrow'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_reopened_store_has_everything(tmp_path: Path) -> None:
    records = fill(create(tmp_path), 3)
    again = LanceStore.open(tmp_path)
    assert (again.encoder, again.dim, len(again)) == (ENCODER, DIM, 3)
    assert again.get([record.image_id for record in records]) == records


def test_creating_over_a_store_opens_it(tmp_path: Path) -> None:
    fill(create(tmp_path), 3)
    store = LanceStore.create(tmp_path, encoder="another/1", dim=DIM)
    assert (len(store), store.encoder) == (3, ENCODER)


def test_an_open_reader_sees_what_is_written_later(tmp_path: Path) -> None:
    writer = create(tmp_path)
    reader = LanceStore.open(tmp_path)
    (a,) = fill(writer, 1)
    assert reader.nearest(unit(1, 0, 0, 0), limit=1).ids == (a.image_id,)
    writer.set_files({a.image_id: ()})
    assert len(reader) == 0


def test_two_writers_that_passed_over_the_lock_make_no_copies(tmp_path: Path) -> None:
    one, other = create(tmp_path), create(tmp_path)
    for store in (one, other, one):
        fill(store, 2)
    assert len(one) == 2
    assert one.verify() == []


def test_a_folder_without_an_index_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(CollectionNotFound, match="mirada index"):
        LanceStore.open(tmp_path)
    with pytest.raises(CollectionNotFound, match="mirada index"):
        LanceStore.open(tmp_path / "missing")


@pytest.mark.parametrize("cut", [REGIONS, IMAGES])
def test_a_store_killed_while_being_made_is_completed(tmp_path: Path, cut: str) -> None:
    create(tmp_path)
    for manifest in (tmp_path / cut / "_versions").iterdir():
        manifest.unlink()
    if cut == REGIONS:
        shutil.rmtree(tmp_path / IMAGES)
    with pytest.raises(CollectionNotFound):
        LanceStore.open(tmp_path)
    fill(create(tmp_path), 1)
    assert LanceStore.open(tmp_path).verify() == []


@pytest.mark.parametrize("size", [0, 100])
def test_a_write_torn_by_a_power_cut_is_mended_by_the_writer(tmp_path: Path, size: int) -> None:
    store = create(tmp_path)
    fill(store, 2)
    fill(store, 1, start=2)
    newest = min((tmp_path / IMAGES / "_versions").iterdir())  # they count down
    os.truncate(newest, size)
    with pytest.raises(StoreError, match="mirada index"):
        LanceStore.open(tmp_path)
    mended = create(tmp_path)
    assert len(mended) == 2
    fill(mended, 1, start=2)
    assert len(LanceStore.open(tmp_path)) == 3


def test_damage_is_reported_with_what_to_do(tmp_path: Path) -> None:
    fill(create(tmp_path), 2)
    for file in (tmp_path / IMAGES / "data").iterdir():
        file.write_bytes(b"scratched")
    store = LanceStore.open(tmp_path)
    with pytest.raises(StoreError, match="your photos are untouched"):
        store.nearest(unit(1, 0, 0, 0), limit=1)


@pytest.mark.parametrize("kind", ["file", "photos", "table"])
def test_what_others_put_there_is_refused_and_kept(tmp_path: Path, kind: str) -> None:
    images = tmp_path / IMAGES
    if kind == "file":
        images.write_text("mine")
    elif kind == "photos":
        images.mkdir()
        (images / "beach.jpg").write_text("mine")
    else:
        lance.write_dataset(pa.table({"a": [1]}), str(images))
    before = sorted(images.rglob("*"))
    for open_it in (LanceStore.open, create):
        with pytest.raises(StoreError, match=r"images\.lance"):
            open_it(tmp_path)
    assert sorted(images.rglob("*")) == before


@pytest.mark.skipif(os.name != "posix", reason="names are Unicode there")
def test_a_home_whose_name_is_not_utf8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="--home"):
        create(tmp_path / "caf\udce9")


def test_a_library_moves_with_its_index(tmp_path: Path) -> None:
    inside = SourceFile(tmp_path / "old" / "2024" / "a\udcff.jpg", 1, 2)
    outside = SourceFile(tmp_path / "elsewhere.jpg", 1, 2)
    sibling = SourceFile(tmp_path / "older" / "b.jpg", 1, 2)
    store = create(tmp_path / "old" / ".mirada")
    base = record_of("x")
    record = ImageRecord(base.image_id, (outside, inside, sibling), 1, 1, "PNG", base.indexed_at)
    store.put([record], np.stack([unit(1, 0, 0, 0)]))
    assert {*store.files()} == {inside, outside, sibling}
    (tmp_path / "old").rename(tmp_path / "new")
    moved = {file.path for file in LanceStore.open(tmp_path / "new" / ".mirada").files()}
    assert moved == {tmp_path / "new" / "2024" / "a\udcff.jpg", outside.path, sibling.path}


def test_a_relative_path_is_refused(tmp_path: Path) -> None:
    base = record_of("x")
    file = SourceFile(Path("a.jpg"), 1, 2)
    record = ImageRecord(base.image_id, (file,), 1, 1, "PNG", base.indexed_at)
    with pytest.raises(ValueError, match="absolute"):
        create(tmp_path).put([record], np.stack([unit(1, 0, 0, 0)]))


def test_a_newer_schema_asks_for_an_upgrade(tmp_path: Path) -> None:
    create(tmp_path)
    _set_version(tmp_path, SCHEMA_VERSION + 1)
    for open_it in (LanceStore.open, create):
        with pytest.raises(SchemaTooNew, match="upgrade"):
            open_it(tmp_path)


def test_an_older_schema_without_a_way_up_is_refused(tmp_path: Path) -> None:
    create(tmp_path)
    _set_version(tmp_path, -1)
    with pytest.raises(StoreError, match="mirada index"):
        LanceStore.open(tmp_path)


def test_an_older_schema_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version 0 of this test knew no format; its step is killed once after half of its work."""
    (record,) = fill(create(tmp_path), 1)
    lance.dataset(str(tmp_path / IMAGES)).drop_columns(["format"])
    _set_version(tmp_path, 0)
    kills = [KeyboardInterrupt]

    def add_format(home: Path) -> None:
        table = lance.dataset(str(home / IMAGES))
        if "format" not in table.schema.names:
            table.add_columns({"format": "'JPEG'"})
        if kills:
            raise kills.pop()

    monkeypatch.setitem(migrate.STEPS, 0, add_format)
    with pytest.raises(KeyboardInterrupt):
        LanceStore.open(tmp_path)
    store = LanceStore.open(tmp_path)
    assert store.get([record.image_id]) == [record]
    assert store.health()["schema_version"] == SCHEMA_VERSION
    fill(store, 2)
    assert len(LanceStore.open(tmp_path)) == 2


def test_health_and_problems_are_told(tmp_path: Path) -> None:
    store = create(tmp_path)
    fill(store, 2)
    health = store.health()
    assert (health["rows"], health["files"], health["search"]) == (2, 2, "exact")
    assert health["bytes"] > 0
    assert store.verify() == []
    table = lance.dataset(str(tmp_path / IMAGES))
    rows = table.to_table().slice(0, 1)
    bad = pa.FixedSizeListArray.from_arrays(pa.array([9, 9, 9, 9], pa.float32()), DIM)
    files = pa.array([[]], rows.schema.field("files").type)
    for name, column in (("vector", bad), ("files", files)):
        rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), column)
    lance.write_dataset(rows, str(tmp_path / IMAGES), mode="append")
    problems = "\n".join(store.verify())
    assert "1 image ids are stored more than once" in problems
    assert "1 records have no file" in problems
    assert "1 vectors are not of unit length" in problems


def test_old_versions_of_the_last_hour_stay_readable(tmp_path: Path) -> None:
    store = create(tmp_path)
    for number in range(3):
        fill(store, 1, start=number)
    before = lance.dataset(str(tmp_path / IMAGES))
    store.optimize()
    assert before.to_table().num_rows == 3


@pytest.mark.parametrize("seconds", [0.2, 0.35, 0.5])
def test_a_killed_writer_loses_nothing_it_acknowledged(tmp_path: Path, seconds: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", writers.__name__, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    lines = [process.stdout.readline()]  # it writes from here on
    time.sleep(seconds)
    process.kill()
    lines += process.stdout.readlines()
    process.stdout.close()
    process.wait()
    acknowledged = int([line for line in lines if line.endswith(b"\n")][-1]) + 1
    store = create(tmp_path)
    kept = [record_of(f"{number}.jpg") for number in range(acknowledged)]
    assert acknowledged <= len(store) <= acknowledged + 1
    assert store.get([record.image_id for record in kept]) == kept
    fill(store, acknowledged + 1)
    assert len(store) == acknowledged + 1
    assert store.verify() == []


def test_one_process_reads_while_another_writes(tmp_path: Path) -> None:
    create(tmp_path)
    reader = LanceStore.open(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", writers.__name__, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    seen = []
    try:
        for line in process.stdout:
            seen.append((int(line), len(reader)))
            assert reader.nearest(unit(1, 0, 0, 0), limit=3).ids[0] == record_of("0.jpg").image_id
            if len(seen) == 25:
                break
    finally:
        process.kill()
        process.stdout.close()
        process.wait()
    assert all(count > number for number, count in seen)  # acknowledged means visible


def _set_version(home: Path, version: int) -> None:
    table = lance.dataset(str(home / IMAGES))
    table.update_schema_metadata({VERSION_KEY.decode(): str(version)})
