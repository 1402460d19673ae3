"""`mirada train segmenter`: teach the segmenter where people draw boxes."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from mirada.errors import ModelUnavailable
from mirada.training.segmenter_recipe import SegmenterRecipe

RECIPE = SegmenterRecipe()


@click.command(
    epilog="Example: mirada train segmenter data/train --dev data/dev --out my-segmenter"
)
@click.argument("dataset", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--dev",
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Images with boxes to measure on after each epoch; never learnt from.",
)
@click.option("--split", help="Only dev images of this split or dataset. [default: all]")
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
@click.option("--name", default="feature-map/3", show_default=True, help="Name/revision.")
@click.option(
    "--encoder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of a model made by `mirada train dual`, instead of the embedded one.",
)
@click.option(
    "--epochs", type=click.IntRange(min=1), default=RECIPE.schedule.epochs, show_default=True
)
@click.option("--seed", type=int, default=RECIPE.seed, show_default=True)
@click.option("--threads", type=click.IntRange(min=1), help="[default: all cores]")
@click.option("--yes", is_flag=True, help="Start without asking.")
def segmenter(
    dataset: Path,
    dev: Path,
    split: str | None,
    out: Path,
    work: Path | None,
    name: str,
    encoder: Path | None,
    epochs: int,
    seed: int,
    threads: int | None,
    yes: bool,
) -> None:
    """Train the segmenter on the feature maps of the embedded encoder.

    DATASET and DEV are as in `mirada train dual`; only images with labelled boxes in index.jsonl
    count. A run that was stopped goes on where it was when it is started again.
    """
    from mirada.evaluation.datasets import read_dataset  # noqa: PLC0415 only when it runs
    from mirada.models.small import WEIGHTS, SmallEncoder  # noqa: PLC0415

    try:
        from mirada.training.segmenter import Job, estimate, train_segmenter  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ModelUnavailable(f"{error.name} is missing: pip install 'mirada[train]'") from error

    job = Job(
        replace(RECIPE, seed=seed, schedule=replace(RECIPE.schedule, epochs=epochs)),
        SmallEncoder(encoder or WEIGHTS),
        read_dataset(dataset),
        read_dataset(dev, split=split),
        work or out.with_name(f"{out.name}.work"),
        out,
        name,
        threads or os.cpu_count() or 1,
        lambda line: click.echo(line, err=True),
    )
    click.echo(estimate(job), err=True)
    if not yes:
        click.confirm("Start?", abort=True, err=True)
    train_segmenter(job)
    click.echo(str(out))
