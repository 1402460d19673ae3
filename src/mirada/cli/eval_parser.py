"""`mirada eval parser`: how many queries are understood as people understood them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mirada.cli.output import print_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mirada.evaluation.parsing import ParserReport


@click.command(epilog="Example: mirada eval parser gold/queries.jsonl --today 2024-05-15")
@click.argument("gold", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    help='The day from which "last year" is told. [default: the present day]',
)
@click.option("--quiet", is_flag=True, help="Figures only, without the misses.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def parser(gold: Path, today: datetime | None, quiet: bool, as_json: bool) -> None:
    """Parse the queries of GOLD, JSON lines as `mirada parse --batch` prints them, and compare.

    A query is right where its heads, counts, positions, relations, negations and filters are.
    """
    from datetime import date  # noqa: PLC0415 as the others

    from mirada.evaluation.parsing import evaluate_parser, read_gold  # noqa: PLC0415

    day = today.date() if today else date.today()
    reports = evaluate_parser(read_gold(gold), today=day)
    if as_json:
        print_json([asdict(one) | {"share": round(one.share, 4)} for one in reports])
    else:
        _print(reports, quiet=quiet)


def _print(reports: Sequence[ParserReport], *, quiet: bool) -> None:
    for one in reports:
        click.echo(f"{one.language}  {one.right} of {one.queries} right  {one.share:.3f}")
        for miss in [] if quiet else one.misses:
            click.echo(f"    {miss.query}")
            missing, extra = ", ".join(miss.expected) or "-", ", ".join(miss.found) or "-"
            click.secho(f"        {miss.slot}: missing {missing}; too much {extra}", dim=True)
