"""The words by which BM25 finds an image, and those by which a query asks: the same on both sides.

A term is a lemma, or several joined by "_": "brown_dog", so that whole phrases count for more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirada.language.analysis import analyse
from mirada.language.chunks import affirmed
from mirada.language.kinship import expand
from mirada.language.phrases import (
    ADJECTIVE_NOUN,
    NOUN,
    NOUN_VERB,
    caption_keyphrases,
    keyphrases,
)
from mirada.language.pieces import fold
from mirada.language.shared import shared_form, shared_relation, translations

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mirada.language.analysis import Analysis
    from mirada.types import Caption, Keyphrase, Tag, TextLine

KIN_WEIGHT: Final = 0.3
PHRASE_WEIGHT: Final = 0.15
"""What they count for beside a word; chosen on captions of the training images."""

_LONGEST: Final = 4  # words of an expression


def index_text(
    *,
    captions: Sequence[Caption],
    tags: Iterable[Tag],
    phrases: Iterable[Keyphrase],
    text_lines: Iterable[TextLine],
    extra: str,
) -> str:
    """The terms of an image separated by blanks; `extra` is what its metadata says."""
    found: list[str] = []
    for caption in captions:
        found += _words(analyse(caption.text, caption.language))
    for tag in tags:
        found += _words(analyse(tag.name, "en"))
    spanish = _phrases_in(captions, "es") - _phrases_in(captions, "en")
    known = set(found)
    terms = (phrase_term(one, "es" if one.text in spanish else "en") for one in phrases)
    found += (term for term in dict.fromkeys(terms) if term not in known)
    for text in (*(line.text for line in text_lines), extra):
        found += _verbatim(analyse(text))
    return " ".join(found)


def query_text(text: str, language: str | None = None) -> str:
    """The words that a query asks for, each once, separated by blanks; empty for none.

    Compound nouns are there as wholes too: "tennis_racket". Other phrases have such rare terms
    that they would outweigh all words: see `query_terms`.
    """
    return " ".join(one for one, weight in query_terms(text, language).items() if weight == 1.0)


def query_terms(text: str, language: str | None = None) -> dict[str, float]:
    """The terms of a query with what each should count for, in (0, 1].

    Words and compound nouns count in full, kin of the words (a puppy is a dog) and phrases less.
    """
    analysis = analyse(text, language)
    language = analysis.language
    spoken = affirmed(analysis)
    phrases = keyphrases(text, language=language, source="query")
    weights = dict.fromkeys(_words(analysis), 1.0)
    weights |= {phrase_term(one, language): 1.0 for one in phrases if one.kind == NOUN}
    weights |= dict.fromkeys((fold(token.form) for token in spoken), 1.0)
    nouns = (token.lemma for token in spoken if token.is_noun)
    for kin in (one for noun in nouns for one in expand(noun, language)):
        weights.setdefault(shared_form(kin, "en"), KIN_WEIGHT)
    for phrase in phrases:
        weights.setdefault(phrase_term(phrase, language), PHRASE_WEIGHT)
    return weights


def phrase_term(phrase: Keyphrase, language: str) -> str:
    """The one term of a phrase: "perro marrón" and "brown dog" are "brown_dog"."""
    words = phrase.text.split(" ")
    forms: list[str] = []
    while words:
        count = next((n for n in range(_LONGEST, 1, -1) if _is_known(words[:n], language)), 1)
        first, words = " ".join(words[:count]), words[count:]
        forms.append(shared_relation(shared_form(first, language)))
    if phrase.kind in (ADJECTIVE_NOUN, NOUN_VERB):  # a sleeping cat sleeps; Spanish order differs
        forms.sort()
    return "_".join(forms)


def _is_known(words: Sequence[str], language: str) -> bool:
    return len(words) > 1 and " ".join(words) in translations(language)


def _phrases_in(captions: Sequence[Caption], language: str) -> set[str]:
    return {
        phrase.text
        for caption in captions
        if caption.language == language
        for phrase in caption_keyphrases(caption, source="caption")
    }


def _words(analysis: Analysis) -> list[str]:
    return [shared_form(token.lemma, analysis.language) for token in affirmed(analysis)]


def _verbatim(analysis: Analysis) -> list[str]:
    """Words as written, and their terms: names and signs are looked up by the letter."""
    written = [fold(token.form) for token in analysis.tokens if token.form[0].isalnum()]
    return list(dict.fromkeys([*written, *_words(analysis)]))
