"""The log of changes, and files put back byte by byte."""

import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirada.errors import ConfigError
from mirada.tagging.files import replace_file
from mirada.tagging.journal import LOG_NAME, Journal, common_ends
from mirada.tagging.undo import undo_last


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "photos" / ".mirada"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def photo(home):
    path = home.parent / "a.jpg"
    path.write_bytes(b"start OLD end")
    return path


def change(journal: Journal, path, after: bytes) -> None:
    before = path.read_bytes() if path.exists() else None
    journal.note(path, before, after)
    replace_file(path, after, keep_time=False)


def test_common_ends_do_not_overlap() -> None:
    assert common_ends(b"aaaa", b"aaaaaa") == (4, 0)
    assert common_ends(b"start OLD end", b"start NEWER end") == (6, 4)
    assert common_ends(b"", b"abc") == (0, 0)


@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=20))
def test_former_bytes_can_always_be_had_back(one: bytes, other: bytes, shared: bytes) -> None:
    before, after = shared + one + shared, shared + other + shared
    head, tail = common_ends(before, after)
    middle = before[head : len(before) - tail]
    assert after[:head] + middle + after[len(after) - tail :] == before


def test_undo_restores_the_bytes(home, photo) -> None:
    change(Journal(home), photo, b"start NEWER end")
    (done,) = undo_last(Journal(home))
    assert done.problem is None
    assert photo.read_bytes() == b"start OLD end"
    assert undo_last(Journal(home)) == []


def test_undo_removes_a_file_that_was_not_there(home) -> None:
    sidecar = home.parent / "a.jpg.xmp"
    change(Journal(home), sidecar, b"<xmp/>")
    undo_last(Journal(home))
    assert not sidecar.exists()


def test_undo_goes_back_run_by_run(home, photo) -> None:
    change(Journal(home), photo, b"second")
    change(Journal(home), photo, b"third")
    undo_last(Journal(home))
    assert photo.read_bytes() == b"second"
    undo_last(Journal(home))
    assert photo.read_bytes() == b"start OLD end"


def test_a_file_that_others_changed_since_is_refused(home, photo) -> None:
    other = home.parent / "b.jpg"
    journal = Journal(home)
    change(journal, photo, b"ours")
    change(journal, other, b"ours too")
    photo.write_bytes(b"theirs")
    problems = {done.path.name: done.problem for done in undo_last(Journal(home))}
    assert problems == {"a.jpg": "changed since mirada wrote it: left as it is", "b.jpg": None}
    assert photo.read_bytes() == b"theirs"
    assert not other.exists()


def test_a_refused_file_can_be_undone_once_it_is_as_it_was(home, photo) -> None:
    change(Journal(home), photo, b"ours")
    photo.write_bytes(b"theirs")
    assert undo_last(Journal(home))[0].problem is not None
    photo.write_bytes(b"ours")
    assert undo_last(Journal(home))[0].problem is None
    assert photo.read_bytes() == b"start OLD end"


def test_a_run_killed_between_log_and_write_has_nothing_to_undo(home, photo) -> None:
    Journal(home).note(photo, photo.read_bytes(), b"never written")
    Journal(home).note(home.parent / "new.xmp", None, b"never written")
    assert [done.problem for done in undo_last(Journal(home))] == [None]
    assert [done.problem for done in undo_last(Journal(home))] == [None]
    assert undo_last(Journal(home)) == []
    assert photo.read_bytes() == b"start OLD end"


def test_a_line_that_a_crash_cut_short_spoils_no_other(home, photo) -> None:
    change(Journal(home), photo, b"second")
    with open(home / LOG_NAME, "ab") as log:
        log.write(b'{"run": "2026", "pa')
    change(Journal(home), photo, b"third")
    undo_last(Journal(home))
    undo_last(Journal(home))
    assert photo.read_bytes() == b"start OLD end"


def test_a_library_can_be_moved_with_its_log(home, photo, tmp_path) -> None:
    change(Journal(home), photo, b"ours")
    moved = home.parent.rename(tmp_path / "moved")
    undo_last(Journal(moved / ".mirada"))
    assert (moved / "a.jpg").read_bytes() == b"start OLD end"


def test_without_a_log_nothing_is_changed(home, photo) -> None:
    (home / LOG_NAME).mkdir()
    with pytest.raises(ConfigError, match="nothing more was changed"):
        Journal(home).note(photo, b"", b"new")


def test_a_replaced_file_keeps_its_permissions(photo) -> None:
    photo.chmod(0o640)
    replace_file(photo, b"new", keep_time=False)
    assert stat.S_IMODE(photo.stat().st_mode) == 0o640


def test_a_photo_keeps_its_date_unless_its_size_is_the_same(photo) -> None:
    os.utime(photo, ns=(10**18, 10**18))
    replace_file(photo, b"another size", keep_time=True)
    assert photo.stat().st_mtime_ns == 10**18
    replace_file(photo, b"another line", keep_time=True)
    assert photo.stat().st_mtime_ns == 10**18 + 10**9


def test_a_write_that_fails_leaves_the_old_bytes_and_no_litter(photo, monkeypatch) -> None:
    def fail(*paths: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        replace_file(photo, b"new", keep_time=False)
    assert photo.read_bytes() == b"start OLD end"
    assert {path.name for path in photo.parent.iterdir()} == {"a.jpg", ".mirada"}
