"""What belongs to what in a query: between groups and the parsed query."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mirada.search.parsing.items import Group
    from mirada.search.parsing.marks import Mark


@dataclass(slots=True, eq=False)
class Link:
    """A relation between groups."""

    rel: str
    subj: Group
    objs: tuple[Group, ...]
    negated: bool = False


@dataclass(slots=True)
class Structure:
    """What the attachment found, in order of the query."""

    groups: list[Group] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    settings: list[Mark] = field(default_factory=list)  # "at night"
    denials: list[Mark] = field(default_factory=list)  # the words that deny
    unplaced: list[Mark] = field(default_factory=list)  # words of space without an object
