"""The command line: one module per command, loaded when it is called."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from mirada.errors import MiradaError

COMMANDS = {
    "completion": "mirada.cli.completion:completion",
    "doctor": "mirada.cli.doctor:doctor",
    "eval": "mirada.cli.evaluate:evaluate",
    "index": "mirada.cli.index:index",
    "models": "mirada.cli.models:models",
    "search": "mirada.cli.search:search",
    "show": "mirada.cli.show:show",
    "similar": "mirada.cli.search:similar",
    "train": "mirada.cli.train:train",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names of all commands."""
        return sorted(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        """The command of that name; None when there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101 our own table
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; errors that mirada raises on purpose become one clear line."""
        try:
            return super().invoke(ctx)
        except MiradaError as error:
            raise click.ClickException(str(error)) from error


@click.group(
    cls=LazyGroup,
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
