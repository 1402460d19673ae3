"""`mirada duplicates` as people run it."""

import json
import shutil

import pytest

from tests import photos
from tests.indexing.test_fingerprint import drawing


@pytest.fixture
def copies(album, mirada):
    """The album with a drawing, an equal copy of it, and a smaller one in a folder below."""
    drawing(1).save(album / "original.png")
    shutil.copy(album / "original.png", album / "equal.png")
    (album / "small").mkdir()
    drawing(1).resize((200, 150)).save(album / "small" / "near.jpg", quality=80)
    assert mirada("index", "--only", "facts").returncode == 0
    return album


def test_groups_are_listed_with_the_best_first(copies, mirada) -> None:
    done = mirada("duplicates")
    assert done.returncode == 0, done.stderr
    first, keep, *others = done.stdout.splitlines()
    assert first.startswith("near: 3 files, all but one take")
    assert keep.split()[0] == "keep"
    assert "400 x 300" in keep
    assert any("near.jpg" in line and "200 x 150" in line for line in others)
    assert "1 group, 2 files besides the best" in done.stderr


def test_json_tells_the_same(copies, mirada) -> None:
    report = json.loads(mirada("duplicates", "--json").stdout)
    (group,) = report["groups"]
    assert [file["best"] for file in group["files"]] == [True, False, False]
    assert group["spare_bytes"] == sum(file["size"] for file in group["files"][1:])
    assert report["spare_bytes"] == group["spare_bytes"]
    assert group["files"][2]["path"] == str(copies / "small" / "near.jpg")


def test_equal_files_alone_on_request(copies, mirada) -> None:
    (group,) = json.loads(mirada("duplicates", "--exact", "--json").stdout)["groups"]
    assert group["kind"] == "exact"
    assert {file["image_id"] for file in group["files"]} == {group["files"][0]["image_id"]}
    assert len(group["files"]) == 2


def test_a_folder_is_compared_within_itself(copies, mirada) -> None:
    assert json.loads(mirada("duplicates", "small", "--json").stdout)["groups"] == []


def test_a_folder_without_indexed_pictures_is_an_error_that_says_what_to_do(copies, mirada) -> None:
    (copies / "empty").mkdir()
    done = mirada("duplicates", "empty")
    assert done.returncode == 1
    assert "mirada index DIR" in done.stderr


def test_no_file_is_touched(copies, mirada) -> None:
    before = {path: path.read_bytes() for path in copies.glob("**/*.*g")}
    mirada("duplicates")
    assert {path: path.read_bytes() for path in copies.glob("**/*.*g")} == before


def test_pictures_whose_facts_are_not_known_are_counted(album, mirada) -> None:
    photos.flat().save(album / "again.png")
    mirada("index", "--only", "metadata")
    done = mirada("duplicates")
    assert "mirada index --only facts" in done.stderr
