"""`mirada models verify`: whether the files of models are whole, by their checksums."""

from __future__ import annotations

import sys

import click

from mirada.paths import readable


@click.command(epilog="Example: mirada models verify siglip2")
@click.argument("names", metavar="[MODEL]...", nargs=-1)
def verify(names: tuple[str, ...]) -> None:
    """Compare the files of models with their checksums; by default of those that mirada brings.

    A MODEL is an embedded one, a folder of weights that mirada made, or a checkpoint of Hugging
    Face that was fetched before. Exit status 1 when a file is damaged.
    """
    from mirada.integrity import EMBEDDED, check_model  # noqa: PLC0415 brings numpy

    broken = False
    for name in names or EMBEDDED:
        count, damaged = check_model(name)
        click.echo(f"{name}: {count - len(damaged)} of {count} files are as published")
        for path in damaged:
            click.secho(f"damaged: {readable(path)}: remove it and fetch it again", fg="red")
        broken = broken or bool(damaged)
    if broken:
        sys.exit(1)
