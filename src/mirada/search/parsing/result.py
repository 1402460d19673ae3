"""The last step: what was attached, as the fields of a parsed query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirada.search.parsing.line import spoken
from mirada.search.parsing.phrases import is_scene, phrase
from mirada.types import Relation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mirada.search.parsing.items import Group
    from mirada.search.parsing.line import Line
    from mirada.search.parsing.marks import Mark
    from mirada.search.parsing.structure import Structure
    from mirada.search.parsing.tokens import Token
    from mirada.types import Phrase


class Reading:
    """One query, read."""

    def __init__(self, line: Line, marks: Sequence[Mark], found: Structure, language: str) -> None:
        self._line = line
        self._marks = marks
        self._found = found
        self._language = language
        self._named = _named(found)
        self._things = [one for one in found.groups if self._is_thing(one)]

    def phrases(self) -> tuple[Phrase, ...]:
        """What must be seen."""
        return tuple(self._phrase(one) for one in self._things)

    def negations(self) -> tuple[Phrase, ...]:
        """What must not be seen."""
        denied = (self._phrase(one) for one in self._found.groups if one.negated)
        return tuple(one for one in denied if one.text)  # "not two" does not say of what

    def relations(self) -> tuple[Relation, ...]:
        """How the things lie to one another, each relation once."""
        places = {id(one): index for index, one in enumerate(self._things)}
        found = [
            Relation(
                link.rel,
                places[id(link.subj)],
                tuple(places[id(one)] for one in link.objs),
                link.negated,
            )
            for link in self._found.links
            if all(id(one) in places for one in (link.subj, *link.objs))
        ]
        return tuple(dict.fromkeys(found))

    def scene(self) -> str:
        """What is said of the picture as a whole, in order."""
        parts = [(self._start(one), self._phrase(one).text) for one in self._scenes()]
        parts += [
            (mark.start, self._words(range(mark.start, mark.end)))
            for mark in (*self._found.settings, *self._found.unplaced)
        ]
        return " ".join(text for _, text in sorted(parts) if text)

    def unplaced(self) -> tuple[str, ...]:
        """Words of the scene for which there was no rule."""
        loose = [one for one in self._scenes() if not one.is_named or one.lead]
        words = [token for one in loose for token in one.words]
        marked = [self._words(range(mark.start, mark.end)) for mark in self._found.unplaced]
        return tuple(dict.fromkeys([*(token.form for token in words), *marked]))

    def full_text(self) -> str:
        """The query without what it denies."""
        gone = {index for start, end in self._denied() for index in range(start, end)}
        return self._words(index for index in range(len(self._line.words)) if index not in gone)

    def _is_thing(self, group: Group) -> bool:
        if group.negated or not (group.nouns or group.before or id(group) in self._named):
            return False
        placed = group.related or group.pos or group.count
        return bool(placed) or not is_scene(group, self._language)

    def _scenes(self) -> list[Group]:
        things = {id(one) for one in self._things}
        return [one for one in self._found.groups if not one.negated and id(one) not in things]

    def _phrase(self, group: Group) -> Phrase:
        return phrase(group, self._line, self._language, named=self._named.get(id(group)))

    def _start(self, group: Group) -> int:
        return min((token.start for token in group.words), default=0)

    def _words(self, indexes: Iterable[int]) -> str:
        return spoken(self._line.words[index].form for index in indexes)

    def _denied(self) -> list[tuple[int, int]]:
        """Stretches from each word that denies to the end of what it denies."""
        ends = {
            self._start(one): max(token.end for token in one.words)
            for one in self._denied_groups()
            if one.words
        }
        ends |= {mark.start: mark.end for mark in self._marks if mark.kind == "position"}
        found = []
        for mark in self._found.denials:
            end = mark.end
            if mark.kind == "unlike":
                end = next((one.end for one in self._marks if one.start == end), end)
            for start in sorted(ends):
                if end <= start <= end + 2:
                    end = ends[start]
            found.append((mark.start, end))
        return found

    def _denied_groups(self) -> list[Group]:
        denied = [one for one in self._found.groups if one.negated]
        return denied + [one for link in self._found.links if link.negated for one in link.objs]


def _named(found: Structure) -> dict[int, Token]:
    """What "one" stands for: the last thing before it that stands for itself, by the group.

    "a cat on a sofa and another on the floor": another cat.
    """
    objects = {id(one) for link in found.links for one in link.objs}
    named: dict[int, Token] = {}
    noun: Token | None = None
    for group in found.groups:
        if group.nouns and (noun is None or id(group) not in objects):
            noun = group.nouns[-1]
        elif group.pronoun and noun is not None:
            named[id(group)] = noun
    return named
