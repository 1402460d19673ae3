from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirada.errors import ConfigError
from mirada.evaluation.tags import COCO, SENSES
from mirada.vocabulary.entries import (
    EDITED,
    TEMPLATES,
    Entry,
    read_vocabulary,
    vocabulary_of,
    with_article,
)

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_the_shipped_vocabulary_has_every_coco_class_and_each_kind() -> None:
    entries = read_vocabulary().entries
    names = {entry.name for entry in entries}
    assert 1_500 <= len(names) == len(entries) <= 2_500
    assert {SENSES.get(name, name) for name in COCO} <= names
    assert {entry.kind for entry in entries} == set(TEMPLATES)
    assert all(entry.spanish for entry in entries)


def test_no_synonym_of_the_shipped_vocabulary_is_a_tag_of_another_entry() -> None:
    entries = read_vocabulary().entries
    named = {entry.name for entry in entries}
    assert not {word for entry in entries for word in entry.also} & named


def test_a_row_has_two_to_six_columns(tmp_path: Path) -> None:
    path = write(
        tmp_path / "tags.tsv",
        "# mine",
        "name\tkind\tspanish\tgroup\talso\tprompts",
        "",
        "crane\tanimal\tgrulla\t\twader|bird\ta crane, the bird",
        "my garden\tscene",
    )
    crane, garden = read_vocabulary(path).entries
    assert crane == Entry(
        "crane", "animal", "grulla", "", ("wader", "bird"), ("a crane, the bird",)
    )
    assert garden == Entry("my garden", "scene", "")


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("dog", "line 2: expected name, kind"),
        ("dog\tanimal\tperro\t\t\t\tmore", "line 2: expected name, kind"),
        ("dog\tbeast", "line 2: unknown kind 'beast': choose of activity, animal"),
        ("Dog\tanimal", "line 2: a name is lower case"),
        ("\tanimal", "line 2: a name is lower case"),
        ("x" * 61 + "\tanimal", "line 2: a name is lower case"),
        ("cat\tanimal", "line 2: 'cat' is there already"),
    ],
)
def test_a_malformed_row_is_told_with_its_line(tmp_path: Path, row: str, complaint: str) -> None:
    path = write(tmp_path / "tags.tsv", "cat\tanimal", row)
    with pytest.raises(ConfigError, match=complaint):
        read_vocabulary(path)


def test_a_file_without_tags_or_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no tags"):
        read_vocabulary(write(tmp_path / "tags.tsv", "# nothing"))
    (tmp_path / "tags.tsv").write_bytes(b"\xff\xfe\x00dog")
    with pytest.raises(ConfigError, match="cannot be read as UTF-8"):
        read_vocabulary(tmp_path / "tags.tsv")


def test_the_edited_vocabulary_of_a_collection_stands_in_for_the_shipped_one(
    tmp_path: Path,
) -> None:
    assert len(vocabulary_of(tmp_path)) == len(read_vocabulary())
    write(tmp_path / EDITED, "dog\tanimal")
    assert [entry.name for entry in vocabulary_of(tmp_path).entries] == ["dog"]


def test_the_digest_changes_with_what_bears_on_tags_and_with_nothing_else(tmp_path: Path) -> None:
    def digest(*rows: str) -> str:
        return read_vocabulary(write(tmp_path / "tags.tsv", *rows)).digest

    plain = digest("dog\tanimal\tperro")
    assert digest("# my dog", "dog\tanimal\tcan") == plain
    assert digest("dog\tanimal\tperro\t\tpooch") == plain
    assert digest("dog\tperson\tperro") != plain
    assert digest("dog\tanimal\tperro\tpets") != plain
    assert digest("dog\tanimal\tperro\t\t\ta hound") != plain
    assert digest("dog\tanimal\tperro", "cat\tanimal") != plain


def test_a_tag_asks_by_its_kind_or_by_its_own_prompts() -> None:
    assert Entry("oak", "plant", "roble").texts[0] == "a photo of an oak"
    assert Entry("running", "activity", "correr").texts[0] == "someone running"
    own = Entry("kite", "object", "cometa", prompts=("a kite, the toy",))
    assert own.texts == ("a kite, the toy", "a photo of a kite, the toy", "kite")
    assert own.key != Entry("kite", "object", "cometa").key


@pytest.mark.parametrize(
    ("name", "said"), [("dog", "a dog"), ("owl", "an owl"), ("skis", "skis"), ("glass", "a glass")]
)
def test_articles(name: str, said: str) -> None:
    assert with_article(name) == said


@given(st.lists(st.text(alphabet="ab\t#|\n \\'é", max_size=12), max_size=6))
def test_any_table_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    path = write(tmp_path_factory.getbasetemp() / "any.tsv", *lines)
    with suppress(ConfigError):
        assert len(read_vocabulary(path)) > 0
