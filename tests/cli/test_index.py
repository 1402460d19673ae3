"""`mirada index`, in processes of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from tests import photos
from tests.conftest import command


def test_a_first_run_indexes_every_picture_and_ends_with_the_counts(album, mirada) -> None:
    done = mirada("index")
    assert done.returncode == 0
    assert done.stdout == "indexed 3, unchanged 0, moved 0, removed 0, skipped 0\n"


def test_a_second_run_reads_nothing(album, mirada) -> None:
    mirada("index")
    assert mirada("index").stdout == "indexed 0, unchanged 3, moved 0, removed 0, skipped 0\n"


def test_renamed_copied_touched_and_deleted_pictures_are_told_apart(album, mirada) -> None:
    mirada("index")
    (album / "rose.png").rename(album / "tulip.png")
    (album / "copy.png").write_bytes((album / "grass.png").read_bytes())
    os.utime(album / "grass.png", ns=(1, 1))
    (album / "sea.png").unlink()
    done = mirada("index")
    assert done.stdout == "indexed 0, unchanged 1, moved 1, copied 1, removed 1, skipped 0\n"
    record = json.loads(mirada("show", "copy.png", "--json").stdout)
    assert [Path(path).name for path in record["paths"]] == ["copy.png", "grass.png"]


def test_a_deleted_picture_stays_when_asked_to(album, mirada) -> None:
    mirada("index")
    (album / "sea.png").unlink()
    assert "removed 0" in mirada("index", "--keep-missing").stdout
    assert "removed 1" in mirada("index").stdout


def test_a_broken_file_is_listed_and_the_rest_indexed(album, mirada) -> None:
    (album / "broken.jpg").write_bytes(b"")
    done = mirada("index")
    assert done.returncode == 0
    assert "skipped 1" in done.stdout
    assert f"skipped {album}/broken.jpg: empty file" in done.stderr


def test_a_report_can_be_had_as_json(album, mirada) -> None:
    (album / "broken.jpg").write_bytes(b"")
    report = json.loads(mirada("index", "--json").stdout)
    assert (report["indexed"], report["unchanged"], report["removed"]) == (3, 0, 0)
    assert report["skipped"] == [{"path": str(album / "broken.jpg"), "reason": "empty file"}]


def test_each_kept_picture_can_be_had_as_a_json_line(album, mirada) -> None:
    lines = [json.loads(line) for line in mirada("index", "--nl").stdout.splitlines()]
    names = {Path(path).name for line in lines for path in line["paths"]}
    assert names == {"rose.png", "grass.png", "sea.png"}


def test_a_folder_below_a_collection_joins_it(album, mirada) -> None:
    holidays = album / "holidays"
    holidays.mkdir()
    photos.flat((9, 9, 9)).save(holidays / "night.png")
    mirada("index", holidays)
    assert not (holidays / ".mirada").exists()
    assert "indexed 3, unchanged 1" in mirada("index").stdout


def test_a_folder_without_a_collection_gets_one(tmp_path, environment) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    done = subprocess.run(
        command(["index", folder]), env=environment, capture_output=True, text=True, check=True
    )
    assert "indexed 0" in done.stdout
    assert (folder / ".mirada" / "images.lance").is_dir()


def test_folders_without_a_common_collection_need_a_home(tmp_path, mirada) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    done = mirada("index", tmp_path / "a", tmp_path / "b", cwd=tmp_path)
    assert done.returncode == 1
    assert "--home" in done.stderr


@pytest.mark.parametrize("how", ["option", "variable"])
def test_the_index_may_lie_elsewhere(album, mirada, tmp_path, how) -> None:
    home = tmp_path / "elsewhere"
    (album / ".mirada").rename(home)
    named = {"MIRADA_HOME": str(home)} if how == "variable" else {}
    option = ["--home", home] if how == "option" else []
    assert "indexed 3" in mirada("index", album, *option, **named).stdout
    assert not (album / ".mirada").exists()
    found = mirada("search", "red", "--paths", *option, cwd=tmp_path, **named).stdout.splitlines()
    assert found[0] == str(album / "rose.png")


def test_a_missing_folder_fails_and_removes_nothing(album, mirada) -> None:
    mirada("index")
    done = mirada("index", album / "usb-drive")
    assert done.returncode == 1
    assert "does not exist" in done.stderr
    assert "unchanged 3" in mirada("index").stdout


def test_a_folder_that_is_suddenly_empty_keeps_its_pictures(mirada, album, tmp_path) -> None:
    home, drive = tmp_path / "home", tmp_path / "drive"
    (album / ".mirada").rename(home)
    album.rename(drive)
    mirada("index", drive, "--home", home, cwd=tmp_path)
    drive.rename(tmp_path / "unplugged")
    drive.mkdir()
    done = mirada("index", drive, "--home", home, cwd=tmp_path)
    assert "removed 0, skipped 1" in done.stdout
    assert "is the drive mounted?" in done.stderr
    drive.rmdir()
    (tmp_path / "unplugged").rename(drive)
    assert "unchanged 3" in mirada("index", drive, "--home", home, cwd=tmp_path).stdout


def test_a_second_writer_is_turned_away(album, mirada) -> None:
    with FileLock(album / ".mirada" / "lock"):
        done = mirada("index")
    assert done.returncode == 1
    assert "another process is indexing" in done.stderr


def test_another_model_than_that_of_the_index_is_refused(album, mirada) -> None:
    mirada("index")
    (album / ".mirada" / "mirada.toml").write_text('encoder = "mirada-small"\n')
    done = mirada("index")
    assert done.returncode == 1
    assert "colour/1" in done.stderr
    assert "mirada-small" in done.stderr


def test_an_unknown_setting_is_an_error_that_names_the_known_ones(album, mirada) -> None:
    (album / ".mirada" / "mirada.toml").write_text('encodr = "colour"\n')
    done = mirada("index")
    assert done.returncode == 1
    assert "unknown key 'encodr'" in done.stderr
    assert "captioner, detector, encoder, index" in done.stderr


HEEDS_CTRL_C = """
import signal  # the jobs that a shell runs in the background ignore it, and so do their children
signal.signal(signal.SIGINT, signal.default_int_handler)
from mirada.cli import main
main()
"""


def test_ctrl_c_keeps_what_was_seen_and_the_next_run_goes_on(album, environment, mirada) -> None:
    with (album / ".mirada" / "mirada.toml").open("a") as settings:
        settings.write(
            "roles = []\nthreads = 2\n"
        )  # 303 pictures take three seconds, on any machine
    for number in range(300):
        photos.flat((number % 256, number // 256, 7), (400, 300)).save(album / f"{number}.png")
    process = subprocess.Popen(
        [sys.executable, "-c", HEEDS_CTRL_C, "index"],
        cwd=album,
        env={**environment, "COLOUR_SECONDS": "0.02"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert "new and changed files" in process.stderr.readline()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in said
    kept = int(said.split("interrupted: ")[1].split()[0])
    assert 0 < kept < 303
    assert f"indexed {303 - kept}, unchanged {kept}," in mirada("index").stdout
