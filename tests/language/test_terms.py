"""The words that BM25 compares: one form for both languages on both sides."""

from hypothesis import given
from hypothesis import strategies as st

from mirada.language.phrases import caption_keyphrases, keyphrases
from mirada.language.terms import (
    KIN_WEIGHT,
    PHRASE_WEIGHT,
    index_text,
    phrase_term,
    query_terms,
    query_text,
)
from mirada.types import Box, Caption, Keyphrase, Tag, TextLine


def terms_of(*captions: Caption, tags: tuple[str, ...] = (), extra: str = "") -> set[str]:
    phrases = [one for caption in captions for one in caption_keyphrases(caption, source="caption")]
    text = index_text(
        captions=captions,
        tags=[Tag(name, 0.9, "model") for name in tags],
        phrases=phrases,
        text_lines=[],
        extra=extra,
    )
    return set(text.split(" "))


ENGLISH = Caption("a brown dog runs on the beach", "en", 0.9)
SPANISH = Caption("un perro marrón corre por la playa", "es", 0.9)


def test_captions_of_both_languages_share_their_terms() -> None:
    shared = {"dog", "brown", "run", "beach", "brown_dog", "dog_run"}
    assert shared <= terms_of(ENGLISH)
    assert shared <= terms_of(SPANISH)


def test_a_query_asks_with_the_terms_of_the_index() -> None:
    for query in ("brown dogs", "perros marrones"):
        terms = query_terms(query)
        assert terms["dog"] == terms["brown"] == 1.0
        assert terms["brown_dog"] == PHRASE_WEIGHT
    assert "dog_in_beach" in query_terms("a dog on the beach")
    assert "dog_in_beach" in query_terms("perro en la playa")


def test_plain_words_of_a_query_come_without_kin_and_loose_phrases() -> None:
    assert query_text("brown dogs") == "brown dog dogs"
    assert "tennis_racket" in query_text("a tennis racket").split(" ")


def test_a_puppy_is_also_looked_for_as_a_dog() -> None:
    assert query_terms("puppy")["dog"] == KIN_WEIGHT
    assert query_terms("cachorro")["dog"] == KIN_WEIGHT
    assert query_terms("animal")["horse"] == KIN_WEIGHT
    assert "dog" not in query_terms("hot dog")


def test_what_sleeps_is_asleep_in_either_order() -> None:
    (sleeping,) = (
        one for one in keyphrases("a sleeping cat", source="query") if one.kind == "noun_verb"
    )
    assert phrase_term(sleeping, "en") == "cat_sleep"
    assert "cat_sleep" in query_terms("a cat that sleeps")


def test_what_an_image_lacks_is_no_term() -> None:
    assert "shirt" not in terms_of(Caption("a man without a shirt", "en", 0.9))
    assert "man_without_shirt" in terms_of(Caption("a man without a shirt", "en", 0.9))
    assert query_text("no people") == ""
    assert query_terms("no people") == {}


def test_phrases_of_regions_bring_their_words() -> None:
    text = index_text(
        captions=[ENGLISH],
        tags=[],
        phrases=[Keyphrase("umbrella", "noun", "region")],
        text_lines=[],
        extra="",
    )
    assert "umbrella" in text.split(" ")


def test_signs_and_names_are_kept_as_written_and_without_accents() -> None:
    text = index_text(
        captions=[],
        tags=[],
        phrases=[],
        text_lines=[TextLine("CUIDADO CON EL PERRO", Box(0, 0, 1, 1), 0.9)],
        extra="Málaga, España Canon EOS 350D",
    )
    assert {"cuidado", "perro", "dog", "malaga", "350d", "canon"} <= set(text.split(" "))
    assert "malaga" in query_text("Málaga").split(" ")
    assert "350d" in query_text("canon 350D").split(" ")


def test_nothing_said_gives_no_terms() -> None:
    assert index_text(captions=[], tags=[], phrases=[], text_lines=[], extra="") == ""
    assert query_text("") == query_text(" ¿? ") == ""


@given(st.text(), st.text())
def test_any_text_gives_terms_without_blanks(caption: str, extra: str) -> None:
    for language in ("en", "es"):
        terms_of(Caption(caption, language, 0.5), tags=(caption,), extra=extra)
    text = query_text(caption)
    assert text == " ".join(text.split())
