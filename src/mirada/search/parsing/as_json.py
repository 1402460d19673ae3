"""A parsed query as plain data, in the fields of gold files and of `mirada parse --json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mirada.types import Filter, ParsedQuery, Phrase, Relation


def parsed_as_json(parsed: ParsedQuery) -> dict[str, Any]:
    """A parsed query, ready for `json.dumps`, in the fields of gold files."""
    shown: dict[str, Any] = {
        "query": parsed.raw,
        "lang": parsed.lang,
        "full_text": parsed.full_text,
        "scene": parsed.scene,
        "phrases": [_phrase(one) for one in parsed.phrases],
        "relations": [_relation(one) for one in parsed.relations],
        "negations": [_phrase(one) for one in parsed.negations],
        "filters": [_filter(one) for one in parsed.filters],
        "warnings": list(parsed.warnings),
        "unplaced": list(parsed.unplaced),
    }
    if parsed.alternatives:
        shown["alternatives"] = [parsed_as_json(one) for one in parsed.alternatives]
    return shown


def _phrase(one: Phrase) -> dict[str, Any]:
    return {
        "text": one.text,
        "head": one.head,
        "attrs": list(one.attrs),
        "count": one.count,
        "pos": list(one.pos),
        "span": list(one.span),
    }


def _relation(one: Relation) -> list[str | int]:
    return [f"not:{one.rel}" if one.negated else one.rel, one.subj, *one.objs]


def _filter(one: Filter) -> dict[str, str]:
    return {"field": one.field, "op": one.op, "value": one.value}
