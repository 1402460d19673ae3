"""Why an image matched: clause by clause, with the region that met it and to what degree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirada.search.assign import MISSING
from mirada.types import Box, Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np

    from mirada.search.candidates import Candidates
    from mirada.search.rank import Looked
    from mirada.types import Filter, ParsedQuery, Phrase, Relation


def explain(
    query: ParsedQuery, candidates: Candidates, looked: Looked, row: int
) -> tuple[Evidence, ...]:
    """What each clause of the query found in one of the candidates, in the order of the query."""
    return (
        *_of_whole(query, candidates, looked, row),
        *_of_phrases(query, looked, row),
        *_of_relations(query, looked, row),
        *_of_negations(query, looked, row),
        *(Evidence("filter", said(one), 1.0, "metadata") for one in query.filters),
    )


def failed(evidence: Sequence[Evidence]) -> Evidence | None:
    """The clause that is met least, of those that are not met well."""
    told = [one for one in evidence if one.kind != "words"]
    worst = min(told, key=lambda one: one.degree, default=None)
    return worst if worst is not None and worst.degree < 0.5 else None


def _of_whole(
    query: ParsedQuery, candidates: Candidates, looked: Looked, row: int
) -> Iterator[Evidence]:
    if looked.by_whole is not None and query.full_text:
        yield Evidence("scene", query.full_text, _round(looked.by_whole[row]), "vector")
    if candidates.words[row] > 0:
        yield Evidence("words", query.full_text, _round(candidates.words[row]), "words")


def _of_phrases(query: ParsedQuery, looked: Looked, row: int) -> Iterator[Evidence]:
    clauses = looked.clauses
    for place, phrase in enumerate(query.phrases):
        boxes = _boxes(looked, row, [place])
        sure = _round(looked.shown[place, row])
        yield Evidence("phrase", phrase.text, sure, "region" if boxes else "vector", boxes)
        if phrase.pos:
            degree = _round(clauses.position_degrees[row, place]) if boxes else 0.0
            yield Evidence("position", placed(phrase), degree, "region", boxes)
        if phrase.count:
            chance = _round(clauses.count_chances[row, place])
            yield Evidence("count", counted(phrase), chance, "region", boxes)


def _of_relations(query: ParsedQuery, looked: Looked, row: int) -> Iterator[Evidence]:
    for place, relation in enumerate(query.relations):
        degree = _round(looked.clauses.relation_degrees[row, place])
        boxes = _boxes(looked, row, [relation.subj, *relation.objs])
        yield Evidence("relation", related(relation, query.phrases), degree, "region", boxes)


def _of_negations(query: ParsedQuery, looked: Looked, row: int) -> Iterator[Evidence]:
    for place, phrase in enumerate(query.negations):
        chance = looked.clauses.negation_chances[row, place] if phrase.pos else None
        absent = _round(1 - (looked.denied[place, row] if chance is None else chance))
        yield Evidence("negation", denied(phrase), absent, "region")


def placed(phrase: Phrase) -> str:
    """Where a thing must be: "red car: left"."""
    return f"{phrase.text}: {' '.join(phrase.pos)}"


def counted(phrase: Phrase) -> str:
    """How many of a thing there must be: ">=3 dog"."""
    return f"{phrase.count} {phrase.head}"


def denied(phrase: Phrase) -> str:
    """What must not be there: "no people", "no people: left"."""
    return f"no {placed(phrase) if phrase.pos else phrase.text}"


def related(relation: Relation, phrases: Sequence[Phrase]) -> str:
    """A relation in words: "dog left of red car"."""
    others = " and ".join(phrases[one].text for one in relation.objs)
    name = relation.rel.replace("_", " ")
    return f"{phrases[relation.subj].text} {'not ' * relation.negated}{name} {others}"


def said(one: Filter) -> str:
    """A filter in words: "date < 2020-01-01"."""
    return f"{one.field} {one.op} {one.value}"


def _boxes(looked: Looked, row: int, phrases: Iterable[int]) -> tuple[Box, ...]:
    """Where the things are that were found; the whole image is no place."""
    chosen = (int(looked.clauses.regions[row, one]) for one in phrases)
    return tuple(
        Box(*map(_round, looked.parts.boxes[row, region]))
        for region in chosen
        if region not in (MISSING, 0)
    )


def _round(value: float | np.floating) -> float:
    return round(float(value), 4)
