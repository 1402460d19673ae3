"""Wider and narrower words, and the senses that must not lead astray."""

import pytest

from mirada.language.kinship import MOST, expand, kin


def test_a_puppy_is_a_dog_and_an_animal() -> None:
    assert kin("puppy", "en").wider[:2] == ("dog", "animal")
    assert "dog" in expand("puppy", "en")


def test_animals_are_dogs_cats_horses_and_birds() -> None:
    assert {"dog", "cat", "horse", "bird", "elephant"} <= set(expand("animal", "en"))
    assert {"car", "bus", "bicycle", "boat"} & set(expand("vehicle", "en"))
    assert {"apple", "banana", "orange"} <= set(expand("fruit", "en"))
    assert {"man", "woman", "child"} <= set(expand("person", "en"))


def test_spanish_words_have_the_kin_of_their_english_ones() -> None:
    assert expand("perro", "es") == expand("dog", "en")
    assert "dog" in expand("animal", "es")


@pytest.mark.parametrize(
    ("word", "never"),
    [
        ("dog", {"hot dog", "sausage", "frank", "andiron"}),
        ("hot dog", {"dog", "animal", "puppy"}),
        ("kite", {"bird", "hawk", "animal"}),
        ("mug", {"face", "fool", "person"}),
        ("crane", {"bird", "animal", "machine", "device"}),
        ("person", {"human body", "body"}),
        ("banana", {"tree", "plant", "herb"}),
        ("cake", {"block", "bar"}),
        ("horse", {"gymnastic apparatus", "equipment"}),
        ("tie", {"rope", "draw"}),
        ("bat", {"animal", "mammal"}),
        ("glasses", {"glass", "cup"}),
        ("sofa", {"room", "lounge"}),
        ("chicken", {"meat"}),
    ],
)
def test_misleading_senses_are_left_out(word: str, never: set[str]) -> None:
    found = kin(word, "en")
    assert not never & {*found.synonyms, *found.wider, *found.narrower}


def test_words_without_kin_and_long_lists() -> None:
    assert expand("zorble", "en") == ()
    assert all(len(expand(word, "en")) <= MOST for word in ("animal", "person", "food", "clothing"))


def test_kin_is_mutual() -> None:
    for word in ("dog", "boat", "fruit", "hat"):
        for narrower in kin(word, "en").narrower:
            assert word in kin(narrower, "en").wider
        for synonym in kin(word, "en").synonyms:
            assert word in kin(synonym, "en").synonyms
