"""Words of a text with their lemmas and parts of speech, in English or Spanish.

The same analysis reads captions and queries. Any text is accepted; case and blanks don't matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from mirada.language.multiwords import multiwords
from mirada.language.parts import Part
from mirada.language.pieces import Piece, split
from mirada.language.tables import words_of
from mirada.language.tagging import likeliest
from mirada.language.words import LANGUAGES, lexicon

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LONGEST: Final = 4000  # characters of a text: what comes after is not read
_MOST: Final = 60  # by which one word can speak for a language: rare words decide no more
_CONTENT: Final = frozenset("NAVGPC")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, or an expression of several, in a text."""

    surface: str  # as written
    form: str  # lower case; the words of an expression joined by "_"
    lemma: str  # lower case; the words of an expression with blanks between
    part: Part
    start: int  # in characters of the text
    end: int

    @property
    def is_noun(self) -> bool:
        """Whether it names a thing."""
        return self.part is Part.NOUN


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a text says, word by word."""

    text: str
    language: str  # "en" or "es"
    tokens: tuple[Token, ...]

    @property
    def content(self) -> tuple[Token, ...]:
        """The words that say something of an image: no marks, function words or stop words."""
        stop = words_of("stop", self.language)
        return tuple(
            token
            for token in self.tokens
            if (token.part in _CONTENT or token.part is Part.ADVERB) and token.lemma not in stop
        )


def analyse(text: str, language: str | None = None) -> Analysis:
    """The words of a text; without a language, it is guessed.

    Raises:
        KeyError: the language is neither "en" nor "es".
    """
    pieces = split(text[:LONGEST])
    if language is None:
        language = _likelier([piece.form for piece in pieces])
    joined = list(_joined(pieces, language))
    readings = likeliest([form for form, _, _ in joined], lexicon(language))
    tokens = tuple(
        Token(text[start:end], form, reading.lemma, reading.part, start, end)
        for (form, start, end), reading in zip(joined, readings, strict=True)
    )
    return Analysis(text, language, tokens)


def guess_language(text: str) -> str:
    """The likelier of "en" and "es", by its words; English when nothing tells."""
    return _likelier([piece.form for piece in split(text[:LONGEST])])


def _likelier(forms: Sequence[str]) -> str:
    balance = sum(_leaning(form) for form in forms)
    return "es" if balance > 0 else "en"


@lru_cache(maxsize=10_000)
def _leaning(form: str) -> int:
    """By how much a word is likelier in Spanish than in English, in tenths of a nat."""
    if form in {"¿", "¡"}:
        return _MOST
    english, spanish = (lexicon(language).cost(form) for language in LANGUAGES)
    return max(-_MOST, min(_MOST, english - spanish))


def _joined(pieces: Sequence[Piece], language: str) -> Iterator[Piece]:
    """The pieces, with those of an expression as one."""
    known = multiwords(language)
    forms = [piece.form for piece in pieces]
    at = 0
    while at < len(pieces):
        found = known.starting(forms, at)
        if found is None:
            yield pieces[at]
            at += 1
        else:
            yield Piece(found.form, pieces[at].start, pieces[at + found.length - 1].end)
            at += found.length
