"""`mirada eval cache`: what evaluations keep, and how to get rid of it."""

from __future__ import annotations

import click

from mirada.cli.output import print_json


@click.command(epilog="Example: mirada eval cache --empty")
@click.option("--empty", "emptied", is_flag=True, help="Forget all of it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def cache(emptied: bool, as_json: bool) -> None:
    """Show what evaluations keep so that nothing is computed twice, and how large it is.

    Vectors of images and texts, by content and by the model that made them, and translations.
    They lie in the user's cache folder, or below MIRADA_CACHE where that is set.
    """
    from mirada.evaluation.kept import empty, kept_folder, sizes  # noqa: PLC0415 only when it runs

    found = sizes()
    freed = empty() if emptied else 0
    if as_json:
        kept = [] if emptied else [{"name": one.name, "bytes": one.bytes} for one in found]
        print_json({"folder": str(kept_folder()), "kept": kept, "freed": freed})
        return
    if emptied:
        click.echo(f"freed {freed / 1e6:,.1f} MB in {kept_folder()}")
        return
    click.echo(f"{kept_folder()}: {sum(one.bytes for one in found) / 1e6:,.1f} MB")
    for one in found:
        click.echo(f"{one.bytes / 1e6:>10,.1f} MB  {one.name}")
