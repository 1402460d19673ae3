"""`mirada models prune`: remove indexes and copies of models that a collection no longer uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mirada.cli.options import collection_here, home_option

if TYPE_CHECKING:
    from pathlib import Path


@click.command(epilog="Example: mirada models prune --dry-run")
@home_option
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def prune(home: Path | None, dry_run: bool, yes: bool) -> None:
    """Remove the indexes of former encoders, and of changes of model that were never finished.

    The index in use stays. What goes can be made again with `mirada index --encoder NAME`.
    """
    from mirada import pruning  # noqa: PLC0415 brings the store

    collection = collection_here(home)
    found = pruning.leftovers(collection)
    if not found:
        click.echo(f"nothing to remove: {collection.home} holds the index in use alone")
        return
    for one in found:
        click.echo(f"{one.what}, {one.bytes / 1e6:.1f} MB: {', '.join(map(str, one.folders))}")
    if dry_run:
        return
    if not yes:
        click.confirm("remove them?", abort=True)
    freed = sum(one.bytes for one in found)
    pruning.prune(collection, found)
    click.echo(f"removed, {freed / 1e6:.1f} MB freed")
