"""Words near in meaning, to widen a search: a puppy is a dog, and animals are dogs and cats.

Compiled from WordNet 3.1 for the nouns that captions use; `lexicon/NOTICE` has its licence.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from mirada.language.shared import shared_form
from mirada.language.tables import rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST: Final = 40  # words of an expansion


class Kin(NamedTuple):
    """The kin of one noun, all as English lemmas, commonest first but for `wider`."""

    synonyms: tuple[str, ...] = ()
    wider: tuple[str, ...] = ()  # nearest first: puppy -> dog, animal
    narrower: tuple[str, ...] = ()  # animal -> dog, horse, bird ...


def kin(lemma: str, language: str) -> Kin:
    """The kin of a noun; all empty where none is known."""
    return _kin().get(shared_form(lemma, language).replace("_", " "), Kin())


def expand(lemma: str, language: str) -> tuple[str, ...]:
    """English lemmas that an image may have in place of this one, nearest in meaning first.

    They are its synonyms, then what it may be in particular, then the next wider word.
    """
    found = kin(lemma, language)
    return (*found.synonyms, *found.narrower, *found.wider[:1])[:MOST]


@cache
def _kin() -> Mapping[str, Kin]:
    return {
        row[0]: Kin(*(tuple(field.split(",")) if field else () for field in row[1:]))
        for row in rows_of("kin.tsv", "en")
    }
