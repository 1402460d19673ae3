"""`mirada experiment`: a grid of systems on datasets, compared in one report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress as Bar

from mirada.cli.output import print_json
from mirada.cli.progress import LineProgress, spoken
from mirada.errors import ConfigError

if TYPE_CHECKING:
    from mirada.experiments.record import Record
    from mirada.experiments.run import Bench, Cost

REPORT = "report.json"
BRIEF = "summary.json"


class Watched(LineProgress):
    """Tells of indexes by lines, and of runs by a bar."""

    def __init__(self) -> None:
        super().__init__()
        self._bar = Bar(console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("searching", total=None, visible=False)

    def __enter__(self) -> Watched:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def searching(self, total: int) -> None:
        """Begin the bar of a run."""
        self._bar.reset(self._task, total=total, visible=True)

    def answered(self, count: int) -> None:
        """Move it."""
        self._bar.advance(self._task, count)


@click.command(
    epilog="Example: mirada experiment --example > grid.toml && mirada experiment grid.toml"
)
@click.argument(
    "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False
)
@click.option("--example", is_flag=True, help="Print a file with every key and what it means.")
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of what was computed, shared by experiments. [default: .mirada-experiments beside"
    " FILE]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the report. [default: FILE without its suffix, and -report]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the record as JSON, without queries.")
def experiment(
    file: Path | None, example: bool, work: Path | None, out: Path | None, as_json: bool
) -> None:
    """Compare every combination of models and settings in FILE on its datasets.

    Says first what it will cost. What was computed is kept and never computed again, whichever
    experiment asks; after Ctrl-C, run it again to go on. The report is report.html, report.md and
    report.json in one folder.
    """
    from mirada.experiments.config import example as example_text  # noqa: PLC0415
    from mirada.experiments.config import read_experiment  # noqa: PLC0415

    if example:
        click.echo(example_text(), nl=False)
        return
    if file is None:
        raise ConfigError("name the file of an experiment: --example prints one")
    from mirada.experiments.cache import Cache  # noqa: PLC0415 what follows brings the models
    from mirada.experiments.run import Bench  # noqa: PLC0415

    told = read_experiment(file)
    cache = Cache(work or file.parent / ".mirada-experiments")
    with cache.locked():
        bench = Bench(told, cache)
        record = _run(bench, cache.folder, out or file.with_name(f"{file.stem}-report"))
    if as_json:
        from mirada.experiments.record import brief  # noqa: PLC0415

        print_json(brief(record))


def _run(bench: Bench, work: Path, out: Path) -> Record:
    """The record of the experiment, written with its reports."""
    from mirada.experiments.markdown import markdown_of  # noqa: PLC0415
    from mirada.experiments.record import brief, record_of  # noqa: PLC0415
    from mirada.experiments.report import html_of  # noqa: PLC0415

    for one in bench.left_out:
        told = ", ".join(str(value) for value in one.system.settings.values())
        click.echo(f"left out: {told}: {one.why}", err=True)
    _say_cost(bench.cost(), bench)
    try:
        with Watched() as progress:
            found = bench.complete(progress)
    except KeyboardInterrupt:
        click.echo(f"stopped; what is done is kept in {work}: run it again to go on", err=True)
        raise
    record = record_of(bench, found)
    out.mkdir(parents=True, exist_ok=True)
    _write(out / REPORT, json.dumps(record, ensure_ascii=False))
    _write(out / BRIEF, json.dumps(brief(record), ensure_ascii=False, indent=1) + "\n")
    _write(out / "report.md", markdown_of(record))
    _write(out / "report.html", html_of(record, found))
    click.echo(f"written: {out / 'report.html'}, and report.md and {REPORT} beside it", err=True)
    return record


def _say_cost(cost: Cost, bench: Bench) -> None:
    systems, galleries = len(bench.systems), len(bench.galleries)
    click.echo(
        f"{systems} systems on {galleries} datasets: {cost.indexes} indexes, {cost.indexes_kept} of"
        f" them in the cache, {cost.pictures:,} pictures to look at; {cost.runs} runs,"
        f" {cost.runs_kept} in the cache, {cost.queries:,} queries to ask",
        err=True,
    )
    if cost.pictures or cost.queries:
        click.echo("timing a few pictures and queries of each", err=True)
        click.echo(spoken(bench.estimate()), err=True)


def _write(path: Path, text: str) -> None:
    from mirada.experiments.cache import write_whole  # noqa: PLC0415

    write_whole(path, text)
