"""`mirada tags`, and a vocabulary that the user edits."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner

from mirada.cli import cli
from mirada.store.lance import LanceStore
from mirada.types import ImageRecord, SourceFile, Tag
from mirada.vocabulary.entries import EDITED, SHIPPED, read_vocabulary

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An index of two pictures: two dogs, a cat that is not one, and a word of the user's."""
    home = tmp_path / ".mirada"
    home.mkdir()
    store = LanceStore.create(home, encoder="colour/1", dim=4)
    dog = Tag("dog", 0.9, "model")
    records = [
        record("a", tmp_path, dog, Tag("our garden", 1.0, "user", "accepted")),
        record("b", tmp_path, dog, Tag("cat", 0.4, "region", "rejected")),
    ]
    store.put(records, np.eye(4, dtype=np.float32)[:2])
    return home


def record(name: str, folder: Path, *tags: Tag) -> ImageRecord:
    file = SourceFile(folder / f"{name}.jpg", 1, 1)
    when = datetime(2024, 1, 1, tzinfo=UTC)
    return ImageRecord(name * 64, (file,), 8, 8, "JPEG", when, tags=tags)


def tags(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["tags", "--home", str(home), *arguments])


def test_tags_come_with_how_many_pictures_have_them(home: Path) -> None:
    rows = json.loads(tags(home, "--json").stdout)
    assert rows == [
        {"name": "dog", "kind": "animal", "spanish": "perro", "pictures": 2},
        {"name": "our garden", "kind": "", "spanish": "", "pictures": 1},
    ]


def test_a_kind_can_be_chosen_and_all_words_be_listed(home: Path) -> None:
    found = tags(home, "--kind", "animal")
    assert found.stdout.split() == ["2", "dog", "animal", "perro"]
    assert found.stderr.endswith(", in 2 pictures; --all lists them\n")
    every = json.loads(tags(home, "--all", "--json").stdout)
    assert len(every) == len(read_vocabulary()) + 1
    assert {"name": "cat", "kind": "animal", "spanish": "gato", "pictures": 0} in every


def test_the_shipped_vocabulary_is_copied_to_be_edited_once(home: Path) -> None:
    first = tags(home, "--vocabulary")
    place = home / EDITED
    assert first.stdout.strip() == str(place)
    assert place.read_bytes() == SHIPPED.read_bytes()
    place.write_text("dog\tanimal\tperro\n", encoding="utf-8")
    again = tags(home, "--vocabulary")
    assert "1 tag:" in again.stderr
    assert place.read_text(encoding="utf-8") == "dog\tanimal\tperro\n"


def test_a_vocabulary_of_ones_own_is_checked_and_taken(home: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.tsv"
    mine.write_text("dog\tanimal\nour garden\tscene\tnuestro jardín\n", encoding="utf-8")
    assert tags(home, "--vocabulary", str(mine)).exit_code == 0
    assert (home / EDITED).read_bytes() == mine.read_bytes()
    rows = json.loads(tags(home, "--json").stdout)
    assert rows[1]["spanish"] == "nuestro jardín"


def test_a_malformed_vocabulary_changes_nothing(home: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.tsv"
    mine.write_text("dog\tanimal\ncat\tbeast\n", encoding="utf-8")
    done = tags(home, "--vocabulary", str(mine))
    assert done.exit_code == 1
    assert "line 2: unknown kind 'beast'" in done.output
    assert not (home / EDITED).exists()


def test_without_an_index_it_says_how_to_make_one(tmp_path: Path) -> None:
    done = tags(tmp_path / "none")
    assert done.exit_code == 1
    assert "mirada index DIR" in done.output
