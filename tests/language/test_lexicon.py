"""The data files: whole, small, and free of what would mislead."""

from pathlib import Path

import pytest

import mirada.language
from mirada.language.inflection import base_forms
from mirada.language.multiwords import multiwords
from mirada.language.parts import Part
from mirada.language.tables import relations, rows_of, words_of
from mirada.language.words import LANGUAGES, lexicon

FOLDER = Path(mirada.language.__file__).parent / "lexicon"
NEAR = {"on", "inside", "in_on", "next_to", "touching", "between", "far_from", "outside"}
SIDES = {"left_of", "right_of", "above", "below", "behind", "in_front_of"}


def test_the_files_are_small_and_credited() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 2_000_000
    assert "WordNet" in (FOLDER / "NOTICE").read_text("utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_of_space_stand_for_known_relations(language: str) -> None:
    assert set(relations(language).values()) | {"in_on"} == NEAR | SIDES


def test_relations_of_both_languages() -> None:
    assert relations("en")["on top of"] == "on"
    assert (
        relations("es")["a la izquierda de"] == relations("es")["a la izquierda del"] == "left_of"
    )
    assert relations("es")["en"] == "in_on"


def test_closed_lists() -> None:
    assert words_of("colour", "es")["rojo"] == "red"
    assert words_of("number", "en")["three"] == "3"
    assert words_of("material", "en")["wooden"] == "wood"
    assert "hat" in words_of("worn", "en")
    assert words_of("no such kind", "en") == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_can_follow_every_other(language: str) -> None:
    follows = lexicon(language).follows
    assert set(follows) == {"", *Part}
    assert all(set(row) == set(Part) for row in follows.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_row_has_a_blank_field_at_its_end(language: str) -> None:
    for name in ("relations.tsv", "shared.tsv"):
        assert all(len(row) == 2 and all(row) for row in rows_of(name, language))


def test_heads_of_expressions() -> None:
    assert multiwords("en").head("tennis racket") == "racket"
    assert multiwords("en").head("hot dog") == "hot dog"
    assert multiwords("es").head("raqueta de tenis") == "raqueta"


@pytest.mark.parametrize(
    ("form", "part", "language", "base"),
    [
        ("cities", "N", "en", "city"),
        ("boxes", "N", "en", "box"),
        ("running", "G", "en", "run"),
        ("tallest", "A", "en", "tall"),
        ("leones", "N", "es", "león"),
        ("luces", "N", "es", "luz"),
        ("mirándolo", "G", "es", "mirar"),
        ("sentadas", "P", "es", "sentar"),
        ("blancas", "A", "es", "blanco"),
    ],
)
def test_base_forms_by_rule(form: str, part: str, language: str, base: str) -> None:
    assert base in base_forms(form, part, language)
