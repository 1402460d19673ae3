"""Says what belongs to what: positions and relations to things, denial to what it denies."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mirada.language.parts import Part
from mirada.search.parsing.companions import with_companions
from mirada.search.parsing.items import Group, Joint
from mirada.search.parsing.marks import Mark
from mirada.search.parsing.phrases import head_of, is_scene
from mirada.search.parsing.structure import Link, Structure
from mirada.search.parsing.tokens import is_living

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mirada.search.parsing.items import Item

_LATERAL: Final = ("left_of", "right_of")
_CARRYING: Final = ("on", "inside", "in_on", "above")
"""After these a further relation says where the carried thing is: on a desk next to a lamp."""
_UPRIGHT: Final = ("on", "in_on", "above", "below")
_FURTHER: Final = ("next_to", "above", "below", "behind", "in_front_of", "left_of", "right_of")
_AT_NAMES: Final = ("inside", "in_on", "on")  # "in Madrid" is no part of the picture
_ACTS: Final = (Part.GERUND, Part.PARTICIPLE, Part.VERB)


def attach(items: Sequence[Item], language: str) -> Structure:
    """Link the groups of a query."""
    return _Attacher(with_companions(items, language), language).run()


class _Attacher:
    def __init__(self, items: Sequence[Item], language: str) -> None:
        self._items = items
        self._language = language
        self._found = Structure()
        self._at = 0
        self._last: Group | None = None
        self._root: Group | None = None  # the last thing that stands at the head of a clause
        self._bare: list[Group] = []  # things joined by "and", of which nothing was said yet
        self._listed: list[Group] = []  # those before the last comma
        self._link: Link | None = None  # the last one
        self._beside: Group | None = None  # what the last left or right was told from
        self._positions: list[str] = []  # told before their thing: "on the left a dog"
        self._denying = False
        self._unlike = False  # the next relation is denied
        self._waiting: tuple[str, list[Group], bool] | None = None  # a relation without its object
        self._fronted: tuple[str, tuple[Group, ...], bool] | None = None  # without its subject

    def run(self) -> Structure:
        while self._at < len(self._items):
            item = self._items[self._at]
            if isinstance(item, Group):
                self._group(item)
            elif isinstance(item, Mark):
                self._mark(item)
            else:
                self._joint(item)
            self._at += 1
        return self._found

    # things

    def _group(self, group: Group) -> None:
        if self._last is not None and self._is_said_of(self._last, group):
            return
        self._found.groups.append(group)
        if self._denying:
            self._deny(group)
        elif self._waiting:
            self._object(group)
        else:
            self._subject(group)
        self._last = group

    def _is_said_of(self, last: Group, group: Group) -> bool:
        """Whether it only says more of things before: "a car, rusty", "a cat and a dog, both"."""
        if self._denying or self._waiting or self._ahead(-1) is not Joint.STOP:
            return False
        things = [*self._listed, *self._bare]
        if group.pronoun and group.count == str(len(things)) and not group.words and things[1:]:
            self._listed, self._bare = [], things
            return True
        if group.is_named or group.determined or group.lead or group.count or last.negated:
            return False
        last.tail += group.words
        return True

    def _deny(self, group: Group) -> None:
        group.negated = True
        if not (group.is_named or group.determined or group.lead):
            group.pronoun = isinstance(self._ahead(-2), Group)  # "cats that are not black"
        group.pos += self._positions
        self._positions = []
        self._denying = self._denial_goes_on()
        self._bare = []

    def _denial_goes_on(self) -> bool:
        after, then = self._ahead(1), self._ahead(2)
        if after is Joint.OR:
            return True
        return (
            after is Joint.AND
            and isinstance(then, Group)
            and not then.determined
            and then.count is None
            and not isinstance(self._ahead(3), Mark)
        )

    def _object(self, group: Group) -> None:
        assert self._waiting is not None  # noqa: S101 the caller looked
        rel, subjects, negated = self._waiting
        self._waiting = None
        objects: tuple[Group, ...] = (group,)
        then = self._ahead(2)
        pair = rel == "between" and group.count in (None, "1")
        if pair and self._ahead(1) is Joint.AND and isinstance(then, Group):
            self._found.groups.append(then)
            objects = (group, then)
            self._at += 2
        if rel in _LATERAL:
            self._beside = group
        self._bare = []
        if not subjects:
            self._fronted = (rel, objects, negated)
            return
        for subject in subjects:
            self._relate(rel, subject, objects, negated=negated)

    def _subject(self, group: Group) -> None:
        if self._fronted:
            rel, objects, negated = self._fronted
            self._fronted = None
            self._relate(rel, group, objects, negated=negated)
        group.pos += self._positions
        self._positions = []
        before = self._ahead(-1)
        if before is Joint.AND and self._bare and not group.pronoun:
            self._bare = [*self._listed, *self._bare, group]
            self._listed = []
        elif before is Joint.STOP and self._bare and not group.pronoun:
            self._listed += self._bare
            self._bare = [group]
        else:
            self._listed, self._bare = [], [group]
        self._root = group

    def _relate(
        self, rel: str, subject: Group, objects: tuple[Group, ...], *, negated: bool = False
    ) -> None:
        if subject in objects:
            return
        link = Link(rel, subject, objects, negated)
        self._found.links.append(link)
        self._link = link
        for group in (subject, *objects):
            group.related = True

    # marks of space

    def _mark(self, mark: Mark) -> None:
        understand: Callable[[Mark], None] | None = getattr(self, f"_on_{mark.kind}", None)
        if understand is not None:
            understand(mark)

    def _on_position(self, mark: Mark) -> None:
        if self._unlike and self._last is not None:
            self._not_there(mark, self._last)
            return
        before, after = self._ahead(-1), self._ahead(1)
        opens = before in (None, Joint.STOP) or _is(before, "exists")
        goes_on = isinstance(after, Group) or _is(after, "exists", "without", "count")
        if self._last is None or (goes_on and (opens or before is Joint.AND)):
            self._positions = mark.value.split(" ")
            if not any(isinstance(item, Group) for item in self._items[self._at :]):
                self._found.unplaced.append(mark)  # "on the left", and nothing there
            if self._ahead(1) is Joint.STOP:
                self._at += 1
            return
        sharing = self._bare if self._last in self._bare else [self._last]
        if any(group.pos for group in sharing):
            sharing = [self._last]
        for group in sharing:
            group.pos += mark.value.split(" ")
        self._bare = []

    def _not_there(self, mark: Mark, group: Group) -> None:
        """A car that is not on the left: a car, and none on the left."""
        self._unlike = False
        self._found.groups.append(replace(group, negated=True, pos=[mark.value], count=None))

    def _on_label(self, mark: Mark) -> None:
        self._bare, self._listed = [], []
        self._positions = [mark.value]

    def _on_toward(self, mark: Mark) -> None:
        """To the right: of what the clause before was told from, else of the picture."""
        last, beside = self._last, self._beside
        told = last is None or beside is None or last is beside or last.related or last.negated
        if told or not isinstance(self._ahead(-1), Group):
            self._on_position(mark)
        else:
            assert last is not None and beside is not None  # noqa: S101, PT018 told above
            self._relate(f"{mark.value}_of", last, (beside,))
            self._bare = []

    def _on_unlike(self, mark: Mark) -> None:
        self._unlike = True
        self._found.denials.append(mark)

    def _on_relation(self, mark: Mark) -> None:
        negated, self._unlike = self._unlike, False
        after = self._ahead(1)
        if after in (Joint.IT, Joint.THEM):
            self._to_named(mark.value, plural=after is Joint.THEM, negated=negated, skip=1)
        elif isinstance(after, Group) and mark.value in _AT_NAMES and _is_name(after):
            end = max(token.end for token in after.words)
            self._found.settings.append(mark._replace(end=end))
            self._at += 1
        elif isinstance(after, Group):
            self._waiting = self._expected(mark.value, negated=negated)
            after.related = True  # what something isn't on is a thing all the same
        else:
            self._found.unplaced.append(mark)

    def _expected(self, rel: str, *, negated: bool) -> tuple[str, list[Group], bool] | None:
        last = self._last
        if last is None or (self._ahead(-1) is Joint.STOP and self._ahead(2) is Joint.STOP):
            return rel, [], negated
        if last.negated:
            host = self._root
            if host is None or host.negated or is_scene(host, self._language):
                return None
            return rel, [host], negated
        return rel, self._subjects(rel, last), negated

    def _subjects(self, rel: str, last: Group) -> list[Group]:
        if last in self._bare:
            return list(self._bare)
        before = self._link
        if before is None or last not in before.objs:
            return [last]
        if self._ahead(-1) is Joint.AND:  # "left of a tree and behind a fence"
            return [link.subj for link in self._found.links if link.objs == before.objs]
        nested = any(before.subj in link.objs for link in self._found.links)
        carried = before.rel in _CARRYING and rel in _FURTHER and not nested
        if carried or self._acts_again(last, before.subj):
            return [link.subj for link in self._found.links if link.objs == before.objs]
        return [last]

    def _acts_again(self, last: Group, subject: Group) -> bool:
        """Whether an act after an object is the subject's: "a woman in a dress standing on"."""
        acts = bool(last.tail) and last.tail[0].part in _ACTS
        language = self._language
        return (
            acts
            and not is_living(head_of(last, language), language)
            and is_living(head_of(subject, language), language)
        )

    def _on_its(self, mark: Mark) -> None:
        spoken = self._ahead(1) in (Joint.IT, Joint.THEM)
        self._to_named(mark.value, plural=self._ahead(1) is Joint.THEM, skip=int(spoken))

    def _to_named(
        self, rel: str, *, plural: bool = False, negated: bool = False, skip: int = 0
    ) -> None:
        """A relation to what a pronoun stands for."""
        then = self._ahead(1 + skip)
        last = self._last
        self._at += skip
        if last is None:
            return
        opens = self._ahead(-1 - skip) in (Joint.AND, Joint.STOP)
        if opens and (isinstance(then, Group) or _is(then, "exists")):
            self._waiting = None
            self._fronted = (rel, (last,), negated)
            return
        named = self._named_before(rel, last, plural=plural)
        if named is not None and not last.negated:
            self._relate(rel, last, (named,), negated=negated)
            self._bare = []

    def _named_before(self, rel: str, last: Group, *, plural: bool) -> Group | None:
        named = [one for one in self._found.groups if one is not last and not one.negated]
        if not named:
            return None
        if plural:
            many = [one for one in named if _is_many(one)]
            return (many or named)[-1]
        if rel in _LATERAL and self._beside is not None and self._beside is not last:
            return self._beside
        link = self._link
        if link is not None and rel in _UPRIGHT and link.rel in _UPRIGHT and last not in link.objs:
            return link.objs[0]  # "a cat under a table and a vase on it"
        return named[0]

    def _on_adverb(self, mark: Mark) -> None:
        """On top of what was named before: "una mesa con un jarrón encima"."""
        if isinstance(self._ahead(1), Group):  # "coche delante casa"
            self._waiting = self._expected(mark.value, negated=False)
        elif self._last is None:
            self._found.unplaced.append(mark)
        else:
            self._to_named(mark.value)

    def _on_contains(self, mark: Mark) -> None:
        after = self._ahead(1)
        if self._last is None or not isinstance(after, Group):
            self._found.unplaced.append(mark)
            return
        self._found.groups.append(after)
        self._relate(mark.value, after, (self._last,))
        self._last, self._bare = after, []
        self._at += 1

    # marks of denial and of the rest

    def _on_without(self, mark: Mark) -> None:
        self._found.denials.append(mark)
        self._denying = isinstance(self._ahead(1), Group) or _is(self._ahead(1), "exists")

    def _on_setting(self, mark: Mark) -> None:
        self._found.settings.append(mark)

    def _on_exists(self, _: Mark) -> None:
        self._bare, self._listed = [], []

    def _joint(self, joint: Joint) -> None:
        if joint is Joint.STOP:
            self._denying = False
        elif joint in (Joint.IT, Joint.THEM):
            self._bare = []

    def _ahead(self, step: int) -> Item | None:
        at = self._at + step
        return self._items[at] if 0 <= at < len(self._items) else None


def _is(item: Item | None, *kinds: str) -> bool:
    return isinstance(item, Mark) and item.kind in kinds


def _is_name(group: Group) -> bool:
    """Whether it is the name of a place: a capital and no article."""
    return not group.determined and bool(group.nouns) and group.words[0].capital


def _is_many(group: Group) -> bool:
    last = group.nouns[-1] if group.nouns else None
    return group.count not in (None, "1") or (last is not None and last.form != last.lemma)
