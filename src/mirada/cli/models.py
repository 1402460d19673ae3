"""`mirada models`: which models there are, and what can be done with them."""

from __future__ import annotations

import click

from mirada.cli.lazy import LazyGroup

COMMANDS = {
    "export": "mirada.cli.models_export:export",
    "list": "mirada.cli.models_list:list_models",
    "prune": "mirada.cli.models_prune:prune",
    "verify": "mirada.cli.models_verify:verify",
}


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    usual="list",
    invoke_without_command=True,
    epilog="Example: mirada models --role encoders, which is `mirada models list ...`",
)
@click.pass_context
def models(context: click.Context) -> None:
    """List the models (the usual one), export one, check its files, remove indexes of old ones."""
    if context.invoked_subcommand is None:
        command = models.get_command(context, "list")
        assert command is not None  # noqa: S101 our own table
        context.invoke(command)
