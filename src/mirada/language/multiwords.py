"""Expressions of several words that count as one: "hot dog", "tennis racket", "on top of"."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from mirada.language.parts import Part, Reading
from mirada.language.pieces import fold
from mirada.language.tables import relations, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence


class Found(NamedTuple):
    """An expression in a text."""

    length: int  # in words
    form: str  # joined by "_"
    reading: Reading


class Multiwords:
    """The expressions of one language; nouns in the plural too."""

    def __init__(self, language: str) -> None:
        self._readings = {
            words.replace(" ", "_"): Reading(Part.PREPOSITION, 0, words)
            for words in relations(language)
            if " " in words
        }
        self._heads: dict[str, str] = {}
        for row in rows_of("multiwords.tsv", language):
            lemma = row[0].replace("_", " ")
            reading = Reading(Part.NOUN, 0, lemma)
            self._readings |= dict.fromkeys((row[0], *_plurals(row[0], language)), reading)
            self._heads[lemma] = row[1] if len(row) > 1 else lemma
        self._readings |= {
            fold(words): reading
            for words, reading in self._readings.items()
            if not words.isascii() and fold(words) not in self._readings
        }
        self._longest: dict[str, int] = {}
        for words in self._readings:
            first, count = words.split("_", 1)[0], words.count("_") + 1
            self._longest[first] = max(self._longest.get(first, 0), count)

    def starting(self, forms: Sequence[str], at: int) -> Found | None:
        """The longest expression that starts there, if any."""
        longest = self._longest.get(forms[at], 0)
        for count in range(min(longest, len(forms) - at), 1, -1):
            form = "_".join(forms[at : at + count])
            if form in self._readings:
                return Found(count, form, self._readings[form])
        return None

    def get(self, form: str) -> Reading | None:
        """The reading of an expression, its words joined by "_"."""
        return self._readings.get(form)

    def head(self, lemma: str) -> str:
        """What the thing is: a tennis racket is a racket; a hot dog is a hot dog and no dog."""
        return self._heads.get(lemma, lemma)


@cache
def multiwords(language: str) -> Multiwords:
    """Those of "en" or "es", read once."""
    return Multiwords(language)


def _plurals(words: str, language: str) -> list[str]:
    parts = words.split("_")
    if language == "en":
        return ["_".join([*parts[:-1], _english_plural(parts[-1])])]
    plurals = [_spanish_plural(part) for part in parts]
    return ["_".join([plurals[0], *parts[1:]]), "_".join([*plurals[:2], *parts[2:]])]


def _english_plural(word: str) -> str:
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "ch", "sh")) else f"{word}s"


def _spanish_plural(word: str) -> str:
    if word[-1] in "aeiouáéó":
        return f"{word}s"
    if word.endswith("z"):
        return f"{word[:-1]}ces"
    return word if word.endswith("s") else f"{fold(word)}es"
