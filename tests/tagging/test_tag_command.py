"""`mirada tag`, from the command line to the files."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from filelock import FileLock

from mirada.cli import cli
from mirada.store.lance import LanceStore
from mirada.tagging import targets
from mirada.tagging.packet import inspect
from mirada.types import Keyphrase
from tests.metadata.sources import jpeg
from tests.tagging.indexed import record, unit
from tests.tagging.test_writer import contents, needs_exiftool


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an indexed photo, which shows a dog by the sea and perhaps a cat."""
    monkeypatch.delenv("MIRADA_HOME", raising=False)
    folder = tmp_path / "library"
    (folder / "trip").mkdir(parents=True)
    (folder / "trip" / "a.jpg").write_bytes(jpeg())
    store = LanceStore.create(folder / ".mirada", encoder="colour/1", dim=4)
    store.put([record(folder / "trip" / "a.jpg")], unit())
    monkeypatch.chdir(folder)
    return folder


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["tag", *map(str, arguments)])


def stored_tags(library: Path) -> dict[str, str]:
    store = LanceStore.open(library / ".mirada")
    (known,) = store.get(store.ids())
    return {tag.name: tag.state for tag in known.tags}


def test_without_write_a_table_is_all_there_is(library: Path) -> None:
    before = contents(library / "trip")
    shown = run()
    assert shown.exit_code == 0, shown.output
    header, row = shown.stdout.splitlines()
    assert header.split() == ["file", "to", "add", "already", "there", "caption"]
    assert row.split() == ["trip/a.jpg", "dog,", "sea", "A", "dog", "by", "the", "sea."]
    assert shown.stderr == "would add 2 tags and 1 caption to 1 picture: --write does it\n"
    assert contents(library / "trip") == before


def test_written_tags_can_be_undone(library: Path) -> None:
    before = contents(library / "trip")
    done = run("--write")
    assert done.exit_code == 0, done.output
    assert "`mirada tag --undo` takes it back" in done.stderr
    assert inspect((library / "trip" / "a.jpg.xmp").read_bytes()).keywords == ("dog", "sea")
    assert run("--undo").output == "restored 1 file\n"
    assert contents(library / "trip") == before
    assert run("--undo").output == "nothing to undo\n"


def test_a_changed_file_is_not_undone_and_the_command_fails(library: Path) -> None:
    run("--write")
    (library / "trip" / "a.jpg.xmp").write_bytes(b"<theirs/>")
    done = run("--undo")
    assert done.exit_code == 1
    assert "trip/a.jpg.xmp: changed since mirada wrote it" in done.stderr


def test_the_plan_can_be_had_as_json(library: Path) -> None:
    document = json.loads(run("--json", "--min-confidence", "0.3").stdout)
    assert document == {
        "written": False,
        "pictures": [
            {
                "path": str(library / "trip" / "a.jpg"),
                "target": str(library / "trip" / "a.jpg.xmp"),
                "add": ["dog", "sea", "cat"],
                "remove": [],
                "present": [],
                "caption": "A dog by the sea.",
                "changes": True,
                "problem": None,
            }
        ],
    }


def test_decisions_are_kept_in_the_index(library: Path) -> None:
    done = run("trip/a.jpg", "--accept", "cat", "--reject", "dog", "--add", "My Boat")
    assert done.exit_code == 0, done.output
    assert "decided in 1 of 1 picture" in done.stderr
    assert stored_tags(library) == {
        "my boat": "accepted",
        "dog": "rejected",
        "sea": "auto",
        "cat": "accepted",
    }
    assert not (library / "trip" / "a.jpg.xmp").exists()


def test_a_rejected_tag_leaves_the_sidecar_at_the_next_write(library: Path) -> None:
    run("--write")
    run("--reject", "dog", "--write")
    assert inspect((library / "trip" / "a.jpg.xmp").read_bytes()).keywords == ("sea",)


def test_an_unknown_tag_is_not_decided_on(library: Path) -> None:
    done = run("--accept", "zebra")
    assert done.exit_code == 1
    assert "--add puts it there" in done.stderr


def test_phrases_follow_the_tags(library: Path) -> None:
    from dataclasses import replace

    store = LanceStore.open(library / ".mirada")
    (known,) = store.get(store.ids())
    phrase = Keyphrase("dog", "noun", "tag")
    store.update([replace(known, phrases=(phrase,), models={"phrases": "phrases/1"})])
    run("--reject", "dog")
    (known,) = LanceStore.open(library / ".mirada").get([known.image_id])
    assert phrase not in known.phrases


def test_a_path_that_is_not_indexed_says_what_to_do(library: Path) -> None:
    done = run("elsewhere")
    assert done.exit_code == 1
    assert "run `mirada index` on it" in done.stderr


def test_a_read_only_tree_is_refused_before_anything_is_written(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "can_replace", lambda path: False)
    done = run("--write")
    assert done.exit_code == 1
    assert "nothing was written" in done.stderr
    assert not (library / ".mirada" / "tagging.jsonl").exists()


def test_a_problem_with_one_photo_is_told_and_fails_the_command(library: Path) -> None:
    (library / "trip" / "a.jpg.xmp").write_bytes(b"damaged")
    done = run("--write")
    assert done.exit_code == 1
    assert "skipped trip/a.jpg: its XMP is damaged" in done.stderr


def test_two_writers_do_not_meet(library: Path) -> None:
    with FileLock(library / ".mirada" / "lock"):
        done = run("--write")
    assert done.exit_code == 1
    assert "another process" in done.stderr


def test_undo_stands_alone(library: Path) -> None:
    assert run("--undo", "--write").exit_code == 2


@needs_exiftool
def test_the_index_knows_a_photo_that_tags_were_embedded_into(library: Path) -> None:
    raw = (library / "trip" / "a.jpg").read_bytes()
    done = run("--write", "--embed")
    assert done.exit_code == 0, done.output
    files = LanceStore.open(library / ".mirada").files()
    ((file, image_id),) = files.items()
    assert file.size == len((library / "trip" / "a.jpg").read_bytes()) > len(raw)
    assert run("--embed").stderr.startswith("would add 0 tags")
    run("--undo")
    assert (library / "trip" / "a.jpg").read_bytes() == raw
    ((_, restored),) = LanceStore.open(library / ".mirada").files().items()
    assert restored != image_id


def test_without_exiftool_nothing_is_written(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    before = contents(library / "trip")
    done = run("--write", "--embed")
    assert done.exit_code == 1
    assert "install" in done.stderr
    assert contents(library / "trip") == before
