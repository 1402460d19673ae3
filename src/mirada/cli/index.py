"""`mirada index`: bring the index up to date with folders of pictures."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mirada.cli.chosen_models import chosen_models, model_options, use_models
from mirada.cli.options import home_option
from mirada.cli.output import print_json
from mirada.collection import Collection
from mirada.config import ROLES, home_for_index, load_settings, with_chosen
from mirada.paths import readable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.indexing.ledger import IndexReport

ROLE = click.Choice(ROLES)
INTERRUPTED = 130  # the shell's status for a command stopped by Ctrl-C


@click.command(epilog="Example: mirada index ~/Pictures")
@click.argument("folders", metavar="[DIR]...", nargs=-1, type=click.Path(path_type=Path))
@home_option
@click.option("--keep-missing", is_flag=True, help="Keep pictures whose files are gone.")
@click.option("--ocr", is_flag=True, help="Read the text in pictures too (extra: ocr).")
@click.option("--only", multiple=True, type=ROLE, help="Look at this alone; may be repeated.")
@click.option("--without", multiple=True, type=ROLE, help="Leave this out; may be repeated.")
@model_options
@click.option("--again", is_flag=True, help="Look at known pictures again, changed or not.")
@click.option("--nl", "form", flag_value="nl", help="A JSON line for each picture once it is kept.")
@click.option("--json", "form", flag_value="json", help="The report as one JSON document.")
def index(
    folders: tuple[Path, ...],
    home: Path | None,
    keep_missing: bool,
    ocr: bool,
    only: tuple[str, ...],
    without: tuple[str, ...],
    again: bool,
    form: str,
    preset: str | None,
    **models: str | None,
) -> None:
    """Index the pictures of folders (default: this one), or bring their index up to date.

    Each picture is looked at whole and by its regions: facts, metadata, regions, tags, captions,
    phrases. Only new and changed files are read, and known pictures where something is missing,
    say after --ocr or a new vocabulary. The run may be stopped at any moment: what was kept stays,
    and the next run goes on from there.

    Models that are named, one by one or as a preset, are used from now on. For another encoder a
    second index is filled beside the first; searches go on with the former one until it is whole.
    """
    from mirada.cli.progress import LineProgress, TerminalProgress  # noqa: PLC0415 brings rich

    roots = folders or (Path.cwd(),)
    place = home_for_index(roots, home=home)
    chosen = chosen_models(place, preset, models)
    watch = TerminalProgress if sys.stderr.isatty() else LineProgress
    with watch(tell_records=form == "nl") as progress:
        try:
            usual = with_chosen(load_settings(place), chosen).roles
            roles = chosen_roles(usual, ocr=ocr, only=only, without=without)
            if chosen:
                change = use_models(
                    place,
                    roots[0],
                    chosen,
                    roles=roles,
                    keep_missing=keep_missing,
                    progress=progress,
                )
                if change:
                    click.echo(str(change), err=True)
            report = Collection(roots[0], home=place).index(
                *roots,
                roles=roles,
                keep_missing=keep_missing,
                again=again,
                progress=progress,
            )
        except KeyboardInterrupt:
            click.echo(
                f"interrupted: {progress.kept:,} new pictures are kept; "
                "run the same command to go on",
                err=True,
            )
            sys.stdout.flush()
            os._exit(INTERRUPTED)  # threads may be in the middle of a picture, for minutes
    for skipped in report.skipped:
        click.echo(f"skipped {readable(skipped.path)}: {skipped.reason}", err=True)
    for failed in report.failed:
        click.echo(
            f"{failed.role} of {failed.images:,} pictures are still missing ({failed.reason}): "
            "run the same command again",
            err=True,
        )
    if form == "json":
        print_json(_as_json(report))
    else:
        click.echo(str(report), err=form == "nl")


def chosen_roles(
    usual: Sequence[str], *, ocr: bool, only: Sequence[str], without: Sequence[str]
) -> list[str]:
    """The roles of this run: the usual ones, or some of them with what builds on those."""
    from mirada.indexing.describe import with_fed  # noqa: PLC0415

    base = {*usual, *only, *(["text"] if ocr else [])}
    wanted = base & with_fed([*only, *(["text"] if ocr else [])]) if only else base
    return [role for role in ROLES if role in wanted and role not in without]


def _as_json(report: IndexReport) -> dict[str, object]:
    return {
        "indexed": report.indexed,
        "unchanged": report.unchanged,
        "moved": report.moved,
        "copied": report.copied,
        "removed": report.removed,
        "described": report.described,
        "skipped": [{"path": str(one.path), "reason": one.reason} for one in report.skipped],
        "failed": [
            {"role": one.role, "images": one.images, "reason": one.reason} for one in report.failed
        ],
        "seconds": round(report.seconds, 3),
    }
