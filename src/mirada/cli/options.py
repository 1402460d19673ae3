"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mirada.collection import Collection

if TYPE_CHECKING:
    from collections.abc import Callable

    Command = TypeVar("Command", bound=Callable[..., Any])

home_option = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the index. [default: $MIRADA_HOME, else .mirada here or in a folder above]",
)

limit_option = click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many pictures to show.",
)


def format_options(command: Command) -> Command:
    """Add --json, --nl, --tsv, --paths and -0; the command gets `form`, None for a table."""
    for flags, value, text in (
        (("-0", "--null"), "null", "Paths only, each ended by a NUL byte, for `xargs -0`."),
        (("--paths",), "paths", "Paths only, one a line."),
        (("--tsv",), "tsv", "Tab-separated values with a header."),
        (("--nl",), "nl", "One JSON object a line for each picture."),
        (("--json",), "json", "One JSON document."),
    ):
        command = click.option(*flags, "form", flag_value=value, default=None, help=text)(command)
    return command


def collection_here(home: Path | None) -> Collection:
    """The collection of the current folder."""
    return Collection(Path.cwd(), home=home)


def languages_of(listed: str) -> tuple[str, ...]:
    """The languages of `--languages`; raises click.BadParameter for others than en or en,es."""
    chosen = tuple(listed.split(","))
    if chosen not in {("en",), ("en", "es")}:
        raise click.BadParameter("en or en,es", param_hint="--languages")
    return chosen
