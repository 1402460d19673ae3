"""Readable patterns of words, as the lexicon writes them, turned into one regular expression.

A pattern is a row of elements, each for one word or none of it:

    on|at the? very? <left|right> {side}? !of

alternatives are joined by "|", "?" makes an element optional, "<...>" captures, "{name}" stands for
a pattern of that name, "*" for any letters, "#" for digits, "_" for a blank; "&..." must follow and
"!..." must not, without being taken; "^" is the start and "$" the end of the query.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mirada.search.parsing.line import Line

_CLASS: Final = "class"
_WILD: Final = {"*": r"[^\s]*", "#": r"\d+(?:[.,]\d+)?"}
_TO_ESCAPE: Final = re.compile(r"[.^$+()\[\]\\{}|]")


class Rule(NamedTuple):
    """What a pattern means."""

    kind: str
    value: str


class Match(NamedTuple):
    """A pattern found in a line: words `start` up to `end`."""

    rule: Rule
    start: int
    end: int
    captures: tuple[str, ...]  # of its own "<...>", "" where an optional one is absent


class Patterns:
    """The patterns of a table, in order: of those that match at one word, the first one counts."""

    def __init__(self, rows: Sequence[tuple[str, str, str]]) -> None:
        classes: dict[str, str] = {}
        branches: list[str] = []
        self._rules: list[tuple[Rule, int, int]] = []
        groups = 0
        for kind, value, pattern in rows:
            expression = _expression(pattern, classes)
            if kind == _CLASS:
                classes[value] = expression
                continue
            inner = re.compile(expression).groups if "((?:" in expression else 0
            self._rules.append((Rule(kind, value), groups + 2, groups + 2 + inner))
            branches.append(f"(?P<r{len(self._rules) - 1}>{expression})")
            groups += 1 + inner
        self._finder = re.compile(rf"(?<!\S)(?:{'|'.join(branches)})") if branches else None

    def matches(self, line: Line) -> Iterator[Match]:
        """Those in the line, from the left, none over another."""
        if self._finder is None:
            return
        for found in self._finder.finditer(line.text):
            if found.end() == found.start():
                continue
            rule, first, last = self._rules[int((found.lastgroup or "r0")[1:])]
            captures = tuple((found[at] or "").strip() for at in range(first, last))
            yield Match(rule, line.index(found.start()), line.index(found.end()), captures)


def _expression(pattern: str, classes: Mapping[str, str]) -> str:
    return "".join(_element(element, classes) for element in pattern.split(" "))


def _element(element: str, classes: Mapping[str, str]) -> str:
    if element == "^":
        return r"\A"
    if element[0] in "&!" and len(element) > 1:
        ahead = "(?=" if element[0] == "&" else "(?!"
        return f"{ahead}{_alternatives(element[1:], classes)})"
    optional = element.endswith("?") and len(element) > 1
    core = element.removesuffix("?") if optional else element
    if core[0] == "<" and core[-1] == ">":
        found = f"({_alternatives(core[1:-1], classes)})"
    else:
        found = _alternatives(core, classes)
    return f"(?:{found})?" if optional else found


def _alternatives(text: str, classes: Mapping[str, str]) -> str:
    return f"(?:{'|'.join(_word(word, classes) for word in text.split('|'))})"


def _word(word: str, classes: Mapping[str, str]) -> str:
    if word == "$":
        return r"\Z"
    if word.startswith("{"):
        return classes[word.strip("{}")]
    if word.startswith("~"):
        return f"{word[1:]} "
    plain = _TO_ESCAPE.sub(lambda sign: f"\\{sign[0]}", word.replace("_", " "))
    return "".join(_WILD.get(sign, sign) for sign in plain) + " "


def table(name: str) -> Iterator[list[str]]:
    """The rows of a table of the lexicon, without comments."""
    text = resources.files("mirada.search").joinpath(f"lexicon/{name}").read_text("utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


@cache
def words_in(name: str, kind: str, language: str) -> frozenset[str]:
    """The words of one kind in a table of language, kind and words with blanks between."""
    return frozenset(
        word.replace("_", " ")
        for row in table(name)
        if row[0] == language and row[1] == kind
        for word in row[2].split(" ")
    )
