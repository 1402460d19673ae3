"""Which tags of a vocabulary a text names: the truth that tags are learnt from and judged by."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

from mirada.language.analysis import analyse
from mirada.language.multiwords import multiwords
from mirada.language.parts import Part
from mirada.language.words import lexicon
from mirada.vocabulary.entries import OF_PARTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirada.language.analysis import Token
    from mirada.vocabulary.entries import Vocabulary

_VERBAL: Final = frozenset((Part.VERB, Part.GERUND, Part.PARTICIPLE))
_LANGUAGE: Final = "en"


class Matcher:
    """Finds tags, their synonyms and their other forms in English texts.

    A thing is named by nouns alone, so that an orange shirt is no orange, and a part of an
    expression does not count unless it is its head: a hot dog is no dog.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._places: dict[tuple[str, ...], int] = {}
        for place, entry in enumerate(vocabulary.entries):
            for name in (entry.name, *entry.also):
                for key in _keys(name, entry.kind):
                    self._places.setdefault(key, place)
        self._longest = max(map(len, self._places), default=0)

    def named_in(self, text: str) -> frozenset[int]:
        """Places, in the vocabulary, of the tags that a text names."""
        marks = [_marks(token) for token in analyse(text, _LANGUAGE).tokens]
        return frozenset(
            place
            for start in range(len(marks))
            for count in range(1, self._longest + 1)
            if start + count <= len(marks)
            for key in product(*marks[start : start + count])
            if (place := self._places.get(key)) is not None
        )


def _keys(name: str, kind: str) -> Iterator[tuple[str, ...]]:
    """The ways in which a text may write a tag, word by word."""
    tokens = analyse(name, _LANGUAGE).tokens
    last = len(tokens) - 1
    wanted = []
    for place, token in enumerate(tokens):
        as_noun, as_verb = _lemmas(token, Part.NOUN), _lemmas(token, Part.GERUND)
        if kind == "activity" and place == 0 and as_verb:
            wanted.append({token.form, *(f"to {lemma}" for lemma in as_verb)})
        elif kind in OF_PARTS and place == last:
            wanted.append(as_noun or {token.lemma})
        else:
            wanted.append({*as_noun, f"{token.form}*", f"{token.lemma}*"})
    return product(*wanted)


def _marks(token: Token) -> set[str]:
    """What a word of a text may stand for: nouns as such, verbs with "to", others with a star."""
    if token.is_noun:
        return {token.lemma, multiwords(_LANGUAGE).head(token.lemma)}
    if token.part in _VERBAL:
        return {f"to {token.lemma}", f"{token.form}*"}
    return {f"{token.lemma}*", f"{token.form}*"}


def _lemmas(token: Token, part: Part) -> set[str]:
    return {one.lemma for one in lexicon(_LANGUAGE).readings(token.form) if one.part is part}
