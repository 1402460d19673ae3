"""`mirada models list`: every model by role, what it is, and how to get it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, metadata
from importlib.util import find_spec
from itertools import groupby
from typing import TYPE_CHECKING

import click

from mirada.cli.output import print_json
from mirada.hub_cache import cached
from mirada.known import EXTRAS, known_models
from mirada.models.weights import CHECKPOINTS
from mirada.plugins import ROLES, list_plugins

if TYPE_CHECKING:
    from mirada.known import KnownModel
    from mirada.plugins import Plugin


@dataclass(frozen=True, slots=True)
class Listed:
    """A model as the list shows it."""

    role: str
    name: str
    load: str  # what the name stands for
    about: str
    dim: int | None  # of the vectors
    megabytes: float | None  # of the weights
    licence: str
    languages: tuple[str, ...]
    runs_on: tuple[str, ...]
    package: str  # that brings the plug-in
    state: str  # ready, or what to run first


@click.command("list", epilog="Example: mirada models --role captioners")
@click.option("--role", type=click.Choice(ROLES), help="Only those of this role.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def list_models(role: str | None = None, as_json: bool = False) -> None:
    """List the models by role: vectors, size, languages, licence, where they run, how to get them.

    Sizes and licences of models that do not come with mirada are what their authors tell: read the
    licence before you use one. Name a model in mirada.toml or with `mirada index --encoder NAME`;
    any other one of Hugging Face is `hub:ORG/NAME`, a folder in its format is its path.
    """
    found = [one for one in all_models() if role in (None, one.role)]
    if as_json:
        print_json([asdict(one) for one in found])
        return
    for shown, models in groupby(found, key=lambda one: one.role):
        click.secho(shown, bold=True)
        for model in models:
            _print(model)


def all_models() -> list[Listed]:
    """Models with a short name, in the order of their file, then those of other packages."""
    plugins = {(one.role, one.name): one for one in list_plugins()}
    known = [_known(model, plugins) for model in known_models()]
    named = {(model.role, model.load.partition(":")[0]) for model in known_models()}
    others = [
        _other(plugin)
        for key, plugin in plugins.items()
        if key not in named and plugin.package != "mirada"  # those take a folder, as `exported`
    ]
    return sorted([*known, *others], key=lambda one: ROLES.index(one.role))


def _known(model: KnownModel, plugins: dict[tuple[str, str], Plugin]) -> Listed:
    plugin = plugins.get((model.role, model.load.partition(":")[0]))
    return Listed(
        role=model.role,
        name=model.name,
        load=model.load,
        about=model.about,
        dim=model.dim or None,
        megabytes=model.megabytes or None,
        licence=model.licence,
        languages=model.languages,
        runs_on=model.runs_on,
        package=plugin.package if plugin else "?",
        state=_state(model),
    )


def _other(plugin: Plugin) -> Listed:
    """A plug-in of another package, of which its package alone is asked: nothing is imported."""
    try:
        told = metadata(plugin.package).json
        licence = str(told.get("license_expression") or told.get("license") or "")
        about = str(told.get("summary") or "")
    except PackageNotFoundError:
        licence = about = ""
    return Listed(
        role=plugin.role,
        name=plugin.name,
        load=plugin.name,
        about=about,
        dim=None,
        megabytes=None,
        licence=licence.partition("\n")[0],
        languages=(),
        runs_on=(),
        package=f"{plugin.package} {plugin.version}",
        state="ready",
    )


def _state(model: KnownModel) -> str:
    if model.extra and find_spec(EXTRAS[model.extra]) is None:
        return f"pip install 'mirada[{model.extra}]'"
    if model.runs_on == ("service",):
        return "ready, off until mirada.toml names it: docs/remote.md"
    plugin, _, source = model.load.partition(":")
    if plugin == "hub" and not _is_fetched(source):
        return f"ready; {model.megabytes / 1000:.1f} GB are fetched when it is first used"
    if plugin == "open-clip":
        return "ready; fetched when it is first used"
    return "ready"


def _is_fetched(source: str) -> bool:
    """Whether weights of it are in the cache of the hub."""
    found = (cached(source) / "snapshots").glob("*/*")
    return any(path.suffix in CHECKPOINTS for path in found)


def _print(model: Listed) -> None:
    told = [
        f"{model.dim} dimensions" if model.dim else "",
        _size(model.megabytes),
        "/".join(model.languages),
        "/".join(model.runs_on),
        model.licence,
        "" if model.package == "mirada" else model.package,
    ]
    click.echo(f"  {model.name:<22} {model.about}")
    click.echo(f"  {'':<22} {', '.join(part for part in told if part)}")
    if model.state != "ready":
        click.echo(f"  {'':<22} {model.state}")


def _size(megabytes: float | None) -> str:
    if not megabytes:
        return ""
    return f"{megabytes} MB" if megabytes < 1000 else f"{megabytes / 1000:.1f} GB"
