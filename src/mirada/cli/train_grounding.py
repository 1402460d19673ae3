"""`mirada train grounding`: teach the embedded encoder how texts fit parts of images."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from mirada.errors import ModelUnavailable
from mirada.training.grounding_recipe import GroundingRecipe

FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
RECIPE = GroundingRecipe()


@click.command(
    epilog="Example: mirada train grounding data/train --dev data/dev --out grounding.npz"
)
@click.argument("dataset", type=FOLDER)
@click.option(
    "--dev",
    required=True,
    type=FOLDER,
    help="Images with boxes to measure on after each epoch; half of them fit the probabilities.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of weights; in the folder of the encoder, its model.json is told.",
)
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of caches and checkpoints; the same one resumes. [default: OUT.work]",
)
@click.option(
    "--encoder",
    type=FOLDER,
    help="Folder of a model made by `mirada train dual`, instead of the embedded one.",
)
@click.option("--segmenter", default="feature-map", show_default=True, help="See `mirada models`.")
@click.option(
    "--epochs", type=click.IntRange(min=1), default=RECIPE.schedule.epochs, show_default=True
)
@click.option("--seed", type=int, default=RECIPE.seed, show_default=True)
@click.option(
    "--languages",
    type=click.Choice(["en", "en,es"]),
    default=",".join(RECIPE.languages),
    show_default=True,
    help="en, or en,es: names are put into Spanish by Apertium.",
)
@click.option("--threads", type=click.IntRange(min=1), help="[default: all cores]")
@click.option("--yes", is_flag=True, help="Start without asking.")
def grounding(
    dataset: Path,
    dev: Path,
    out: Path,
    work: Path | None,
    encoder: Path | None,
    segmenter: str,
    epochs: int,
    seed: int,
    languages: str,
    threads: int | None,
    yes: bool,
) -> None:
    """Learn from boxes with labels and captions how well a text fits a part of an image.

    DATASET and DEV are as in `mirada train dual`; only images with labelled boxes in index.jsonl
    count. To ship the weights, write them as grounding.npz into the folder of the encoder. A run
    that was stopped goes on where it was when it is started again.
    """
    from mirada.evaluation.datasets import read_dataset  # noqa: PLC0415 only when it runs
    from mirada.models.small import WEIGHTS, SmallEncoder  # noqa: PLC0415
    from mirada.plugins import load_segmenter  # noqa: PLC0415

    try:
        from mirada.training.grounding import Job, estimate, train_grounding  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ModelUnavailable(f"{error.name} is missing: pip install 'mirada[train]'") from error

    job = Job(
        replace(
            RECIPE,
            seed=seed,
            languages=tuple(languages.split(",")),
            schedule=replace(RECIPE.schedule, epochs=epochs),
        ),
        SmallEncoder(encoder or WEIGHTS),
        load_segmenter(segmenter),
        read_dataset(dataset),
        read_dataset(dev),
        work or out.with_name(f"{out.name}.work"),
        out,
        threads or os.cpu_count() or 1,
        lambda line: click.echo(line, err=True),
    )
    click.echo(estimate(job), err=True)
    if not yes:
        click.confirm("Start?", abort=True, err=True)
    train_grounding(job)
    click.echo(str(out))
