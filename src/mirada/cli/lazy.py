"""A group whose commands are imported when they are asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping


class LazyGroup(click.Group):
    """Commands by name as "module:attribute", so that starting costs one of them alone.

    Where `usual` is given, arguments that begin with no command's name are for that command.
    """

    def __init__(
        self, *args: Any, table: Mapping[str, str], usual: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.table = table
        self.usual = usual

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names of all commands."""
        return sorted(self.table)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        """The command of that name; None when there is none."""
        if cmd_name not in self.table:
            return None
        module, _, attribute = self.table[cmd_name].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101 our own table
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the usual command in front where none is named."""
        asks_help = any(one in ctx.help_option_names for one in args[:1])
        if self.usual and args and args[0] not in self.table and not asks_help:
            args = [self.usual, *args]
        return super().parse_args(ctx, args)
