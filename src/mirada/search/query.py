"""What a query means: things, their places and relations, what must not be there, filters.

The first step of every search. A straight cascade, each step of which takes out what it
understands; what nobody understood stays in the scene, and nothing raises:

    syntax -> natural filters -> spelling -> marks -> tokens -> groups -> attach -> phrases
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from mirada.language.analysis import LONGEST, guess_language
from mirada.search.parsing.attach import attach
from mirada.search.parsing.groups import group
from mirada.search.parsing.line import read_line
from mirada.search.parsing.marks import find_marks
from mirada.search.parsing.natural import drop_asking, take_filters
from mirada.search.parsing.result import Reading
from mirada.search.parsing.spelling import mend
from mirada.search.parsing.syntax import alternatives, take_syntax
from mirada.search.parsing.tokens import tokens_and_marks
from mirada.types import ParsedQuery

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirada.types import Filter


def parse(text: str, *, today: date | None = None) -> ParsedQuery:
    """Read a query in English or Spanish; any text is accepted.

    Dates such as "last year" are told from `today`, the present day unless it is given.
    """
    day = today or date.today()
    parts = alternatives(text[:LONGEST])
    if len(parts) == 1:
        return _parse_one(text, day)
    queries = tuple(_parse_one(part, day) for part in parts)
    return ParsedQuery(
        raw=text,
        lang=queries[0].lang,
        full_text=" or ".join(one.full_text for one in queries if one.full_text),
        warnings=tuple(warning for one in queries for warning in one.warnings),
        alternatives=queries,
    )


def _parse_one(text: str, today: date) -> ParsedQuery:
    written = take_syntax(text[:LONGEST], today)
    whole = read_line(written.rest)
    language = guess_language(whole.text or text[:LONGEST])
    line, filters = take_filters(whole, today)
    line = mend(drop_asking(line), language)
    marks = find_marks(line, language)
    items = group(tokens_and_marks(line, marks, language), language)
    reading = Reading(line, marks, attach(items, language), language)
    return ParsedQuery(
        raw=text,
        lang=language,
        full_text=reading.full_text(),
        scene=" ".join(filter(None, (reading.scene(), *written.malformed))),
        phrases=reading.phrases(),
        relations=reading.relations(),
        negations=(*reading.negations(), *written.excluded),
        filters=_in_order([*written.filters, *filters]),
        warnings=tuple(written.warnings),
        unplaced=(*reading.unplaced(), *written.malformed),
    )


def _in_order(filters: Iterable[Filter]) -> tuple[Filter, ...]:
    return tuple(sorted(set(filters), key=lambda one: (one.field, one.op, one.value)))
