"""Systems set against one of them, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirada.evaluation.compared import Comparison, Measured
    from mirada.evaluation.significance import Interval


def print_compared(found: Comparison) -> None:
    """Each system in each measure, with its difference to the baseline."""
    head = f"{'mean':>8}{'95% interval':>20}{'difference':>12}{'95% interval':>22}"
    print_rows("", {"": f"{head}{'p':>9}{'Holm':>9}"}, found, dim=True)
    for measure in found.systems[found.baseline]:
        rows = {system: _told(of[measure]) for system, of in found.systems.items()}
        print_rows(measure, rows, found)


def print_rows(name: str, rows: Mapping[str, str], found: Comparison, *, dim: bool = False) -> None:
    """A line for each system, the first with the name of what they tell."""
    width = max(12, *map(len, found.systems)) + 2
    for place, (system, told) in enumerate(rows.items()):
        click.secho(f"{'' if place else name:<10}{system:<{width}}{told}", dim=dim)


def _told(one: Measured) -> str:
    own = f"{one.mean.mean:>8.4f}{_span(one.mean, ''):>20}"
    apart = one.difference
    if apart is None:
        return own
    mean = f"{apart.interval.mean:>+12.4f}{_span(apart.interval, '+'):>22}"
    return f"{own}{mean}{apart.p:>9.4f}{apart.corrected:>9.4f}"


def _span(one: Interval, sign: str) -> str:
    return f"[{one.low:{sign}.4f}, {one.high:{sign}.4f}]"
