"""Whether a thing that a query asks for is what a person labelled a box with."""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import Final

from mirada.language.analysis import analyse
from mirada.language.kinship import kin
from mirada.language.shared import shared_form

PERSON: Final = "person"
CHILDREN: Final = frozenset({"child", "kid", "baby", "toddler", "youngster", "boy", "girl"})
GROWN: Final = frozenset({"man", "woman", "adult"})
MALE: Final = frozenset({"man", "boy"})
FEMALE: Final = frozenset({"woman", "girl"})
GROUPS: Final = frozenset({"people", "crowd", "family", "team", "group", "couple", "audience"})


class Likeness(IntEnum):
    """How surely a label names what was asked for."""

    NONE = 0  # it is something else
    MAYBE = 1  # it may be: a person may be the man, a player may be a boy
    SURE = 2  # it is: the same, a synonym, or one of its kinds


@lru_cache(maxsize=200_000)
def likeness(asked: str, label: str) -> Likeness:
    """How surely a box with the label shows the noun that was asked for; English."""
    (wanted, head), (own, own_head) = noun_of(asked), noun_of(label)
    if wanted == own or own in kin(wanted, "en").synonyms or wanted in _wider(own):
        return Likeness.SURE
    if own in _wider(wanted):
        return Likeness.MAYBE
    if wanted == own_head:  # asked for a ball: a sports ball
        return Likeness.SURE
    if head == own or (is_person(wanted) and is_person(own) and not _apart(wanted, own)):
        return Likeness.MAYBE
    return Likeness.NONE


@lru_cache(maxsize=20_000)
def noun_of(label: str) -> tuple[str, str]:
    """The lemmas of a label in their commoner English form, and the last of them alone."""
    lemmas = [token.lemma for token in analyse(label, "en").tokens] or [label]
    return _common(" ".join(lemmas)), _common(lemmas[-1])


def is_person(noun: str) -> bool:
    """Whether it names a human being or several."""
    return noun == PERSON or noun in GROUPS or noun in CHILDREN | GROWN or PERSON in _wider(noun)


def _apart(one: str, other: str) -> bool:
    """Whether no person is both."""
    pairs = ((CHILDREN, GROWN), (MALE, FEMALE))
    return any((one in a and other in b) or (one in b and other in a) for a, b in pairs)


def _common(lemma: str) -> str:
    return shared_form(lemma, "en").replace("_", " ")


@lru_cache(maxsize=20_000)
def _wider(noun: str) -> frozenset[str]:
    return frozenset(map(_common, kin(noun, "en").wider))
