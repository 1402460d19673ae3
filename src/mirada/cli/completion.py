"""`mirada completion`: the script that completes mirada's commands in a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command(epilog='Example: mirada completion bash >> ~/.bashrc (or eval "$(...)")')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script for a SHELL."""
    complete = get_completion_class(shell)
    assert complete is not None  # noqa: S101 click knows the three choices
    click.echo(complete(ctx.find_root().command, {}, "mirada", "_MIRADA_COMPLETE").source())
