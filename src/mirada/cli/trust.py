"""`mirada trust`: allow what the settings of a collection ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mirada.cli.options import collection_here, home_option

if TYPE_CHECKING:
    from pathlib import Path


@click.command(epilog="Example: mirada trust")
@home_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def trust(home: Path | None, yes: bool) -> None:
    """Allow a collection to send pictures to a service, or to run code that comes with a model.

    mirada.toml lies with the pictures, so it may come from somebody else: what it asks for of this
    kind counts only once you have allowed it here, and again when it asks for something else.
    """
    from mirada import trust as trusting  # noqa: PLC0415 only when it runs

    collection = collection_here(home)
    risks = trusting.risks_of(collection.settings)
    if not risks:
        click.echo(f"{collection.home / 'mirada.toml'} asks for nothing that needs your trust")
        return
    for risk in risks:
        click.echo(f"{collection.home / 'mirada.toml'} {risk}")
    if not yes:
        click.confirm("allow it?", abort=True)
    trusting.trust(collection.home, collection.settings)
    click.echo("allowed, as long as it asks for the same")
