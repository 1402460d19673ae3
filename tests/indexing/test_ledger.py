"""How observations become writes."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from mirada.indexing.ledger import Ledger
from mirada.indexing.observe import Described, Known, Observed, Rejected
from mirada.indexing.plan import plan_run
from mirada.types import ImageRecord, SourceFile, Tag
from tests.store.list_store import ListStore

ROOT = Path("/photos")
A, B = "a" * 64, "b" * 64


def file(name: str, *, mtime_ns: int = 1) -> SourceFile:
    return SourceFile(ROOT / name, 10, mtime_ns)


def observed(where: SourceFile, image_id: str) -> Observed:
    vector = np.array([1, 0], dtype=np.float32)
    seen_at = datetime(2026, 1, 1, tzinfo=UTC)
    return Observed(where, ImageRecord(image_id, (where,), 4, 3, "JPEG", seen_at), vector)


def begin(store: ListStore, found: list[SourceFile]) -> Ledger:
    known = dict(store.files())
    return Ledger(store, known.items(), plan_run(found, known, roots=[ROOT]))


def indexed(*pairs: tuple[SourceFile, str]) -> ListStore:
    store = ListStore(encoder="colour/1", dim=2)
    ledger = begin(store, [where for where, _ in pairs])
    for where, image_id in pairs:
        ledger.take(observed(where, image_id))
    ledger.finish(keep_missing=False)
    return store


def paths(store: ListStore, image_id: str) -> list[str]:
    (record,) = store.get([image_id])
    return [one.path.name for one in record.files]


def test_a_new_image_is_written_with_its_file() -> None:
    store = indexed((file("x.jpg"), A))
    assert paths(store, A) == ["x.jpg"]


def test_two_new_files_with_the_same_bytes_share_a_record() -> None:
    store = ListStore(encoder="colour/1", dim=2)
    ledger = begin(store, [file("x.jpg"), file("y.jpg")])
    ledger.take(observed(file("x.jpg"), A))
    ledger.take(Known(file("y.jpg"), A))
    ledger.finish(keep_missing=False)
    assert paths(store, A) == ["x.jpg", "y.jpg"]
    assert str(ledger.report()) == (
        "indexed 1, unchanged 0, moved 0, copied 1, removed 0, skipped 0"
    )


def test_a_copy_seen_before_its_original_was_understood_waits_for_it() -> None:
    store = ListStore(encoder="colour/1", dim=2)
    ledger = begin(store, [file("x.jpg"), file("y.jpg")])
    ledger.take(Known(file("x.jpg"), A))
    ledger.write()
    assert len(store) == 0
    ledger.take(observed(file("y.jpg"), A))
    ledger.finish(keep_missing=False)
    assert paths(store, A) == ["x.jpg", "y.jpg"]


def test_copies_of_an_unreadable_file_are_each_listed_with_the_reason() -> None:
    store = ListStore(encoder="colour/1", dim=2)
    ledger = begin(store, [file("x.jpg"), file("y.jpg"), file("z.jpg")])
    ledger.take(Known(file("x.jpg"), A))
    ledger.take(Rejected(file("y.jpg"), A, "truncated"))
    ledger.take(Known(file("z.jpg"), A))
    ledger.finish(keep_missing=False)
    skipped = {one.path.name: one.reason for one in ledger.report().skipped}
    assert skipped == {"x.jpg": "truncated", "y.jpg": "truncated", "z.jpg": "truncated"}


def test_a_renamed_file_moves_and_keeps_its_record() -> None:
    store = indexed((file("x.jpg"), A))
    ledger = begin(store, [file("new.jpg")])
    ledger.take(Known(file("new.jpg"), A))
    ledger.finish(keep_missing=False)
    assert paths(store, A) == ["new.jpg"]
    assert (ledger.report().moved, ledger.report().removed) == (1, 0)


def test_a_touched_file_counts_as_unchanged_and_its_new_time_is_kept() -> None:
    store = indexed((file("x.jpg"), A))
    ledger = begin(store, [file("x.jpg", mtime_ns=2)])
    ledger.take(Known(file("x.jpg", mtime_ns=2), A))
    ledger.finish(keep_missing=False)
    assert ledger.report().unchanged == 1
    assert store.files() == {file("x.jpg", mtime_ns=2): A}


def test_an_edited_file_leaves_its_old_record() -> None:
    store = indexed((file("x.jpg"), A))
    ledger = begin(store, [file("x.jpg", mtime_ns=2)])
    ledger.take(observed(file("x.jpg", mtime_ns=2), B))
    ledger.finish(keep_missing=False)
    assert store.files() == {file("x.jpg", mtime_ns=2): B}
    assert list(store.ids()) == [B]
    assert (ledger.report().indexed, ledger.report().removed) == (1, 0)


def test_an_edited_file_whose_old_bytes_turn_up_elsewhere_loses_nothing() -> None:
    store = indexed((file("x.jpg"), A))
    ledger = begin(store, [file("x.jpg", mtime_ns=2), file("backup.jpg")])
    ledger.take(observed(file("x.jpg", mtime_ns=2), B))
    ledger.write()
    ledger.take(Known(file("backup.jpg"), A))
    ledger.finish(keep_missing=False)
    assert paths(store, A) == ["backup.jpg"]
    assert paths(store, B) == ["x.jpg"]


def test_a_known_file_that_became_unreadable_keeps_its_record() -> None:
    store = indexed((file("x.jpg"), A))
    ledger = begin(store, [file("x.jpg", mtime_ns=2)])
    ledger.take(Rejected(file("x.jpg", mtime_ns=2), None, "permission denied"))
    ledger.finish(keep_missing=False)
    assert store.files() == {file("x.jpg"): A}


def test_a_deleted_file_leaves_the_index() -> None:
    store = indexed((file("x.jpg"), A), (file("y.jpg"), B))
    ledger = begin(store, [file("y.jpg")])
    ledger.finish(keep_missing=False)
    assert list(store.ids()) == [B]
    assert ledger.report().removed == 1


def test_the_old_record_of_an_edit_that_was_cut_short_goes_even_if_missing_files_stay() -> None:
    store = indexed((file("x.jpg"), A))
    ledger = begin(store, [file("x.jpg", mtime_ns=2)])
    ledger.take(observed(file("x.jpg", mtime_ns=2), B))
    ledger.write()  # and killed here
    assert sorted(store.ids()) == [A, B]
    begin(store, [file("x.jpg", mtime_ns=2)]).finish(keep_missing=True)
    assert store.files() == {file("x.jpg", mtime_ns=2): B}
    assert list(store.ids()) == [B]


def test_a_deleted_copy_leaves_its_record_with_the_other_path() -> None:
    store = indexed((file("x.jpg"), A))
    ledger = begin(store, [file("x.jpg"), file("y.jpg")])
    ledger.take(Known(file("y.jpg"), A))
    ledger.finish(keep_missing=False)
    begin(store, [file("x.jpg")]).finish(keep_missing=False)
    assert paths(store, A) == ["x.jpg"]


def test_a_deleted_file_stays_when_missing_files_are_kept() -> None:
    store = indexed((file("x.jpg"), A))
    ledger = begin(store, [])
    ledger.finish(keep_missing=True)
    assert list(store.ids()) == [A]
    assert ledger.report().removed == 0


def test_a_file_moved_out_of_a_pair_is_one_move_and_no_removal() -> None:
    store = indexed((file("x.jpg"), A))
    ledger = begin(store, [file("x.jpg"), file("y.jpg")])
    ledger.take(Known(file("y.jpg"), A))
    ledger.finish(keep_missing=False)
    ledger = begin(store, [file("x.jpg"), file("z.jpg")])
    ledger.take(Known(file("z.jpg"), A))
    ledger.finish(keep_missing=False)
    assert paths(store, A) == ["x.jpg", "z.jpg"]
    assert (ledger.report().moved, ledger.report().copied, ledger.report().removed) == (1, 0, 0)


def test_an_image_described_again_keeps_its_files() -> None:
    store = indexed((file("x.jpg"), A), (file("y.jpg"), B))
    (record,) = store.get([A])
    ledger = begin(store, [file("x.jpg"), file("y.jpg")])
    ledger.take(Described(replace(record, files=(), tags=(Tag("dog", 0.9, "model"),))))
    ledger.finish(keep_missing=False)
    (found,) = store.get([A])
    assert found == replace(record, tags=(Tag("dog", 0.9, "model"),))
    assert str(ledger.report()) == (
        "indexed 0, unchanged 2, moved 0, removed 0, described again 1, skipped 0"
    )
