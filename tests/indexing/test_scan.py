from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirada.errors import ConfigError, MiradaError, UnreadableImage
from mirada.indexing import scan as scan_module
from mirada.indexing.scan import SUFFIXES, read_file, scan
from mirada.types import SourceFile
from tests.bad_files import make_bad_folder

AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
needs_permissions = pytest.mark.skipif(AS_ROOT, reason="a superuser may read everything")
needs_fifos = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no fifos on this platform")


def plant(folder: Path, *names: str) -> None:
    """Files that hold their own name; their folders come with them."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8", errors="surrogateescape")


def names_in(*roots: Path, below: Path | None = None) -> list[str]:
    base = below or roots[0]
    return [file.path.relative_to(base).as_posix() for file in scan(roots).files]


def reasons_in(*roots: Path) -> dict[str, str]:
    return {skipped.path.name: skipped.reason for skipped in scan(roots).skipped}


# What is found


def test_images_are_found_at_any_depth_and_other_files_are_none_of_our_business(
    tmp_path: Path,
) -> None:
    plant(tmp_path, "b.jpg", "a.PNG", "notes.txt", "x/y/z.HeIc", "x/y/z.xmp", "Makefile")
    assert names_in(tmp_path) == ["a.PNG", "b.jpg", "x/y/z.HeIc"]
    assert reasons_in(tmp_path) == {}


def test_files_come_with_absolute_path_size_and_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, "in/a.jpg")
    os.utime(tmp_path / "in/a.jpg", ns=(0, 1_234_567_890_123_456_789))
    monkeypatch.chdir(tmp_path)
    found = scan([Path("x/../in")]).files
    assert found == (SourceFile(tmp_path / "in/a.jpg", 8, 1_234_567_890_123_456_789),)


def test_a_folders_own_files_come_first_then_its_folders_by_name(tmp_path: Path) -> None:
    plant(tmp_path, "b/2.jpg", "b/1.jpg", "a/9.jpg", "z.jpg", "b/a/0.jpg", "c.jpg/inside.png")
    expected = ["z.jpg", "a/9.jpg", "b/1.jpg", "b/2.jpg", "b/a/0.jpg", "c.jpg/inside.png"]
    assert names_in(tmp_path) == expected


@pytest.mark.parametrize(
    "name",
    [
        b"two\nlines.jpg",
        "\N{CAMERA}.jpg".encode(),
        b"not utf-8 \xff\xfe.jpg",
        b"-rf.jpg",
        b" .jpg",
        b"[a]{b}*.jpg",
        b"quote'\"\\.jpg",
    ],
)
def test_awkward_names_are_found_and_can_be_read_back(tmp_path: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    try:
        path.write_bytes(b"here")
    except (OSError, UnicodeError):
        pytest.skip("this file system refuses the name")
    (found,) = scan([tmp_path]).files
    assert os.fsencode(found.path.name) == name
    assert read_file(found.path) == b"here"


def test_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    plant(tmp_path, ".mirada/a.jpg", ".trash/b.jpg", "._c.jpg", "d.jpg", "in/.hidden/e.jpg")
    assert names_in(tmp_path) == ["d.jpg"]


def test_a_tree_deeper_than_pythons_stack_is_walked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(1100):
        os.mkdir("d")
        os.chdir("d")
    Path("deep.jpg").touch()
    found = scan([tmp_path])
    Path("deep.jpg").unlink()
    for _ in range(1100):  # pytest's own clean-up gives up on such a depth
        os.chdir("..")
        os.rmdir("d")
    assert [file.path.name for file in found.files] == ["deep.jpg"]


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    assert scan([tmp_path]) == scan([])


# Roots


def test_a_root_may_be_a_file_of_any_name(tmp_path: Path) -> None:
    plant(tmp_path, "scan.dat", ".hidden.jpg", "other.jpg")
    assert names_in(tmp_path / "scan.dat", below=tmp_path) == ["scan.dat"]
    assert names_in(tmp_path / ".hidden.jpg", below=tmp_path) == [".hidden.jpg"]


def test_overlapping_roots_give_each_file_once(tmp_path: Path) -> None:
    plant(tmp_path, "a/1.jpg", "a/b/2.jpg", "a/c/3.jpg")
    roots = [tmp_path / "a/b", tmp_path / "a", tmp_path / "a/c/3.jpg", tmp_path / "a/b/../b"]
    assert sorted(names_in(*roots, below=tmp_path)) == ["a/1.jpg", "a/b/2.jpg", "a/c/3.jpg"]


@given(st.permutations(["a", "a/b", "a/b/c", "d", "d/5.jpg"]), st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_the_order_of_roots_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, roots: list[str], count: int
) -> None:
    base = tmp_path_factory.getbasetemp() / "order"
    plant(base, "a/1.jpg", "a/b/2.jpg", "a/b/c/3.jpg", "d/4.jpg", "d/5.jpg")
    chosen = [base / root for root in roots[:count]]
    assert scan(chosen) == scan(sorted(chosen))
    paths = [file.path for file in scan(chosen).files]
    assert len(paths) == len(set(paths))


def test_a_hidden_root_is_taken_because_it_was_named(tmp_path: Path) -> None:
    plant(tmp_path, ".photos/a.jpg", "b.jpg")
    assert names_in(tmp_path, tmp_path / ".photos") == ["b.jpg", ".photos/a.jpg"]


def test_a_missing_root_is_an_error_that_names_it(tmp_path: Path) -> None:
    plant(tmp_path, "a.jpg")
    with pytest.raises(MiradaError, match=r"no such file or folder: .*nowhere"):
        scan([tmp_path, tmp_path / "nowhere"])
    with pytest.raises(MiradaError, match="cannot be read"):
        scan([tmp_path / "a.jpg" / "below"])
    with pytest.raises(MiradaError, match="cannot be read"):
        scan([tmp_path / "a\0b"])


# Links and nodes that are no files


def test_a_link_to_a_file_is_a_file(tmp_path: Path) -> None:
    plant(tmp_path, "out/a.jpg", "in/b.jpg")
    (tmp_path / "in/link.jpg").symlink_to(tmp_path / "out/a.jpg")
    assert names_in(tmp_path / "in") == ["b.jpg", "link.jpg"]


def test_links_to_folders_are_not_followed_so_loops_end(tmp_path: Path) -> None:
    plant(tmp_path, "a/b/1.jpg")
    (tmp_path / "a/b/loop").symlink_to(tmp_path / "a")
    (tmp_path / "a/self").symlink_to("self")
    assert names_in(tmp_path) == ["a/b/1.jpg"]
    assert reasons_in(tmp_path) == {}


def test_a_link_to_a_folder_outside_the_roots_is_named(tmp_path: Path) -> None:
    plant(tmp_path, "out/1.jpg", "in/2.jpg")
    (tmp_path / "in/more").symlink_to(tmp_path / "out")
    assert names_in(tmp_path / "in") == ["2.jpg"]
    assert "index its target" in reasons_in(tmp_path / "in")["more"]
    assert reasons_in(tmp_path) == {}


def test_a_root_that_is_a_link_to_a_folder_is_walked_under_its_own_name(tmp_path: Path) -> None:
    plant(tmp_path, "out/1.jpg")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "out")
    assert [file.path for file in scan([link]).files] == [link / "1.jpg"]


def test_a_link_that_leads_nowhere_is_skipped_if_it_promised_an_image(tmp_path: Path) -> None:
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere")
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere")
    assert reasons_in(tmp_path) == {"gone.jpg": "link leads nowhere"}


@needs_fifos
def test_a_fifo_is_skipped_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    os.mkfifo(tmp_path / "b")
    (tmp_path / "link.png").symlink_to(tmp_path / "b")
    expected = "not a regular file but a fifo"
    assert reasons_in(tmp_path) == {"a.jpg": expected, "link.png": expected}
    assert reasons_in(tmp_path / "b") == {"b": expected}


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no sockets in this file system")
def test_a_socket_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # socket paths are short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.jpg")
    assert reasons_in(tmp_path) == {"s.jpg": "not a regular file but a socket"}


def test_a_link_to_a_device_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "null.jpg").symlink_to(os.devnull)
    assert reasons_in(tmp_path) == {"null.jpg": "not a regular file but a device"}


# What cannot be looked at


def forbid(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Make a folder unreadable for anyone, the superuser included."""
    scandir = os.scandir

    def guarded(path: str) -> object:
        if path == str(folder):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)


def test_a_folder_that_cannot_be_read_is_told_apart_from_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, "a/1.jpg", "secret/2.jpg", "z/3.jpg")
    forbid(monkeypatch, tmp_path / "secret")
    found = scan([tmp_path])
    assert [file.path.name for file in found.files] == ["1.jpg", "3.jpg"]
    assert found.unreadable == (tmp_path / "secret",)
    assert reasons_in(tmp_path) == {"secret": "permission denied"}


def test_a_root_that_cannot_be_read_is_told_likewise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid(monkeypatch, tmp_path)
    assert scan([tmp_path]).unreadable == (tmp_path,)


@needs_permissions
def test_a_folder_without_permission_is_unreadable(tmp_path: Path) -> None:
    plant(tmp_path, "secret/1.jpg")
    (tmp_path / "secret").chmod(0)
    found = scan([tmp_path])
    (tmp_path / "secret").chmod(0o700)
    assert found.unreadable == (tmp_path / "secret",)


def test_bad_files_are_listed_or_skipped_and_none_is_lost(tmp_path: Path) -> None:
    folder = make_bad_folder(tmp_path / "bad")
    found = scan([tmp_path])
    listed = {file.path for file in found.files} | {skipped.path for skipped in found.skipped}
    assert listed == {*folder.good, *folder.bad}
    assert {*folder.good} <= {file.path for file in found.files}
    for skipped in found.skipped:
        assert folder.bad[skipped.path] in skipped.reason


# .miradaignore


def test_ignore_patterns_hold_below_their_folder(tmp_path: Path) -> None:
    plant(tmp_path, "a.jpg", "a_draft.jpg", "in/b_draft.jpg", "in/raw/c.jpg", "raw/d.jpg")
    (tmp_path / "in/.miradaignore").write_text("# work\n*_draft.jpg\nraw/\n")
    assert names_in(tmp_path) == ["a.jpg", "a_draft.jpg", "raw/d.jpg"]


def test_a_pattern_with_a_slash_is_tied_to_its_folder(tmp_path: Path) -> None:
    plant(tmp_path, "raw/a.jpg", "in/raw/b.jpg")
    (tmp_path / ".miradaignore").write_text("/raw/\n")
    assert names_in(tmp_path) == ["in/raw/b.jpg"]


def test_deeper_patterns_win_and_can_take_back(tmp_path: Path) -> None:
    plant(tmp_path, "a.gif", "in/b.gif", "in/c.gif")
    (tmp_path / ".miradaignore").write_text("*.gif\n")
    (tmp_path / "in/.miradaignore").write_text("!b.gif\n")
    assert names_in(tmp_path) == ["in/b.gif"]


def test_nothing_is_taken_back_from_an_ignored_folder(tmp_path: Path) -> None:
    plant(tmp_path, "in/b.gif")
    (tmp_path / ".miradaignore").write_text("in/\n!in/b.gif\n")
    assert names_in(tmp_path) == []


def test_what_is_ignored_is_not_skipped_either(tmp_path: Path) -> None:
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere")
    (tmp_path / ".miradaignore").write_bytes(b"\xef\xbb\xbfgone.jpg\r\n\xff\xfe\r\n")
    assert reasons_in(tmp_path) == {}


def test_awkward_names_can_be_ignored_too(tmp_path: Path) -> None:
    plant(tmp_path, "two\nlines.jpg", "\N{CAMERA}.jpg", "\udcff.jpg", "b.png")
    (tmp_path / ".miradaignore").write_text("*.jpg\n")
    assert names_in(tmp_path) == ["b.png"]


def test_a_line_that_is_no_pattern_is_named(tmp_path: Path) -> None:
    (tmp_path / ".miradaignore").write_text("*.gif\n!\n")
    with pytest.raises(ConfigError, match=r"\.miradaignore, line 2: not a pattern: '!'"):
        scan([tmp_path])


@needs_fifos
def test_a_folder_whose_patterns_cannot_be_read_is_not_entered(tmp_path: Path) -> None:
    plant(tmp_path, "a.jpg", "in/private.jpg")
    os.mkfifo(tmp_path / "in/.miradaignore")
    found = scan([tmp_path])
    assert [file.path.name for file in found.files] == ["a.jpg"]
    assert found.unreadable == (tmp_path / "in",)
    assert ".miradaignore" in reasons_in(tmp_path)["in"]


# Reading


def test_reading_gives_all_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"abc" * 100_000)
    assert read_file(path) == b"abc" * 100_000


def test_a_file_over_the_limit_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "huge.tif"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UnreadableImage, match="1048576 MiB file is over the limit of 512 MiB"):
        read_file(path)
    monkeypatch.setattr(scan_module, "MAX_FILE_BYTES", 3)
    path.write_bytes(b"abc")
    assert read_file(path) == b"abc"


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage, match="not a regular file but a folder"):
        read_file(tmp_path)
    with pytest.raises(UnreadableImage, match="not a regular file but a device"):
        read_file(Path(os.devnull))
    with pytest.raises(UnreadableImage, match="file not found"):
        read_file(tmp_path / "nowhere.jpg")
    with pytest.raises(UnreadableImage, match="not a file name"):
        read_file(Path("a\0b"))


@needs_fifos
def test_a_fifo_that_took_the_place_of_a_file_does_not_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, "a.jpg")
    regular = os.stat(tmp_path / "a.jpg")
    os.mkfifo(tmp_path / "b.jpg")
    monkeypatch.setattr(os, "stat", lambda path: regular)  # the scan had seen a file
    with pytest.raises(UnreadableImage, match="fifo"):
        read_file(tmp_path / "b.jpg")


def test_suffixes_are_lower_case_with_a_dot() -> None:
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in SUFFIXES)
