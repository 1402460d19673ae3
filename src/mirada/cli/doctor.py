"""`mirada doctor`: what is installed, where the index is, whether it is healthy, how to mend it."""

from __future__ import annotations

import platform
import sys
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click

from mirada.cli.options import collection_here, home_option
from mirada.cli.output import print_json
from mirada.config import Settings
from mirada.errors import CollectionNotFound, MiradaError, ModelMismatch
from mirada.known import EXTRAS
from mirada.machine import look_at_machine, time_encoder
from mirada.models.small import WEIGHTS, SmallEncoder
from mirada.models.weights import damaged_files
from mirada.plugins import load_encoder
from mirada.presets import presets, recommend
from mirada.pruning import leftovers
from mirada.switching import check_models

if TYPE_CHECKING:
    from pathlib import Path

    from mirada.collection import Collection

LIBRARIES = ("onnxruntime", "pylance", "pyarrow", "tokenizers", "pillow", "pi-heif", "numpy")


@click.command(epilog="Example: mirada doctor --calibrate")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option(
    "--calibrate",
    is_flag=True,
    help="Fit the confidence anew on what is said of the indexed pictures, and keep it with them.",
)
@home_option
def doctor(as_json: bool, calibrate: bool, home: Path | None) -> None:
    """Check the installation, the model and the index; exit status 1 when something is wrong.

    Times the embedded encoder on a few pictures and tells which preset suits the machine.
    """
    collection = collection_here(home)
    if calibrate:
        error = collection.calibrate().error
        click.echo(f"calibrated: expected calibration error {error:.4f}", err=True)
    report = _examine(collection)
    if as_json:
        print_json(report)
    else:
        _print(report)
    if report["problems"]:
        sys.exit(1)


def _examine(collection: Collection) -> dict[str, Any]:
    libraries = {name: _version(name) for name in LIBRARIES}
    problems = [
        f"{name} is not installed: pip install mirada" for name in libraries if not libraries[name]
    ]
    encoder = index = None
    if not problems:
        encoder = _examine_encoder(collection, problems)
        index = _examine_index(collection, problems)
    if encoder and index and encoder["name"] != index["encoder"]:
        problems.append(str(ModelMismatch.between(index["encoder"], encoder["name"])))
    return {
        "mirada": version("mirada"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": libraries,
        "extras": {extra: find_spec(module) is not None for extra, module in EXTRAS.items()},
        "encoder": encoder,
        "index": index,
        "machine": None if problems else _examine_machine(),
        "problems": problems,
    }


def _examine_machine() -> dict[str, Any]:
    """What the machine brings, how fast the embedded encoder is on it, and the preset for that."""
    machine, rate = look_at_machine(), time_encoder(SmallEncoder())
    chosen, why = recommend(machine, rate)
    return {
        **asdict(machine),
        "pictures_a_second": round(rate, 1),
        "preset": chosen.name,
        "why": why,
        "presets": {one.name: {"about": one.about, "needs": one.needs} for one in presets()},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _examine_encoder(collection: Collection, problems: list[str]) -> dict[str, Any] | None:
    """Load the model and let it encode a word."""
    try:
        settings = _settings(collection)
        check_models(settings, _home(collection))
        encoder = load_encoder(settings.encoder, settings.models)
        encoder.encode_texts(["a photo"])
        problems += [f"{name} is damaged: reinstall mirada" for name in damaged_files(WEIGHTS)]
    except Exception as error:  # whatever a model or its runtime may raise
        problems.append(f"the model does not work: {error}")
        return None
    return {"name": encoder.name, "dim": encoder.dim, "image_size": encoder.image_size}


def _home(collection: Collection) -> Path:
    try:
        return collection.home
    except CollectionNotFound:
        return collection.folder


def _settings(collection: Collection) -> Settings:
    try:
        return collection.settings
    except CollectionNotFound:
        return Settings()


def _examine_index(collection: Collection, problems: list[str]) -> dict[str, Any] | None:
    try:
        home = collection.home
        store = collection.store
        problems += store.verify()
    except CollectionNotFound:
        return None
    except MiradaError as error:
        problems.append(str(error))
        return None
    others = [one.what for one in leftovers(collection) if one.what.startswith("index")]
    return {"home": str(home), **store.health(), "others": others}


def _print(report: dict[str, Any]) -> None:
    click.echo(f"mirada {report['mirada']}, Python {report['python']}, {report['platform']}")
    libraries = report["libraries"].items()
    click.echo(", ".join(f"{name} {found or 'MISSING'}" for name, found in libraries))
    for extra, found in report["extras"].items():
        click.echo(f"extra {extra}: {'yes' if found else f'no (pip install mirada[{extra}])'}")
    if report["encoder"]:
        click.echo("encoder {name}: {dim} dimensions, {image_size} px".format(**report["encoder"]))
    if report["index"] is None and not report["problems"]:
        click.echo("no index here: make one with `mirada index DIR`")
    if report["index"]:
        click.echo(
            "index {home}: {rows:,} pictures, {files:,} files, {megabytes:.1f} MB, "
            "{search} search, vectors of {encoder}".format(
                megabytes=report["index"]["bytes"] / 1e6, **report["index"]
            )
        )
        for other in report["index"]["others"]:
            click.echo(f"  beside it: {other} (`mirada models prune` removes it)")
    if report["machine"]:
        _print_machine(report["machine"])
    for problem in report["problems"]:
        click.secho(f"problem: {problem}", fg="red")
    if not report["problems"]:
        click.secho("all well", fg="green")


def _print_machine(machine: dict[str, Any]) -> None:
    memory = f"{machine['memory']:.0f} GB of memory" if machine["memory"] else "memory unknown"
    gpu = f"{machine['gpu']}, {machine['gpu_memory']:.0f} GB" if machine["gpu"] else "no GPU"
    click.echo(
        f"machine: {machine['cores']} cores, {memory}, {gpu}; vectors of "
        f"{machine['pictures_a_second']:.0f} pictures a second"
    )
    for name, told in machine["presets"].items():
        mark = "*" if name == machine["preset"] else " "
        click.echo(f"{mark} preset {name}: {told['about']} (needs {told['needs']})")
    click.echo(f"  {machine['preset']} suits this machine: {machine['why']}")
