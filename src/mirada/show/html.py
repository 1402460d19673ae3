"""HTML that cannot forget to escape: text is escaped unless it came out of `element`."""

from __future__ import annotations

from html import escape
from typing import Final

from mirada.show.words import shown

VOID: Final = frozenset({"img", "input"})


class Html(str):
    """Markup: what `element` and `join` have built."""

    __slots__ = ()


def element(name: str, *children: str | None, **attributes: str | float | None) -> Html:
    """An element; children that are plain text are escaped, and None is left out.

    Attributes are named as in Python: `class_`, `data_part`; one that is None is left out.
    """
    start = f"<{name}{''.join(_attribute(*pair) for pair in attributes.items())}>"
    return Html(start) if name in VOID else Html(f"{start}{join(*children)}</{name}>")


def join(*children: str | None) -> Html:
    """Children one after the other, escaped as in `element`."""
    return Html("".join(_child(child) for child in children if child is not None))


def _child(child: str) -> str:
    return child if isinstance(child, Html) else escape(shown(child))


def _attribute(name: str, value: str | float | None) -> str:
    if value is None:
        return ""
    return f' {name.rstrip("_").replace("_", "-")}="{escape(shown(str(value)))}"'
