"""`mirada train`: make the models that mirada ships, or your own from your pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from mirada.cli.options import languages_of
from mirada.cli.train_calibration import calibration
from mirada.cli.train_captioner import captioner
from mirada.cli.train_checks import checks
from mirada.cli.train_grounding import grounding
from mirada.cli.train_lora import lora
from mirada.cli.train_own import own
from mirada.cli.train_segmenter import segmenter
from mirada.cli.train_tags import tags
from mirada.errors import ModelUnavailable
from mirada.training.recipe import Recipe

DEFAULTS = Recipe()


@click.group(epilog="Example: mirada train dual data/train --dev data/dev --out my-model")
def train() -> None:
    """Train models; needs the extra: pip install 'mirada[train]'."""


@train.command(epilog="Example: mirada train dual data/train --dev data/dev --out my-model")
@click.argument("dataset", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--dev",
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Captioned images to measure on after each epoch; never learnt from.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the finished model.",
)
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of caches and checkpoints; the same one resumes. [default: OUT.work]",
)
@click.option("--name", default="mirada-small/3", show_default=True, help="Name/revision.")
@click.option(
    "--from",
    "start",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of a finished model to go on from; only the last two stages are run.",
)
@click.option(
    "--epochs",
    type=click.IntRange(min=0),
    default=DEFAULTS.tail.epochs,
    show_default=True,
    help="Of the stage that trains the end of the image tower; 0 trains the heads alone.",
)
@click.option("--seed", type=int, default=DEFAULTS.seed, show_default=True)
@click.option(
    "--languages",
    default=",".join(DEFAULTS.languages),
    show_default=True,
    help="en, or en,es: captions are put into Spanish by Apertium.",
)
@click.option(
    "--image-bits",
    type=click.Choice(["32", "16", "8"]),
    default="8",
    show_default=True,
    help="Bits of each stored weight of the image tower, which computes in 32.",
)
@click.option(
    "--text-bits",
    type=click.Choice(["32", "8"]),
    default="8",
    show_default=True,
    help="Bits of each weight of the text tower, which computes in them.",
)
@click.option("--threads", type=click.IntRange(min=1), help="[default: all cores]")
@click.option("--yes", is_flag=True, help="Start without asking.")
def dual(
    dataset: Path,
    dev: Path,
    out: Path,
    work: Path | None,
    name: str,
    start: Path | None,
    epochs: int,
    seed: int,
    languages: str,
    image_bits: str,
    text_bits: str,
    threads: int | None,
    yes: bool,
) -> None:
    """Train the image-text model from a folder of images with captions.

    DATASET and DEV are folders with index.jsonl or captions.jsonl (rows {"file", "captions"};
    files loose or in tar shards), or with COCO captions JSON. The defaults are the shipped
    recipe. A run that was stopped goes on where it was when it is started again; a finished one
    only writes the model again, so its weights can be stored in other bits.
    """
    recipe = replace(
        DEFAULTS,
        seed=seed,
        languages=languages_of(languages),
        tail=replace(DEFAULTS.tail, epochs=epochs),
    )
    run_dual(
        recipe,
        dataset,
        dev,
        out=out,
        work=work or out.with_name(f"{out.name}.work"),
        name=name,
        start=start,
        bits=(int(image_bits), int(text_bits)),
        threads=threads,
        yes=yes,
    )


def run_dual(
    recipe: Recipe,
    dataset: Path,
    dev: Path,
    *,
    out: Path,
    work: Path,
    name: str,
    threads: int | None,
    yes: bool,
    start: Path | None = None,
    bits: tuple[int, int] = (8, 8),
) -> None:
    """Say what the run will cost, ask, train and draw the log."""
    import os  # noqa: PLC0415

    from mirada.evaluation.datasets import read_dataset  # noqa: PLC0415

    try:
        from mirada.training.dual import Job, estimate, train_dual  # noqa: PLC0415
        from mirada.training.export import Bits  # noqa: PLC0415
        from mirada.training.loop import read_log  # noqa: PLC0415
        from mirada.training.plot import plot_log  # noqa: PLC0415
        from mirada.training.start import shaped_as  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ModelUnavailable(f"{error.name} is missing: pip install 'mirada[train]'") from error

    job = Job(
        recipe if start is None else shaped_as(start, recipe),
        read_dataset(dataset),
        read_dataset(dev),
        work,
        out,
        name,
        threads or os.cpu_count() or 1,
        lambda line: click.echo(line, err=True),
        Bits(*bits),
        start,
    )
    click.echo(estimate(job), err=True)
    if not yes:
        click.confirm("Start?", abort=True, err=True)
    train_dual(job)
    plot_log(list(read_log(work)), work / "training.png")
    click.echo(str(out))


train.add_command(calibration)
train.add_command(captioner)
train.add_command(checks)
train.add_command(grounding)
train.add_command(lora)
train.add_command(own)
train.add_command(segmenter)
train.add_command(tags)
