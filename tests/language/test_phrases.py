"""What people would type to find an image, out of its captions and tags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirada.language.phrases import caption_keyphrases, keyphrases, tag_keyphrases
from mirada.types import Caption, Keyphrase, Tag


def phrases(text: str, language: str | None = None) -> dict[str, str]:
    return {one.text: one.kind for one in keyphrases(text, language=language, source="caption")}


def test_a_caption_gives_nouns_attributes_acts_and_relations_in_order() -> None:
    text = "Two brown dogs are running on the wet beach next to a man"
    assert phrases(text) == {
        "dog": "noun",
        "two dog": "adjective_noun",
        "brown dog": "adjective_noun",
        "dog run": "noun_verb",
        "beach": "noun",
        "wet beach": "adjective_noun",
        "dog on beach": "noun_relation_noun",
        "man": "noun",
        "dog next_to man": "noun_relation_noun",
    }
    assert [*phrases(text)][:3] == ["dog", "two dog", "brown dog"]


def test_a_spanish_caption_too() -> None:
    assert phrases("un perro marrón corre por la playa") == {
        "perro": "noun",
        "perro marrón": "adjective_noun",
        "perro correr": "noun_verb",
        "playa": "noun",
        "perro por playa": "noun_relation_noun",
    }
    found = phrases("dos niñas sentadas en un banco junto a una fuente")
    assert {"dos niña", "niña sentar", "niña in_on banco", "niña next_to fuente"} <= found.keys()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a man riding a horse", {"man ride", "man ride horse"}),
        ("a horse ridden by a man", {"man ride horse"}),
        ("the ball is being held by a young boy", {"boy hold ball", "young boy"}),
        ("a car parked on the street", {"car park", "car on street"}),
        ("a sleeping cat", {"cat sleep"}),
        ("the car is red", {"red car"}),
        ("a black and white dog", {"black dog", "white dog"}),
        ("a man and a woman sit on a bench", {"man sit", "woman on bench", "man on bench"}),
        ("a group of people standing near a bus", {"person stand", "person next_to bus"}),
        ("a girl in a red shirt", {"girl wear shirt", "red shirt"}),
        ("a boy wearing a hat and sunglasses", {"boy wear hat", "boy wear sunglasses"}),
        ("a man in a blue shirt riding a bike", {"man ride bike", "man wear shirt"}),
        ("a dog with a ball in its mouth", {"dog with ball", "ball inside mouth"}),
        ("a woman with a hat next to a horse", {"woman with hat", "woman next_to horse"}),
        ("a boy runs and a girl jumps", {"boy run", "girl jump"}),
        ("a dog that is chasing a cat", {"dog chase cat"}),
        ("two players have a ball", {"player have ball"}),
        ("a cat to the left of a laptop", {"cat left_of laptop"}),
        ("a bridge over a river", {"bridge above river"}),
        ("un hombre con sombrero junto a un caballo", {"hombre next_to caballo"}),
        ("una mujer montando una bicicleta roja", {"mujer montar bicicleta", "bicicleta rojo"}),
        ("un gato debajo de la mesa", {"gato below mesa"}),
        ("un loro azul y amarillo", {"loro azul", "loro amarillo"}),
    ],
)
def test_what_hangs_on_what(text: str, expected: set[str]) -> None:
    assert expected <= phrases(text).keys()


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("a hot dog on a plate", "dog"),
        ("a man without a shirt", "shirt"),
        ("no people", "person"),
        ("una playa sin gente", "gente"),
        ("a photo of a castle", "photo"),
        ("a man in a red shirt riding a horse", "shirt ride"),
        ("a boy runs and a girl jumps", "boy jump"),
        ("a teddy bear on a bed", "bear"),
    ],
)
def test_what_is_not_said_is_no_phrase(text: str, absent: str) -> None:
    assert absent not in phrases(text)


def test_a_racket_for_tennis_is_found_by_both_names() -> None:
    found = phrases("a boy holding a tennis racket")
    assert found["tennis racket"] == found["racket"] == "noun"


def test_a_phrase_comes_once_with_its_source() -> None:
    found = caption_keyphrases(Caption("a dog, a dog and a dog", "en", 0.9), source="region")
    assert found.count(Keyphrase("dog", "noun", "region")) == 1


def test_tags_are_kept_whole() -> None:
    tags = [Tag(name, 0.9, "model") for name in ("golden hour", "wooden chairs", "beach", "beach")]
    assert tag_keyphrases(tags) == [
        Keyphrase("golden hour", "noun", "tag"),
        Keyphrase("wooden chair", "adjective_noun", "tag"),
        Keyphrase("beach", "noun", "tag"),
    ]
    assert tag_keyphrases([Tag(" ", 0.9, "user")]) == []


@given(st.text())
def test_any_text_gives_phrases_or_none(text: str) -> None:
    for language in (None, "en", "es"):
        found = keyphrases(text, language=language, source="caption")
        assert len(found) == len(set(found))
        assert all(one.text.strip() for one in found)
    tag_keyphrases([Tag(text, 0.5, "user")])


NOUNS = ["dog", "car", "beach", "woman", "tree"]


@given(st.lists(st.sampled_from([*NOUNS, "red", "on", "the", "runs", "and", "with"]), max_size=9))
def test_nouns_of_phrases_are_in_the_text(words: list[str]) -> None:
    text = " ".join(words)
    found = keyphrases(text, language="en", source="caption")
    for one in found:
        if one.kind == "noun":
            assert set(one.text.split()) <= {*words, "run"}
    assert found == keyphrases(text.upper(), language="en", source="caption")
    assert found == keyphrases(f"  {text} ".replace(" ", "   "), language="en", source="caption")
