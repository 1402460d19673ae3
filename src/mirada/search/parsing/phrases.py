"""Turns groups into the phrases of a parsed query: text, head, attributes, place in the query."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from mirada.language.multiwords import multiwords
from mirada.language.parts import Part
from mirada.language.pieces import fold
from mirada.language.tables import words_of
from mirada.language.words import lexicon
from mirada.search.parsing.line import spoken
from mirada.search.parsing.patterns import table, words_in
from mirada.search.parsing.tokens import is_gerund, is_living
from mirada.types import Phrase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirada.search.parsing.items import Group
    from mirada.search.parsing.line import Line
    from mirada.search.parsing.tokens import Token

_QUALITIES: Final = (Part.ADJECTIVE, Part.PARTICIPLE, Part.GERUND, Part.NOUN, Part.VERB)
_AGES: Final = frozenset(("baby", "adult", "toddler", "male", "female", "pet"))


def phrase(group: Group, line: Line, language: str, *, named: Token | None = None) -> Phrase:
    """A group as a phrase; `named` is the noun that "one" stands for."""
    before, nouns = _parted(group, language)
    if group.pronoun and named is not None:
        nouns = [named]
    elif not nouns and before:
        nouns = [before.pop(0 if language == "es" and not group.determined else -1)]
    qualities = [token for token in (*before, *group.after) if token.part in _QUALITIES]
    if len(group.tail) == 1 and group.tail[0].part in (Part.GERUND, Part.PARTICIPLE):
        qualities += group.tail
    attrs = [token.form for token in qualities]
    head, adjective = _head(nouns, language)
    first, then = (nouns, before) if group.pronoun and language == "es" else (before, nouns)
    words = [*group.lead, *first, *then, *group.after, *group.tail]
    text = spoken(token.form for token in words)
    return Phrase(
        text=text,
        head=head or text,
        attrs=tuple(dict.fromkeys([*attrs, *adjective])),
        count=group.count,
        pos=tuple(dict.fromkeys(group.pos)),
        span=_span(group.words or nouns, line),
    )


def head_of(group: Group, language: str) -> str:
    """The head that its phrase will have."""
    return _head(_parted(group, language)[1] or group.before[-1:], language)[0]


def is_scene(group: Group, language: str) -> bool:
    """Whether it says what the whole picture is: a mood, a setting, a kind of picture, no thing."""
    if group.lead or not group.is_named:
        return group.mutual or bool(group.lead) or not group.determined
    if group.pronoun:
        return False
    last = group.words[0] if language == "es" else group.nouns[-1]
    names = {last.form, last.lemma, head_of(group, language)}
    if names & words_in("scenes.tsv", "mood", language):
        return True
    if names & words_in("scenes.tsv", "genre", language) and not group.tail:
        return True
    said = any(token.part in _QUALITIES for token in (*group.before, *group.after))
    if not said and names & words_in("scenes.tsv", "place", language):
        return True
    return group.mutual and not group.determined


def _parted(group: Group, language: str) -> tuple[list[Token], list[Token]]:
    """What stands before the noun, and the noun; colours and acts that look like nouns go before.

    "orange cat" is a cat, "sleeping dog" a dog.
    """
    if language == "es" or len(group.nouns) < 2:
        return list(group.before), list(group.nouns)
    *others, last = group.nouns
    living = is_living(last.lemma, language)
    colours = words_of("colour", language)
    moved = [
        token
        for token in others
        if token.lemma in colours or (living and (token.lemma in _AGES or is_gerund(token)))
    ]
    return [*group.before, *moved], [token for token in group.nouns if token not in moved]


def _head(nouns: list[Token], language: str) -> tuple[str, list[str]]:
    """The head of a run of nouns, and the adjective that a known expression begins with.

    "coffee mugs" are a coffee mug; a "high chair" is a chair that is high.
    """
    if not nouns:
        return "", []
    if language == "es":
        return _lemma(nouns[0], "es").split(" ")[0], []
    *others, last = nouns
    lemma = _lemma(last, "en")
    head = multiwords("en").head(lemma)
    first, *rest = lemma.split(" ")
    is_kind = " ".join(rest) == head or len(rest) > 1
    if is_kind and not others and lexicon("en").readings(first)[0].part is Part.ADJECTIVE:
        return rest[-1], [first]
    return " ".join([*(token.form for token in others), lemma]), []


def _lemma(token: Token, language: str) -> str:
    """The lemma, without accents where none were typed."""
    lemma = _own_heads(language).get(token.form, token.lemma)
    bare = fold(lemma)
    return bare if bare == token.form else lemma


@cache
def _own_heads(language: str) -> Mapping[str, str]:
    """Form -> head, where it is not the lemma."""
    rows = (row for row in table("heads.tsv") if row[0] == language)
    return {form: row[1] for row in rows for form in row[2].split(" ")}


def _span(words: list[Token], line: Line) -> tuple[int, int]:
    if not words:
        return (0, 0)
    first = min(token.start for token in words)
    last = max(token.end for token in words)
    return (line.words[first].start, line.words[last - 1].end)
