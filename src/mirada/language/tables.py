"""The small tables of the lexicon, `lexicon/*.tsv`: relations, colours, numbers, stop words ..."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def rows_of(name: str, language: str) -> list[list[str]]:
    """The rows of a table that start with the language, without it."""
    rows = (line.split("\t") for line in _text(name).splitlines())
    return [row[1:] for row in rows if row[0] == language]


@cache
def relations(language: str) -> Mapping[str, str]:
    """Words of space -> the relation: "on top of" -> "on"."""
    return {words.replace("_", " "): name for words, name in rows_of("relations.tsv", language)}


@cache
def words_of(kind: str, language: str) -> Mapping[str, str]:
    """Lemma -> its value, of one kind.

    colour: the English name; material: the English noun; number and quantity: digits, with "+"
    for "or more". Without a value: group ("herd"), frame ("photo"), worn ("hat"), and stop, the
    words that say nothing of an image.
    """
    rows = rows_of("closed.tsv", language)
    return {
        row[1].replace("_", " "): row[2] if len(row) > 2 else "" for row in rows if row[0] == kind
    }


@cache
def _text(name: str) -> str:
    return resources.files("mirada.language").joinpath(f"lexicon/{name}").read_text("utf-8")
