"""The written syntax: "exact words", -term, NOT, OR and field:value; the first step of parsing.

What is understood is blanked out of the text, so that all else keeps its place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mirada.language.analysis import analyse
from mirada.search.parsing.fields import Malformed, field_filters, is_field
from mirada.types import Filter, Phrase

if TYPE_CHECKING:
    from datetime import date

_OR: Final = re.compile(r"(?<!\S)OR(?!\S)")
_QUOTED: Final = r'"(?P<quote>[^"]*)"|“(?P<curly>[^”]*)”|«(?P<angled>[^»]*)»'
_TERM: Final = rf"""(?<!\S)(?P<not>-|{{operator}}\s+)?
    (?:{_QUOTED}
    |(?P<field>[^\W\d]+):(?:"(?P<text>[^"]*)"|(?P<value>\S*)))
    |(?<!\S)-(?P<out>[^\W_][\w'’-]*)
    |(?<!\S)(?P<deny>{{operator}})(?!\S)"""
_WITH_OPERATORS: Final = re.compile(_TERM.replace("{operator}", "NOT"), re.VERBOSE)
_WITHOUT: Final = re.compile(_TERM.replace("{operator}", "(?!)"), re.VERBOSE)
DENIAL: Final = "¬"
"""Stands for NOT in the text that goes on to be read as plain words."""


@dataclass(slots=True)
class Written:
    """What the syntax said, and the text that is left."""

    rest: str  # as long as the query
    filters: list[Filter] = field(default_factory=list)
    excluded: list[Phrase] = field(default_factory=list)
    malformed: list[str] = field(default_factory=list)  # of the syntax, but not understood
    warnings: list[str] = field(default_factory=list)


def alternatives(text: str) -> list[str]:
    """The queries between ORs; operators count only in a text that isn't all in capitals."""
    if not _has_operators(text):
        return [text]
    hidden = re.sub(_QUOTED, lambda quoted: '"' * len(quoted[0]), text)
    ends = [(one.start(), one.end()) for one in _OR.finditer(hidden)]
    starts = [0, *(end for _, end in ends)]
    stops = [*(start for start, _ in ends), len(text)]
    parts = [text[start:stop] for start, stop in zip(starts, stops, strict=True)]
    return [part for part in parts if part.strip()] or [text]


def take_syntax(text: str, today: date) -> Written:
    """Take the written syntax out of a query."""
    written = Written(text)
    terms = _WITH_OPERATORS if _has_operators(text) else _WITHOUT
    for found in terms.finditer(text):
        _take(found, written, today)
    return written


def _has_operators(text: str) -> bool:
    return text != text.upper()


def _take(found: re.Match[str], written: Written, today: date) -> None:
    negated = found["not"] is not None
    quoted = next((found[name] for name in ("quote", "curly", "angled") if found[name]), None)
    if found["deny"]:
        _blank(written, found, DENIAL)
    elif found["out"]:
        written.excluded.append(_excluded(found["out"], found.span()))
        _blank(written, found)
    elif found["field"]:
        _take_field(found, written, today, negated=negated)
    elif quoted and quoted.strip():
        value = " ".join(quoted.lower().split())
        written.filters.append(Filter("any", "!=" if negated else "=", value))
        _blank(written, found)


def _take_field(found: re.Match[str], written: Written, today: date, *, negated: bool) -> None:
    """A field; a value that does not fit is kept for the scene."""
    name = found["field"]
    if not is_field(name):
        return
    value = found["value"] if found["text"] is None else found["text"]
    try:
        written.filters += field_filters(name, value, today, negated=negated)
    except Malformed as error:
        typed = " ".join(found[0].lower().split())
        written.malformed.append(typed)
        written.warnings.append(f"{typed} was not understood: {name.lower()}: {error}")
    _blank(written, found)


def _blank(written: Written, found: re.Match[str], instead: str = "") -> None:
    start, end = found.span()
    middle = instead.ljust(end - start)
    written.rest = f"{written.rest[:start]}{middle}{written.rest[end:]}"


def _excluded(term: str, span: tuple[int, int]) -> Phrase:
    tokens = analyse(term.lower()).tokens
    head = " ".join(token.lemma for token in tokens)
    return Phrase(term.lower(), head or term.lower(), span=span)
