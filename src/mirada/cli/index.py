"""`mirada index`: bring the index up to date with folders of pictures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mirada.cli.options import home_option
from mirada.cli.output import print_json
from mirada.collection import Collection
from mirada.config import home_for_index
from mirada.paths import readable

if TYPE_CHECKING:
    from mirada.indexing.ledger import IndexReport

INTERRUPTED = 130  # the shell's status for a command stopped by Ctrl-C


@click.command(epilog="Example: mirada index ~/Pictures")
@click.argument("folders", metavar="[DIR]...", nargs=-1, type=click.Path(path_type=Path))
@home_option
@click.option("--keep-missing", is_flag=True, help="Keep pictures whose files are gone.")
@click.option("--nl", "form", flag_value="nl", help="A JSON line for each picture once it is kept.")
@click.option("--json", "form", flag_value="json", help="The report as one JSON document.")
def index(folders: tuple[Path, ...], home: Path | None, keep_missing: bool, form: str) -> None:
    """Index the pictures of folders (default: this one), or bring their index up to date.

    Only new and changed files are read. The run may be stopped at any moment: what was kept
    stays, and the next run goes on from there.
    """
    from mirada.cli.progress import LineProgress, TerminalProgress  # noqa: PLC0415 brings rich

    roots = folders or (Path.cwd(),)
    collection = Collection(roots[0], home=home_for_index(roots, home=home))
    watch = TerminalProgress if sys.stderr.isatty() else LineProgress
    with watch(tell_records=form == "nl") as progress:
        try:
            report = collection.index(*roots, keep_missing=keep_missing, progress=progress)
        except KeyboardInterrupt:
            click.echo(
                f"interrupted: {progress.kept:,} new pictures are kept; "
                "run the same command to go on",
                err=True,
            )
            sys.exit(INTERRUPTED)
    for skipped in report.skipped:
        click.echo(f"skipped {readable(skipped.path)}: {skipped.reason}", err=True)
    if form == "json":
        print_json(_as_json(report))
    else:
        click.echo(str(report), err=form == "nl")


def _as_json(report: IndexReport) -> dict[str, object]:
    return {
        "indexed": report.indexed,
        "unchanged": report.unchanged,
        "moved": report.moved,
        "copied": report.copied,
        "removed": report.removed,
        "skipped": [{"path": str(one.path), "reason": one.reason} for one in report.skipped],
        "seconds": round(report.seconds, 3),
    }
