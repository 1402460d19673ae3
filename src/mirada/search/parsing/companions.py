"""Settles what stands after "with": a part of the thing before it, or a thing of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirada.search.parsing.groups import Group, Joint
from mirada.search.parsing.marks import Mark
from mirada.search.parsing.phrases import is_scene

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.search.parsing.groups import Item

_DEPTH: Final = ("background", "foreground")


def with_companions(items: Sequence[Item], language: str) -> list[Item]:
    """Put what stands after "with" into the text before it, unless its place is told.

    "a woman with an umbrella in the center" is a woman; "a lake with mountains in the background"
    are two things.
    """
    done: list[Item] = []
    for at, item in enumerate(items):
        before = done[-1] if done else None
        follower = items[at + 1 : at + 3]
        if (
            isinstance(item, Group)
            and before is Joint.WITH
            and len(done) > 1
            and isinstance(host := done[-2], Group)
            and not _is_placed(follower, host, language)
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
    return mark.kind in ("relation", "position", "toward") and is_scene(host, language)
