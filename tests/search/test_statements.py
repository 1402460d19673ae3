from __future__ import annotations

import re

import pytest
from hypothesis import given

from mirada.language.tables import relations
from mirada.search.geometry import POSITIONS
from mirada.search.query import parse
from mirada.search.statements import ARTICLES, PLACES, RELATIONS, needed, statements
from tests.search.test_parse_properties import QUERIES


def texts(query: str, *, geometry: bool = True) -> list[str]:
    """What is asked, with a "-" before what must not be so."""
    return [f"{'-' * one.denied}{one.text}" for one in statements(parse(query), geometry=geometry)]


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("a dog", ["a dog"]),
        ("beach at sunset", ["beach at sunset"]),
        ("several dogs", ["several dogs"]),
        ("2 dogs", ["2 dogs"]),
        ("a red car on the left", ["a red car on the left", "a red car"]),
        ("a dog left of the man", ["a dog left of the man", "a dog", "the man"]),
        (
            "two white dogs and a cat at the top",
            [
                "two white dogs and a cat at the top",
                "two white dogs",
                "two white dogs at the top",
                "a cat",
                "a cat at the top",
            ],
        ),
        ("a dog left of the dog", ["a dog left of the dog", "a dog"]),
        ("a dog, no people", ["a dog", "-people"]),
        ("a dog, no cars on the left", ["a dog", "-cars on the left"]),
        ("a cat not on a sofa", ["a cat", "-a cat on a sofa"]),
        ("no people", ["-people"]),
        ("camera:nikon", []),
        ("", []),
    ],
)
def test_what_an_english_query_says_is_asked_in_its_own_words_and_once(query, asked) -> None:
    assert texts(query) == asked


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        (
            "dos gatos negros en el sofá, sin personas",
            ["dos gatos negros en el sofá", "dos gatos negros", "el sofá", "-personas"],
        ),
        (
            "un gato a la izquierda del perro y una mesa",
            [
                "un gato a la izquierda del perro y una mesa",
                "un gato",
                "el perro",
                "una mesa",
                "un gato a la izquierda del perro",
            ],
        ),
        (
            "una mujer entre dos árboles a la derecha",
            [
                "una mujer entre dos árboles a la derecha",
                "una mujer",
                "dos árboles",
                "dos árboles a la derecha",
                "una mujer entre dos árboles",
            ],
        ),
    ],
)
def test_a_spanish_query_is_asked_in_spanish(query, asked) -> None:
    assert texts(query) == asked


def test_bounds_of_a_count_are_said_in_words() -> None:
    assert "at least three dogs" in texts("several dogs and a cat")
    assert "al menos tres perros" in texts("varios perros y un gato")


def test_with_a_detector_places_counts_and_relations_are_not_asked() -> None:
    query = "two dogs left of a red car at the top, no cars on the left"
    whole = "two dogs left of a red car at the top"
    expected = [whole, "dogs", "a red car", "-cars on the left"]
    assert texts(query, geometry=False) == expected


def test_one_sentence_decides_every_clause_that_it_says() -> None:
    (only,) = statements(parse("a dog"))
    assert only.clauses == (("scene", "a dog"), ("phrase", "dog"))


def test_what_is_only_denied_a_place_need_not_be_there() -> None:
    assert needed(parse("a cat not on a sofa")) == [0]
    assert needed(parse("a cat on a sofa")) == [0, 1]


@given(QUERIES)
def test_no_sentence_is_asked_twice_and_none_is_empty(query: str) -> None:
    parsed = parse(query)
    for one in parsed.alternatives or (parsed,):
        for geometry in (True, False):
            found = statements(one, geometry=geometry)
            plain = [
                (
                    one.denied,
                    *(w for w in re.findall(r"[\w-]+", one.text.lower()) if w not in ARTICLES),
                )
                for one in found
            ]
            assert len(plain) == len(set(plain))
            assert all(one.text.strip() and one.clauses for one in found)


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_place_and_relation_that_a_query_may_name_has_words(language: str) -> None:
    assert set(relations(language).values()) <= RELATIONS[language].keys()
    assert PLACES[language].keys() == set(POSITIONS)
