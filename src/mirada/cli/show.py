"""`mirada show`: what the index knows of one picture."""

from __future__ import annotations

from pathlib import Path

import click

from mirada.cli.options import collection_here, home_option
from mirada.cli.output import print_json, record_as_json, shown_path
from mirada.errors import MiradaError


@click.command(epilog="Example: mirada show holidays/beach.jpg --json")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@home_option
def show(path: Path, as_json: bool, home: Path | None) -> None:
    """Show what the index knows of the picture at PATH."""
    collection = collection_here(home)
    record = collection.find(path)
    if record is None:
        raise MiradaError(f"{path} is not in the index: run `mirada index` on its folder")
    if as_json:
        print_json({**record_as_json(record), "encoder": collection.store.encoder})
        return
    for file in record.files:
        click.secho(shown_path(file.path), bold=True)
    click.echo(f"{record.format}, {record.width} x {record.height} pixels")
    click.echo(f"indexed {record.indexed_at:%Y-%m-%d %H:%M} UTC by {collection.store.encoder}")
    click.secho(f"sha256 {record.image_id}", dim=True)
