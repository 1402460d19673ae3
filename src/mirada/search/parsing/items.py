"""What a query is made of between its words and its structure: groups, marks and joints."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, TypeAlias

from mirada.search.parsing.marks import Mark

if TYPE_CHECKING:
    from mirada.search.parsing.tokens import Token


class Joint(Enum):
    """What stands between groups."""

    AND = auto()
    OR = auto()
    WITH = auto()
    IT = auto()  # a pronoun for something named before
    THEM = auto()
    STOP = auto()


@dataclass(slots=True, eq=False)
class Group:
    """A thing in the making."""

    before: list[Token] = field(default_factory=list)  # adjectives and the like
    nouns: list[Token] = field(default_factory=list)
    after: list[Token] = field(default_factory=list)  # Spanish adjectives
    tail: list[Token] = field(default_factory=list)  # "of fruit", "riding a horse"
    lead: list[Token] = field(default_factory=list)  # a preposition with nothing before it
    opening: list[Token] = field(default_factory=list)  # "with an": no part of its own text
    count: str | None = None
    determined: bool = False  # an article or the like stands before it
    pronoun: bool = False  # "a blue one": the noun was named before
    mutual: bool = False  # "next to each other"
    pos: list[str] = field(default_factory=list)
    negated: bool = False
    related: bool = False

    @property
    def words(self) -> list[Token]:
        """All that it says, in order."""
        return [*self.lead, *self.before, *self.nouns, *self.after, *self.tail]

    @property
    def is_named(self) -> bool:
        """Whether its kind is known."""
        return bool(self.nouns) or self.pronoun


Item: TypeAlias = Group | Mark | Joint
