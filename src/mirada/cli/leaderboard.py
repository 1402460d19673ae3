"""`mirada leaderboard`: saved reports of experiments side by side."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mirada.cli.output import print_json

if TYPE_CHECKING:
    from mirada.experiments.leaderboard import Board


@click.command(epilog="Example: mirada leaderboard reports/ --measure RR --html board.html")
@click.argument("reports", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
@click.option("--measure", help="What to sort by. [default: the first one of each report]")
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page to this file too."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def leaderboard(
    reports: tuple[Path, ...], measure: str | None, html: Path | None, as_json: bool
) -> None:
    """Compare the systems of saved REPORTS: report.json files, or folders with some.

    Systems stand in one table only where they answered the same queries on the same pictures.
    """
    from mirada.experiments.leaderboard import boards_of, read_reports  # noqa: PLC0415

    boards = boards_of(read_reports(reports), measure)
    if html is not None:
        from mirada.experiments.board_page import board_page  # noqa: PLC0415
        from mirada.experiments.cache import write_whole  # noqa: PLC0415

        write_whole(html, board_page(boards, measure))
        click.echo(f"written: {html}", err=True)
    if as_json:
        print_json([asdict(board) for board in boards])
        return
    for place, board in enumerate(boards):
        if place:
            click.echo()
        _print(board, measure)


def _print(board: Board, measure: str | None) -> None:
    from mirada.experiments.board_page import value  # noqa: PLC0415
    from mirada.experiments.leaderboard import measures_of  # noqa: PLC0415
    from mirada.experiments.wording import cost  # noqa: PLC0415

    measures = measures_of(board, measure)
    click.echo(f"{board.name}: {board.images:,} images, {board.queries:,} queries")
    width = max(len(one.system) for one in board.entries)
    heads = "".join(f"{name:>10}" for name in (*measures, "images/s", "ms/query"))
    click.secho(f"{'':<{width}}{heads}  report", dim=True)
    for one in board.entries:
        shares = [value(one, name) for name in measures]
        costs = [cost(one.costs, name) for name in ("pictures_a_second", "milliseconds_a_query")]
        numbers = "".join(f"{text:>10}" for text in (*shares, *costs))
        click.echo(f"{one.system:<{width}}{numbers}  {one.report}, {one.made_at[:10]}")
