"""`mirada models`: which models are installed."""

from __future__ import annotations

from dataclasses import asdict

import click

from mirada.cli.output import print_json
from mirada.plugins import list_plugins


@click.command(epilog="Example: mirada models --json")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def models(as_json: bool) -> None:
    """List the installed models with their role and where they come from."""
    plugins = list_plugins()
    if as_json:
        print_json([asdict(plugin) for plugin in plugins])
        return
    for plugin in plugins:
        click.echo(f"{plugin.role:<10} {plugin.name:<16} {plugin.package} {plugin.version}")
