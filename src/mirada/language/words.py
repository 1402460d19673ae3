"""The lexicon of a language: which parts of speech a word may have, with its lemma in each.

Its data is made by `python -m mirada.training.lexicon`; `lexicon/NOTICE` says from what.
"""

from __future__ import annotations

import zlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

from mirada.language.inflection import base_forms
from mirada.language.multiwords import multiwords
from mirada.language.parts import Part, Reading
from mirada.language.tables import rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES: Final = ("en", "es")
UNKNOWN_COST: Final = 125  # -10 ln P of a word that is not in the lexicon, about
_LONGEST_ENDING: Final = 4
_LONGEST_WORD: Final = 60  # letters: longer ones are no words
_MANY: Final = 20_000  # words whose readings are kept in memory
_FORMS_OF_VERBS: Final = {Part.GERUND: Part.VERB, Part.PARTICIPLE: Part.VERB}


class Lexicon:
    """The words of one language, and how parts of speech follow one another."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._rows = _rows(language)
        self._multiwords = multiwords(language)
        self._known: dict[str, tuple[Reading, ...]] = {}
        self.follows, self.prior = _part_costs(language)
        """part -> part after it -> -10 ln P, "" before the first; part -> -10 ln P."""

    def __contains__(self, form: str) -> bool:
        """Whether the form is listed as such."""
        return form in self._rows

    def readings(self, form: str) -> tuple[Reading, ...]:
        """At least one; `form` as `pieces.normal` gives it, with "_" between words."""
        found = self._known.get(form)
        if found is None:
            found = self._listed(form) or self._guessed(form)
            if len(self._known) < _MANY:
                self._known[form] = found
        return found

    def cost(self, form: str) -> int:
        """-10 ln P(word) in this language, about."""
        if form not in self._rows:
            return UNKNOWN_COST
        return min(one.cost + self.prior[one.part] for one in self.readings(form))

    def _listed(self, form: str) -> tuple[Reading, ...]:
        expression = self._multiwords.get(form)
        if expression is not None:
            return (expression,)
        row = self._rows.get(form)
        return tuple(_reading(field, form) for field in row.split(" ")) if row else ()

    def _guessed(self, form: str) -> tuple[Reading, ...]:
        if not form[0].isalnum():
            return (Reading(Part.MARK, 0, form),)
        if form[0].isdigit():
            return (Reading(Part.NUMBER if form[-1].isdigit() else Part.NOUN, 0, form),)
        endings = (form[-size:] for size in range(_LONGEST_ENDING, 0, -1))
        row = next((row for one in endings if (row := self._rows.get(f"*{one}"))), None)
        guesses = [_reading(field, form) for field in (row or self._rows["*"]).split(" ")]
        return tuple(one._replace(lemma=self._lemma(form, one.part)) for one in guesses)

    def _lemma(self, form: str, part: Part) -> str:
        """The base form that the lexicon lists, else by rule where that is safe."""
        if len(form) > _LONGEST_WORD:
            return form
        bases = base_forms(form, part, self.language)
        wanted = _FORMS_OF_VERBS.get(part, part)
        for base in bases:
            if any(one.part is wanted for one in self._listed(base)):
                return base
        return bases[0] if bases and _is_regular(form, part, self.language) else form


@cache
def lexicon(language: str) -> Lexicon:
    """The lexicon of "en" or "es", read once; raises KeyError for another language."""
    if language not in LANGUAGES:
        raise KeyError(language)
    return Lexicon(language)


def _rows(language: str) -> dict[str, str]:
    """Form -> its readings; "*" and an ending -> those of unknown words that end so."""
    packed = resources.files("mirada.language").joinpath(f"lexicon/{language}.tsv.gz")
    text = zlib.decompress(packed.read_bytes(), wbits=31).decode()
    forms, rows = text.split("\n\n")  # two blocks: three times as quick to read as pairs
    return dict(zip(forms.split("\n"), rows.split("\n"), strict=True))


def _reading(field: str, form: str) -> Reading:
    """Of "V57/run": the part, the cost, and the lemma where it is not the form."""
    cost, _, lemma = field[1:].partition("/")
    return Reading(Part(field[0]), int(cost), lemma or form)


def _is_regular(form: str, part: Part, language: str) -> bool:
    """Whether an unlisted word is taken for a plain plural: "segways", "dálmatas"."""
    if part is not Part.NOUN or len(form) < 5 or not form.endswith("s"):
        return False
    return form[-2] not in "suia" if language == "en" else form[-2] in "aeiouáéó"


def _part_costs(
    language: str,
) -> tuple[Mapping[str, Mapping[str, int]], Mapping[str, int]]:
    follows: dict[str, Mapping[str, int]] = {
        row[0]: {part: int(cost) for part, cost in zip(Part, row[1:], strict=True)}
        for row in rows_of("parts.tsv", language)
    }
    prior = follows.pop("any")
    follows[""] = follows.pop("start")
    return follows, prior
