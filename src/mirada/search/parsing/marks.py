"""Finds the words of space, number and denial in a line: what stands between things, not for them.

The rows of `lexicon/marks.tsv` say which; the prepositions of `mirada.language` come after them.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from mirada.language.pieces import fold
from mirada.language.tables import relations, words_of
from mirada.search.parsing.patterns import Patterns, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mirada.search.parsing.line import Line
    from mirada.search.parsing.patterns import Match

_TABLE: Final = "marks.tsv"
_NAMES: Final = frozenset(("name", "except"))  # rows that aren't patterns
_VERTICAL: Final = ("top", "bottom")
_DEPTHS: Final = ("background", "foreground")
_OPPOSITES: Final = {">": (">=", 1), "<": ("<=", -1)}


class Mark(NamedTuple):
    """A stretch of words that a rule understood: words `start` up to `end`."""

    kind: str  # as in the table: position, relation, count, without ...
    value: str
    start: int
    end: int


def find_marks(line: Line, language: str) -> list[Mark]:
    """The marks of a line in order, none over another."""
    marks: list[Mark] = []
    for found in _patterns(language).matches(line):
        mark = _mark(found, language)
        if mark.kind == "relation" and marks and marks[-1].kind == "airborne":
            airborne = marks.pop()
            if airborne.end == mark.start and mark.value == "on":
                mark = mark._replace(value=airborne.value)
        marks.append(mark)
    return [mark for mark in marks if mark.kind != "airborne"]


def _mark(found: Match, language: str) -> Mark:
    kind, value = found.rule
    if "*" in value:
        said = [one for one in found.captures if one]
        if kind in ("count", "some_of"):
            value = _count(value.removesuffix("*"), said[0], language)
        elif kind == "relation" and value == "*":
            value = _relations(language)[said[0].replace("-", " ")]
        else:
            value = value.replace("*", _place(said, language))
    return Mark(kind, value, found.start, found.end)


def _place(said: Sequence[str], language: str) -> str:
    """The name of a position: "lower right" is "bottom-right", "izquierda" is "left"."""
    names = _side_names(language)
    parts = [names.get(part, part) for one in said for part in one.removesuffix("-hand").split("-")]
    if parts[-1] in _DEPTHS:  # "in the left foreground": two positions
        return " ".join(parts)
    parts.sort(key=lambda part: part not in _VERTICAL)
    return "-".join(parts)


def _count(sign: str, word: str, language: str) -> str:
    """A count as phrases have it: more than two is ">=3"."""
    number = int(number_of(word, language) or "1")
    if sign in _OPPOSITES:
        sign, step = _OPPOSITES[sign]
        number += step
    return f"{sign}{number}"


def number_of(word: str, language: str) -> str | None:
    """The digits of a number: "two" is "2"; None for what is none."""
    if word.isascii() and word.isdigit():
        return str(int(word)) if len(word) <= 4 else None
    return words_of("number", language).get(word)


@cache
def _relations(language: str) -> Mapping[str, str]:
    """Words of space, also without their accents -> the relation."""
    known = relations(language)
    return {fold(words): name for words, name in known.items()} | dict(known)


@cache
def _side_names(language: str) -> Mapping[str, str]:
    return {
        word: row[2]
        for row in table(_TABLE)
        if row[0] == language and row[1] == "name"
        for word in row[3].split("|")
    }


@cache
def _patterns(language: str) -> Patterns:
    own = [(row[1], row[2], row[3]) for row in table(_TABLE) if row[0] == language]
    left_out = {word for kind, _, words in own if kind == "except" for word in words.split("|")}
    known = sorted(set(_relations(language)) - left_out, key=lambda words: -words.count(" "))
    prepositions = f"{{lies}}? <{'|'.join(words.replace(' ', '_') for words in known)}>"
    rows = [row for row in own if row[0] not in _NAMES]
    return Patterns([*rows, ("relation", "*", prepositions)])
