"""The command line: one module per command, loaded when it is called."""

from __future__ import annotations

import sys
from typing import Any

import click

from mirada.cli.lazy import LazyGroup
from mirada.errors import MiradaError

COMMANDS = {
    "completion": "mirada.cli.completion:completion",
    "doctor": "mirada.cli.doctor:doctor",
    "duplicates": "mirada.cli.duplicates:duplicates",
    "eval": "mirada.cli.evaluate:evaluate",
    "experiment": "mirada.cli.experiment:experiment",
    "index": "mirada.cli.index:index",
    "judge": "mirada.cli.judge:judge",
    "leaderboard": "mirada.cli.leaderboard:leaderboard",
    "models": "mirada.cli.models:models",
    "parse": "mirada.cli.parse:parse",
    "search": "mirada.cli.search:search",
    "show": "mirada.cli.show:show",
    "similar": "mirada.cli.search:similar",
    "tag": "mirada.cli.tag:tag",
    "tags": "mirada.cli.tags:tags",
    "train": "mirada.cli.train:train",
    "trust": "mirada.cli.trust:trust",
}


class Mirada(LazyGroup):
    """The commands; errors that mirada raises on purpose become one clear line."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except MiradaError as error:
            raise click.ClickException(str(error)) from error


@click.group(
    cls=Mirada,
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog='Start with: mirada index ~/Pictures && mirada search "a dog on a beach"',
)
@click.version_option(package_name="mirada")
def cli() -> None:
    """Find your pictures by describing them, offline."""


def main() -> None:
    """Entry point of the `mirada` command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # file names need not be UTF-8; they leave as the bytes they are, where names are bytes
            how = "backslashreplace" if sys.platform == "win32" else "surrogateescape"
            stream.reconfigure(encoding="utf-8", errors=how)
    cli()
