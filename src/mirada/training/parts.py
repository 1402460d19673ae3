"""How captions use words: counts of words by part of speech, and of what follows what.

Only counts leave this step: no caption can be told from them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mirada.errors import ModelUnavailable
from mirada.language.multiwords import multiwords
from mirada.language.parts import Part
from mirada.language.pieces import split
from mirada.training.checkpoint import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

START = "start"
_ENGLISH_TAGS = {
    "VBG": Part.GERUND,
    "VBN": Part.PARTICIPLE,
    "POS": Part.DETERMINER,
    "PRP$": Part.DETERMINER,
    "WP$": Part.DETERMINER,
    "PDT": Part.DETERMINER,
    "TO": Part.PREPOSITION,
    "RP": Part.PREPOSITION,
}
_UNIVERSAL = {
    "NOUN": Part.NOUN,
    "PROPN": Part.NOUN,
    "X": Part.NOUN,
    "ADJ": Part.ADJECTIVE,
    "VERB": Part.VERB,
    "AUX": Part.AUXILIARY,
    "DET": Part.DETERMINER,
    "NUM": Part.NUMBER,
    "ADP": Part.PREPOSITION,
    "CCONJ": Part.CONJUNCTION,
    "SCONJ": Part.CONJUNCTION,
    "ADV": Part.ADVERB,
    "PART": Part.ADVERB,
    "INTJ": Part.ADVERB,
    "PRON": Part.PRONOUN,
    "PUNCT": Part.MARK,
    "SYM": Part.MARK,
}
_SPANISH_PARTICIPLE = re.compile(r"\w{2,}(?:[ai]d|íd)[oa]s?")
_LONGEST = 300  # characters of a caption: beyond are lists of keywords


@dataclass(frozen=True, slots=True)
class PartCounts:
    """What was counted in the captions of one language."""

    words: dict[str, Counter[str]]  # form -> part -> count
    follows: dict[str, Counter[str]]  # part, or "start" -> part after it -> count


def counted(texts: Sequence[str], language: str, model: str, cache: Path) -> PartCounts:
    """Counts over the texts by a spaCy model, kept in the file `cache`."""
    known: dict[str, Any] = read_json(cache, {})
    if not known:
        counts = _count(_tagged(texts, language, model), language)
        known = {"words": counts.words, "follows": counts.follows}
        write_json(cache, known)
    return PartCounts(
        *({key: Counter(value) for key, value in known[name].items()} for name in known)
    )


def _tagged(texts: Sequence[str], language: str, model: str) -> Iterator[list[tuple[str, Part]]]:
    try:
        import spacy  # noqa: PLC0415 heavy, and only needed here
        from spacy.tokens import Doc  # noqa: PLC0415

        tagger = spacy.load(model, exclude=["ner", "parser", "lemmatizer"])
    except (ImportError, OSError) as error:
        raise ModelUnavailable(
            f"the lexicon needs spacy and its model {model}: pip install them ({error})"
        ) from error
    cut = ([piece.form for piece in split(text[:_LONGEST])] for text in texts)
    documents = (Doc(tagger.vocab, words=forms) for forms in cut if forms)
    for document in tagger.pipe(documents, batch_size=256):
        yield [(token.text, _part(token, language)) for token in document]


def _part(token: Any, language: str) -> Part:
    if language == "en" and token.tag_ in _ENGLISH_TAGS and token.pos_ != "AUX":
        return _ENGLISH_TAGS[token.tag_]
    part = _UNIVERSAL.get(token.pos_, Part.NOUN)
    if language == "es" and part in {Part.VERB, Part.ADJECTIVE}:
        if token.morph.get("VerbForm") == ["Ger"]:
            return Part.GERUND
        if _SPANISH_PARTICIPLE.fullmatch(token.text):
            return Part.PARTICIPLE
    return part


def _count(texts: Iterable[list[tuple[str, Part]]], language: str) -> PartCounts:
    words: dict[str, Counter[str]] = defaultdict(Counter)
    follows: dict[str, Counter[str]] = defaultdict(Counter)
    for text in texts:
        before = START
        for form, part in _joined(text, language):
            words[form][part] += 1
            follows[before][part] += 1
            before = part
    return PartCounts(dict(words), dict(follows))


def _joined(text: list[tuple[str, Part]], language: str) -> Iterator[tuple[str, Part]]:
    """The words with expressions of several words as one, as analysis will see them."""
    forms = [form for form, _ in text]
    at = 0
    while at < len(text):
        found = multiwords(language).starting(forms, at)
        if found is None:
            yield text[at]
            at += 1
        else:
            yield found.form, found.reading.part
            at += found.length
