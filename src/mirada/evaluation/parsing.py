"""How well queries are parsed, against hand-made gold parses."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mirada.errors import DatasetError
from mirada.search.parsing.as_json import parsed_as_json
from mirada.search.query import parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

CORE: Final = ("head", "count", "pos", "relation", "negation", "filter")
"""The slots that decide where images are looked for and which are left out."""

_NOT: Final = re.compile(r"!=?")

Slots = dict[str, Counter[Any]]


@dataclass(frozen=True, slots=True)
class Miss:
    """A query with a core slot that differs from gold."""

    query: str
    slot: str
    expected: tuple[str, ...]  # in gold and not in the parse
    found: tuple[str, ...]  # in the parse and not in gold


@dataclass(frozen=True, slots=True)
class ParserReport:
    """How many queries of a language have all core slots right."""

    language: str
    queries: int
    right: int
    misses: tuple[Miss, ...]

    @property
    def share(self) -> float:
        """In [0, 1]; 0 without queries."""
        return self.right / self.queries if self.queries else 0.0


def read_gold(path: Path) -> list[dict[str, Any]]:
    """Gold queries, a JSON object a line with the fields of `parsed_as_json`.

    Raises:
        DatasetError: a line is no such object.
    """
    rows = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            slots(row)
            row["query"], row["lang"]
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise DatasetError(f"{path}, line {number} is no gold query: {error!r}") from error
        rows.append(row)
    return rows


def evaluate_parser(gold: Sequence[Mapping[str, Any]], *, today: date) -> list[ParserReport]:
    """Parse each query and compare, language by language."""
    reports = []
    for language in sorted({row["lang"] for row in gold}):
        rows = [row for row in gold if row["lang"] == language]
        missed = [misses(row, parsed_as_json(parse(row["query"], today=today))) for row in rows]
        reports.append(
            ParserReport(
                language,
                len(rows),
                sum(not one for one in missed),
                tuple(miss for one in missed for miss in one),
            )
        )
    return reports


def misses(gold: Mapping[str, Any], parsed: Mapping[str, Any]) -> list[Miss]:
    """The core slots in which a parse differs from gold."""
    wanted, found = slots(gold), slots(parsed)
    return [
        Miss(
            gold["query"],
            name,
            _said(wanted[name] - found[name]),
            _said(found[name] - wanted[name]),
        )
        for name in CORE
        if wanted[name] != found[name]
    ]


def slots(parsed: Mapping[str, Any]) -> Slots:
    """What a parse says, slot by slot, whatever the order."""
    phrases = parsed["phrases"]
    heads = [one["head"] for one in phrases]
    return {
        "head": Counter(heads),
        "count": Counter((one["head"], one["count"]) for one in phrases if one["count"]),
        "pos": Counter((one["head"], place) for one in phrases for place in one["pos"]),
        "relation": Counter(
            (rel, heads[subject], *sorted(heads[one] for one in objects))
            for rel, subject, *objects in parsed["relations"]
        ),
        "negation": Counter((one["head"], *one["pos"]) for one in parsed["negations"]),
        "filter": Counter(_filter_text(one) for one in parsed["filters"]),
    }


def _filter_text(one: Mapping[str, str] | str) -> str:
    text = one if isinstance(one, str) else f"{one['field']}{one['op']}{one['value']}"
    return _NOT.sub("!=", text)


def _said(values: Counter[Any]) -> tuple[str, ...]:
    return tuple(
        value if isinstance(value, str) else " ".join(map(str, value))
        for value in values.elements()
    )
