"""Words with their lemmas and parts of speech, in English and Spanish, whatever comes in."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirada.language.analysis import Token, analyse, guess_language
from mirada.language.parts import Part
from mirada.language.pieces import fold, split

ENGLISH = ["a", "dog", "and", "the", "red", "cars", "sit", "on", "beach", "t-shirt", "3"]
SPANISH = ["un", "perro", "corre", "por", "la", "playa", "de", "noche", "ñ"]
SENTENCES = st.lists(st.sampled_from([*ENGLISH, *SPANISH]), min_size=1, max_size=8).map(" ".join)


def lemmas(text: str, language: str | None = None) -> list[str]:
    return [token.lemma for token in analyse(text, language).content]


def token(text: str, form: str) -> Token:
    return next(one for one in analyse(text).tokens if one.form == form)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dogs are running", ["dog", "run"]),
        ("two women wearing glasses", ["two", "woman", "wear", "glasses"]),
        ("children's knives and wolves", ["child", "knife", "wolf"]),
        ("a man riding a bus", ["man", "ride", "bus"]),
        ("horses galloped over grassy fields", ["horse", "gallop", "grassy", "field"]),
        ("it isn't the biggest building", ["big", "building"]),
        ("los perros corriendo", ["perro", "correr"]),
        ("niñas sentadas y luces marrones", ["niña", "sentar", "luz", "marrón"]),
        ("una mujer duerme mientras los niños juegan", ["mujer", "dormir", "niño", "jugar"]),
        ("dos autobuses blancos", ["dos", "autobús", "blanco"]),
    ],
)
def test_lemmas(text: str, expected: list[str]) -> None:
    assert lemmas(text) == expected


def test_the_sentence_decides_what_a_word_is() -> None:
    assert token("a man runs on the beach", "runs").part is Part.VERB
    assert token("a parked car", "parked").part in (Part.PARTICIPLE, Part.ADJECTIVE)
    assert token("the dog jumps over a watch", "watch").part is Part.NOUN
    assert token("people watch a game", "watch").part is Part.VERB
    assert token("un coche rojo", "rojo").part is Part.ADJECTIVE


def test_expressions_are_one_word() -> None:
    assert token("two hot dogs on a plate", "hot_dogs").lemma == "hot dog"
    assert token("a boy in front of a swimming pool", "in_front_of").part is Part.PREPOSITION
    assert token("un gato detras del arbol", "detras_del").lemma == "detrás del"


def test_contractions_possessives_and_hyphens() -> None:
    assert [piece.form for piece in split("isn’t the man's T-shirt")] == [
        "is", "n't", "the", "man", "'s", "t-shirt",
    ]  # fmt: skip
    assert [piece.form for piece in split("can't won't o'clock f/1.8")] == [
        "can", "n't", "won", "n't", "o'clock", "f", "/", "1.8",
    ]  # fmt: skip


def test_places_point_into_the_text() -> None:
    text = "  Two  hot dogs, aren't they?"
    for one in analyse(text, "en").tokens:
        assert text[one.start : one.end] == one.surface
    assert [one.surface for one in analyse(text, "en").tokens][1] == "hot dogs"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("a dog on the beach", "en"),
        ("un perro en la playa", "es"),
        ("perro", "es"),
        ("puppy", "en"),
        ("coche rojo", "es"),
        ("red car", "en"),
        ("¿playa?", "es"),
        ("sofa azul", "es"),
        ("", "en"),
        ("12345 !!", "en"),
    ],
)
def test_the_language_is_guessed(text: str, language: str) -> None:
    assert guess_language(text) == language


def test_unknown_words_are_nouns_with_plain_plurals() -> None:
    assert lemmas("two zorbles", "en") == ["two", "zorble"]
    assert lemmas("dos zorblas", "es") == ["dos", "zorbla"]


def test_accents_may_be_left_out_in_spanish() -> None:
    assert lemmas("arbol y sofa", "es") == lemmas("árbol y sofá", "es") == ["árbol", "sofá"]
    assert fold("árbol, ñandú") == "arbol, ñandu"
    composed, parted = (unicodedata.normalize(form, "árboles") for form in ("NFC", "NFD"))
    assert lemmas(composed, "es") == lemmas(parted, "es")


def test_another_language_is_an_error() -> None:
    with pytest.raises(KeyError):
        analyse("chien", "fr")


@given(st.text())
def test_any_text_is_accepted(text: str) -> None:
    for language in (None, "en", "es"):
        found = analyse(text, language)
        assert all(text[one.start : one.end] == one.surface for one in found.tokens)
        assert all(one.start < one.end for one in found.tokens)
        assert set(found.content) <= set(found.tokens)


@given(SENTENCES, st.sampled_from(["  ", "\t", "\n ", " "]))
def test_case_and_blanks_do_not_matter(text: str, blank: str) -> None:
    plain = analyse(text)
    for other in (text.upper(), text.title(), f" {text} ".replace(" ", blank)):
        found = analyse(other)
        assert found.language == plain.language
        assert [(one.lemma, one.part) for one in found.tokens] == [
            (one.lemma, one.part) for one in plain.tokens
        ]
