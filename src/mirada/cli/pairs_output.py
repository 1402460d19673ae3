"""How the findings of `mirada eval pairs` leave: tables, and one line of JSON for each example."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any

import click

from mirada.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from mirada.evaluation.compared import Difference
    from mirada.evaluation.pairs.decisions import Decided
    from mirada.evaluation.pairs.evaluate import ChoiceReport, StatementReport, Told
    from mirada.evaluation.pairs.examples import Choice, Statement
    from mirada.evaluation.pairs.systems import Scored
    from mirada.evaluation.significance import Interval

WIDTH = 26  # of a column with an interval
Line = dict[str, Any]


def write_lines(path: Path, lines: Iterable[Line]) -> None:
    """One JSON object a line.

    Raises:
        ConfigError: the file cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(one, ensure_ascii=False) + "\n" for one in lines)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written ({error.strerror})") from error


def choice_lines(
    choices: Sequence[Choice],
    true: Mapping[str, Scored],
    false: Mapping[str, Scored],
    right: Mapping[str, NDArray[np.bool_]],
) -> list[Line]:
    """What each system made of each choice."""
    return [
        {
            "id": one.key,
            "group": one.group,
            "pictures": one.pictures,
            "caption": one.caption,
            "negative": one.negative,
            "scores": {
                name: finite([float(true[name].scores[row]), float(false[name].scores[row])])
                for name in true
            },
            "right": {name: bool(own[row]) for name, own in right.items()},
        }
        for row, one in enumerate(choices)
    ]


def statement_lines(
    statements: Sequence[Statement],
    scored: Mapping[str, Scored],
    decided: Mapping[str, Decided | None],
) -> list[Line]:
    """What each system made of each statement; "right" is null without a threshold."""
    return [
        {
            "id": one.key,
            "group": one.group,
            "pictures": one.pictures,
            "text": one.text,
            "label": one.label,
            "scores": {name: finite(float(own.scores[row])) for name, own in scored.items()},
            "right": {
                name: None if own is None else bool(own.true[row] == one.label)
                for name, own in decided.items()
            },
        }
        for row, one in enumerate(statements)
    ]


def finite(value: Any) -> Any:
    """The same with null for what JSON cannot say: infinities, and what is not a number."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    return value


def print_head(told: Line) -> None:
    """What was asked, and of how many pictures."""
    click.echo(
        f"{told['kind']}, {told['dataset']}: {told['examples']:,} examples"
        + (f" and {told['tuning']:,} to tune on" if told["tuned_on"] else "")
        + f", {told['images']:,} pictures; {told['left_out']:,} more examples are left out, their"
        " pictures were not found"
    )


def print_choices(report: ChoiceReport) -> None:
    """A line for each way to be wrong."""
    click.echo(f"true caption chosen, % [95%]; chance {100 * report.chance:.0f}")
    _head(report.found)
    for group, count in report.counts.items():
        cells = "".join(f"{_points(own[group]):>{WIDTH}}" for own in report.found.values())
        click.echo(f"{group:<18}{count:>8,}{cells}")
    _differences(report.differences)


def print_statements(report: StatementReport) -> None:
    """A line for each relation."""
    click.echo(
        f"true told from false ({report.true:,} of {report.counts['all']:,} are true), % [95%];"
        f" chance: area 50, right {100 * report.chance:.1f}"
    )
    for name, rule in report.rules.items():
        click.echo(f"{name}: true where {rule or 'nothing says: give --tune FILE'}")
    for what in ("area", "right"):
        click.echo(f"\n{'area under the ROC curve' if what == 'area' else 'statements right'}")
        _head(report.found)
        for group, count in report.counts.items():
            cells = "".join(f"{_told(own[group], what):>{WIDTH}}" for own in report.found.values())
            click.echo(f"{group:<18}{count:>8,}{cells}")
    _differences(report.differences)


def _head(names: Iterable[str]) -> None:
    columns = "".join(f"{name:>{WIDTH}}" for name in names)
    click.secho(f"{'':<18}{'count':>8}{columns}", dim=True)


def _told(one: Told, what: str) -> str:
    return _points(one.area if what == "area" else one.right)


def _differences(differences: Mapping[str, Mapping[str, Difference]]) -> None:
    for name, own in differences.items():
        click.echo(f"\n{name} over the first, points [95%], p, p after Holm's correction")
        for what, one in own.items():
            points = _points(one.interval, "+")
            click.echo(f"{what:<18}{points:>{WIDTH}}{one.p:>9.4f}{one.corrected:>9.4f}")


def _points(one: Interval | None, sign: str = "") -> str:
    if one is None or not isfinite(one.mean):
        return "-"
    shown = one.times(100)
    return f"{shown.mean:{sign}.1f} [{shown.low:{sign}.1f}, {shown.high:{sign}.1f}]"
