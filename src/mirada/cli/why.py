"""What stands below the hits of a search: clause by clause why, and what was not shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from mirada.search.wording import (
    DOUBTFUL,
    clauses_in_words,
    closest,
    degree_in_words,
    fault,
    left_out,
    nothing,
    place_in_words,
    sides_in_words,
)
from mirada.show.words import percent, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from mirada.search.results import Results
    from mirada.types import Evidence

BAR: Final = 8  # characters
WIDEST: Final = 44  # characters of a clause


def clause_lines(evidence: Sequence[Evidence]) -> Iterator[str]:
    """One line a clause: a bar and the degree in the columns of a table's score, then the words."""
    clauses = [_fitted(shown(clause)) for clause in clauses_in_words(evidence)]
    wide = max(map(len, clauses), default=0)
    for one, clause in zip(evidence, clauses, strict=True):
        degree = click.style(f"{_bar(one.degree):>12}  {degree_in_words(one):>5}", _colour(one))
        yield f"{degree}  {clause:<{wide}}  {click.style(_source(one), dim=True)}"


def explain_nothing(results: Results, path: Callable[[Path], str], *, below: bool) -> Iterator[str]:
    """The lines that say why there is no answer, and what came closest.

    Args:
        results: without hits.
        path: says a path.
        below: whether what is below the cut is shown anyway.
    """
    advice = "" if results.considered else ": run `mirada index DIR`"
    yield f"{shown(nothing(results))}{advice}"
    if left := left_out(results):
        yield left
    hit = closest(results)
    if hit is not None:
        sure = "" if hit.confidence is None else f" ({percent(hit.confidence)})"
        yield f"closest: {path(hit.record.path)}{sure}: {shown(fault(hit))}"
        if not below:
            yield f"--all shows {'it' if len(results.below) == 1 else 'it and others'}"


def explain_hidden(results: Results, *, below: bool) -> Iterator[str]:
    """The lines that say what is not among the hits, where there are some."""
    if left := left_out(results):
        yield left
    if results.below and results.cut is not None and not below:
        many = len(results.below) > 1
        yield (
            f"{len(results.below):,} less sure {'ones are' if many else 'one is'} hidden "
            f"(below {percent(results.cut)}): --all shows {'them' if many else 'it'}"
        )


def _bar(degree: float) -> str:
    full = round(BAR * min(max(degree, 0), 1))
    return "█" * full + "░" * (BAR - full)


def _colour(one: Evidence) -> str:
    return "green" if one.degree >= 0.5 else "yellow" if one.degree >= DOUBTFUL else "red"


def _source(one: Evidence) -> str:
    """What says so; where a thing is also where, which its place and relations need not repeat."""
    if one.kind != "phrase" or not one.boxes:
        return one.source
    box = one.boxes[0]
    drawn = "reranker; region" if one.source == "reranker" else one.source  # it draws no boxes
    return f"{drawn}: {place_in_words(box)}, {sides_in_words(box)}"


def _fitted(clause: str) -> str:
    return clause if len(clause) <= WIDEST else clause[: WIDEST - 1] + "…"
