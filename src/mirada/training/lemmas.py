"""Base forms and parts of speech of words, from published dictionaries; for building the lexicon.

English: WordNet 3.1 with the irregular forms of its Morphy; Spanish: the rules and word lists of
spaCy's lemmatizer. Both come with frequencies of words in the package spacy-lookups-data.
"""

from __future__ import annotations

import csv
import gzip
import json
from functools import cache, cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any, Protocol

from mirada.errors import ModelUnavailable
from mirada.language.inflection import base_forms
from mirada.language.parts import Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

RARE = -25.0  # ln P of a word that the frequency list lacks
MARGIN = 1.0  # nats by which a word must be likelier in the other language to be foreign
_SHIFTS = {
    "ue": ("o", "u"),
    "ie": ("e", "i"),
    "i": ("e",),
    "u": ("o",),
    "í": ("e", "i"),
    "ú": ("u",),
}
_FILES = {"N": "noun", "V": "verb", "A": "adj", "R": "adv"}
_VERBAL = (Part.VERB, Part.GERUND, Part.PARTICIPLE)
_AUXILIARIES = ("be", "have", "do")
_SPANISH_AUXILIARIES = ("ser", "estar", "haber")
OPEN = (Part.NOUN, Part.ADJECTIVE, Part.VERB, Part.GERUND, Part.PARTICIPLE, Part.ADVERB)
_PLURALS_ONLY = frozenset(
    [
        "glasses",
        "sunglasses",
        "eyeglasses",
        "goggles",
        "pants",
        "jeans",
        "shorts",
        "trousers",
        "scissors",
        "tights",
        "leggings",
        "binoculars",
        "pajamas",
        "pyjamas",
        "tongs",
        "pliers",
        "overalls",
        "clothes",
        "sweatpants",
        "suspenders",
        "fireworks",
        "dungarees",
        "underpants",
    ]
)


class Dictionary(Protocol):
    """What a dictionary knows of the words of a language."""

    language: str

    def is_foreign(self, form: str) -> bool:
        """Whether it is rather a word of another language."""
        ...

    def __contains__(self, form: str) -> bool:
        """Whether it is a word in use."""
        ...

    def lemma(self, form: str, part: Part) -> str | None:
        """Its base form as this part of speech; None where the dictionary has none."""
        ...

    def frequent(self, count: int) -> list[str]:
        """The commonest words, most frequent first."""
        ...


class _Frequencies:
    language: str

    @cached_property
    def _frequencies(self) -> Mapping[str, float]:
        return _frequencies(self.language)

    def frequency(self, form: str) -> float:
        """Its ln P among words."""
        return self._frequencies.get(form, RARE)

    def __contains__(self, form: str) -> bool:
        return form in self._frequencies

    def is_foreign(self, form: str) -> bool:
        other = "en" if self.language == "es" else "es"
        return self.frequency(form) + MARGIN < _frequencies(other).get(form, RARE)

    def frequent(self, count: int) -> list[str]:
        ordered = sorted(self._frequencies.items(), key=lambda entry: (-entry[1], entry[0]))
        return [form for form, _ in ordered[:count]]

    def _commonest(self, forms: Iterable[str]) -> str | None:
        return max(forms, key=lambda form: (self.frequency(form), form), default=None)


class English(_Frequencies):
    """WordNet's words, from the folder `dict` of its release."""

    language = "en"

    def __init__(self, wordnet: Path) -> None:
        self._index = {part: _wordnet_words(wordnet / f"index.{_FILES[part]}") for part in _FILES}
        irregular = lookups("en_lemma_exc")
        self._irregular = {part: irregular[_FILES[part]] for part in _FILES}

    def lemma(self, form: str, part: Part) -> str | None:
        """By the irregular forms, then the rules; of several, the commonest word."""
        group = "V" if part in {*_VERBAL, Part.AUXILIARY} else part.value
        if part is Part.AUXILIARY and self.lemma(form, Part.VERB) not in _AUXILIARIES:
            return None
        known = self._index.get(group, frozenset())
        if part is Part.NOUN and form in _PLURALS_ONLY:
            return form
        if part in {Part.GERUND, Part.PARTICIPLE} and not self._is_form(form, part):
            return None
        irregular = [one for one in self._irregular.get(group, {}).get(form, ()) if one in known]
        if irregular:
            return irregular[0]
        bases = [one for one in base_forms(form, part, "en") if one in known and one != form]
        if form in known and (not bases or part not in {Part.NOUN, *_VERBAL}):
            return form
        return self._commonest(bases)

    def _is_form(self, form: str, part: Part) -> bool:
        if part is Part.GERUND:
            return form.endswith("ing")
        return form.endswith("ed") or form in self._irregular["V"]


class Spanish(_Frequencies):
    """Words of spaCy's lists, and by its rules their forms."""

    language = "es"

    def __init__(self) -> None:
        index = lookups("es_lemma_index")
        names = {Part.NOUN: "noun", Part.ADJECTIVE: "adj", Part.VERB: "verb"}
        self._index = {part: frozenset(index[name]) for part, name in names.items()}
        rules = lookups("es_lemma_rules")
        self._finite = [
            rule for name in rules if name.startswith("verb_fin") for rule in rules[name]
        ]
        self._gerund, self._participle = rules["verb_ger"], rules["verb_part"]

    def lemma(self, form: str, part: Part) -> str | None:
        """By the rules; of several, the commonest word."""
        if part in _VERBAL:
            return self._infinitive(form, part)
        if part is Part.AUXILIARY:
            base = self._infinitive(form, Part.VERB)
            return base if base in _SPANISH_AUXILIARIES else None
        known = self._index.get(part)
        if known is None:
            return None
        bases = [one for one in base_forms(form, part, "es") if one in known and one != form]
        if form in known and not (part is Part.NOUN and bases and form.endswith("s")):
            return form
        return bases[0] if bases else None

    def _infinitive(self, form: str, part: Part) -> str | None:
        if part is Part.VERB and form in self._index[Part.VERB]:
            return form
        bases = set(base_forms(form, part, "es")) if part is not Part.VERB else set()
        rules = {Part.GERUND: self._gerund, Part.PARTICIPLE: self._participle}.get(
            part, self._finite
        )
        bases |= {
            form.removesuffix(ending) + other for ending, other in rules if form.endswith(ending)
        }
        known = self._index[Part.VERB]
        return self._commonest(bases & known) or self._commonest(_unshifted(bases) & known)


def _unshifted(bases: Iterable[str]) -> set[str]:
    """With the vowel of the infinitive, where the stem has another: "cuelgar" -> "colgar"."""
    return {
        base[:at] + other + base[at + len(vowel) :]
        for base in bases
        for vowel, others in _SHIFTS.items()
        if (at := base.rfind(vowel, 0, -2)) >= 0
        for other in others
    }


@cache
def _frequencies(language: str) -> dict[str, float]:
    table = lookups(f"{language}_lexeme_prob")
    return {form: value for form, value in table.items() if form.islower() and form.isalpha()}


@cache
def corrections(language: str) -> Mapping[tuple[str, Part], str]:
    """(form, part) -> lemma, where the dictionaries have none or a wrong one."""
    text = resources.files(__package__).joinpath("lemmas.tsv").read_text("utf-8")
    rows = csv.reader((line for line in text.splitlines() if line[:1] != "#"), delimiter="\t")
    return {(form, Part(part)): lemma for row, form, part, lemma in rows if row == language}


def lookups(name: str) -> Any:
    """A table of the package spacy-lookups-data."""
    try:
        folder = resources.files("spacy_lookups_data")
    except ModuleNotFoundError as error:
        raise ModelUnavailable(
            "the lexicon needs word lists: pip install spacy-lookups-data"
        ) from error
    return json.loads(gzip.decompress((folder / "data" / f"{name}.json.gz").read_bytes()))


def _wordnet_words(path: Path) -> frozenset[str]:
    with path.open(encoding="utf-8") as lines:
        return frozenset(line.split(" ", 1)[0] for line in lines if line[0] != " ")
