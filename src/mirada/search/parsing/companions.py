"""Settles what stands after "with": a part of the thing before it, or a thing of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirada.language.tables import words_of
from mirada.search.parsing.items import Group, Joint
from mirada.search.parsing.marks import Mark
from mirada.search.parsing.phrases import head_of, is_scene
from mirada.search.parsing.tokens import is_living

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.search.parsing.items import Item

_DEPTH: Final = ("background", "foreground")


def with_companions(items: Sequence[Item], language: str) -> list[Item]:
    """Put what stands after "with" into the text before it, unless its place is told.

    "a woman with an umbrella in the center" is a woman; "a lake with mountains in the background"
    are two things.
    """
    done: list[Item] = []
    for at, item in enumerate(items):
        before = done[-1] if done else None
        follower = items[at + 1 : at + 5]
        if (
            isinstance(item, Group)
            and before is Joint.WITH
            and len(done) > 1
            and isinstance(host := done[-2], Group)
            and not _is_placed(follower, host, language)
            and not _is_dressed(item, follower, language)
        ):
            done.pop()
            host.tail += [*item.opening, *item.words]
        else:
            done.append(item)
    return [item for item in done if item is not Joint.WITH]


def _is_placed(after: Sequence[Item], host: Group, language: str) -> bool:
    """Whether what follows a companion says where the companion is."""
    mark = after[0] if after else None
    if not isinstance(mark, Mark):
        return False
    if mark.kind in ("adverb", "its") or (mark.kind == "position" and mark.value in _DEPTH):
        return True
    if mark.kind == "relation" and len(after) > 1 and after[1] in (Joint.IT, Joint.THEM):
        return True
    if mark.kind == "position" and _is_list(after):
        return True
    return mark.kind in ("relation", "position", "toward") and is_scene(host, language)


def _is_list(after: Sequence[Item]) -> bool:
    """Whether another thing with a position follows: "on the left and a knife on the right"."""
    if len(after) < 4:
        return False
    _, joint, other, place = after[:4]
    joined = joint is Joint.AND or joint is Joint.STOP
    return (
        joined
        and isinstance(other, Group)
        and isinstance(place, Mark)
        and place.kind in ("position", "toward")
    )


def _is_dressed(companion: Group, after: Sequence[Item], language: str) -> bool:
    """Whether someone's clothes follow: "with a woman in a white dress"."""
    if len(after) < 2 or not isinstance(after[0], Mark) or not isinstance(after[1], Group):
        return False
    worn = head_of(after[1], language) in words_of("worn", language)
    return (
        after[0].kind == "relation" and worn and is_living(head_of(companion, language), language)
    )
