"""One form for what English and Spanish call differently, so that "perro" finds a dog."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from mirada.language.pieces import fold
from mirada.language.tables import rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_RELATIONS: Final = {"inside": "in", "in_on": "in", "on": "in", "llevar": "wear", "con": "with"}
"""Relations that people use for one another, or that Spanish does not tell apart."""


def shared_form(lemma: str, language: str) -> str:
    """The English lemma where one is known, without accents, its words joined by "_"."""
    known = translations(language).get(lemma, lemma)
    return fold(known).replace(" ", "_")


def shared_relation(relation: str) -> str:
    """A relation as terms have it."""
    return _RELATIONS.get(relation, relation)


@cache
def translations(language: str) -> Mapping[str, str]:
    """Lemma -> English lemma; for English itself, the commoner spelling or name."""
    return {
        row[0].replace("_", " "): row[1].replace("_", " ")
        for row in rows_of("shared.tsv", language)
    }
