"""Parts of speech, and one way to take a word."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Part(StrEnum):
    """Parts of speech; the value is the letter that stands for it in the lexicon."""

    NOUN = "N"
    ADJECTIVE = "A"
    VERB = "V"  # finite or infinitive
    GERUND = "G"  # running, corriendo
    PARTICIPLE = "P"  # parked, sentada
    AUXILIARY = "X"  # be, have, do and modals; ser, estar, haber
    DETERMINER = "D"
    NUMBER = "C"
    PREPOSITION = "I"  # with verb particles
    CONJUNCTION = "J"
    ADVERB = "R"
    PRONOUN = "O"
    MARK = "Z"  # punctuation, symbols


class Reading(NamedTuple):
    """One way to take a word."""

    part: Part
    cost: int  # -10 ln P(word | part)
    lemma: str  # several words with spaces between
