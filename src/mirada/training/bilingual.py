"""The small Spanish to English dictionary of `mirada.language`, for one index in two languages.

By rising weight: alignment of captions with their translations, the glossary of the translation,
the vocabulary of tags, and what was set by hand in `shared.tsv`.
"""

from __future__ import annotations

from collections import Counter
from importlib import resources
from typing import TYPE_CHECKING

from mirada.language.analysis import analyse
from mirada.language.parts import Part
from mirada.language.words import lexicon
from mirada.training import translate
from mirada.training.alignment import aligned
from mirada.vocabulary.entries import SHIPPED, read_vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMING = (Part.NOUN, Part.ADJECTIVE)
COMMONEST = 2500  # Spanish lemmas whose alignment is used


def build_shared(translations: Mapping[str, str]) -> list[list[str]]:
    """Rows of language, lemma and English lemma, sorted; none where nothing would change."""
    chosen = _by_hand()
    english = {lemma: meaning for (language, lemma), meaning in chosen.items() if language == "en"}
    spanish = _commonest(aligned(translations), translations) | _glossary() | _tags()
    spanish |= {lemma: meaning for (language, lemma), meaning in chosen.items() if language == "es"}
    spanish = {lemma: english.get(meaning, meaning) for lemma, meaning in spanish.items()}
    rows = [("en", *pair) for pair in english.items()] + [("es", *pair) for pair in spanish.items()]
    return [
        [language, lemma.replace(" ", "_"), meaning.replace(" ", "_")]
        for language, lemma, meaning in sorted(rows)
        if meaning and meaning != lemma
    ]


def _commonest(found: Mapping[str, str], translations: Mapping[str, str]) -> dict[str, str]:
    """Of the lemmas in use those that are Spanish words, not English left as it was."""
    uses = Counter(
        token.lemma for text in translations.values() for token in analyse(text, "es").content
    )
    common = {lemma for lemma, _ in uses.most_common(COMMONEST)}
    return {
        lemma: meaning
        for lemma, meaning in found.items()
        if lemma in common and (lemma in lexicon("es") or " " in lemma)
    }


def _glossary() -> dict[str, str]:
    """Single words of the glossary, the other way round."""
    return {
        analyse(spanish, "es").tokens[0].lemma: analyse(english, "en").tokens[0].lemma
        for english, spanish in translate.glossary().items()
        if " " not in spanish
    }


def _tags() -> dict[str, str]:
    """Nouns and adjectives that are one word in both languages; of several meanings the first."""
    found: dict[str, str] = {}
    for entry in read_vocabulary(SHIPPED).entries:
        english = analyse(entry.name, "en").content
        spanish = analyse(entry.spanish, "es").content
        if len(english) == len(spanish) == 1 and spanish[0].part in _NAMING:
            found.setdefault(spanish[0].lemma, english[0].lemma)
    return found


def _by_hand() -> dict[tuple[str, str], str]:
    text = resources.files(__package__).joinpath("shared.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line[:1] != "#")
    return {(row[0], row[1].replace("_", " ")): row[2].replace("_", " ") for row in rows}
