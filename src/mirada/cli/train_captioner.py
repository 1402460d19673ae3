"""`mirada train captioner`: make the captioner that mirada ships, or train it on your captions."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from mirada.cli.options import languages_of
from mirada.errors import ModelUnavailable
from mirada.training.captioner_recipe import CaptionerRecipe

FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
RECIPE = CaptionerRecipe()


@click.command(
    epilog="Example: mirada train captioner data/train --dev data/dev --out my-captioner"
)
@click.argument("dataset", type=FOLDER)
@click.option(
    "--dev",
    required=True,
    type=FOLDER,
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
@click.option(
    "--name", default="mirada-small-captioner/2", show_default=True, help="Name/revision."
)
@click.option(
    "--encoder",
    type=FOLDER,
    help="Folder of a model made by `mirada train dual`, instead of the embedded one.",
)
@click.option(
    "--from",
    "start",
    type=FOLDER,
    help="Folder of a finished captioner to train further; its languages and words stay.",
)
@click.option(
    "--epochs",
    type=click.IntRange(min=0),
    help="Of cross-entropy."
    f" [default: {RECIPE.schedule.epochs}, with --from {RECIPE.further.epochs}]",
)
@click.option(
    "--reward-epochs",
    type=click.IntRange(min=0),
    default=RECIPE.reward.epochs,
    show_default=True,
    help="Of the stage after it, which rewards sentences that are near to people's.",
)
@click.option("--seed", type=int, default=RECIPE.seed, show_default=True)
@click.option(
    "--languages",
    default=",".join(RECIPE.languages),
    show_default=True,
    help="en, or en,es: captions are put into Spanish by Apertium.",
)
@click.option("--threads", type=click.IntRange(min=1), help="[default: all cores]")
@click.option("--yes", is_flag=True, help="Start without asking.")
def captioner(
    dataset: Path,
    dev: Path,
    out: Path,
    work: Path | None,
    name: str,
    encoder: Path | None,
    start: Path | None,
    epochs: int | None,
    reward_epochs: int,
    seed: int,
    languages: str,
    threads: int | None,
    yes: bool,
) -> None:
    """Train the captioner on the feature maps of the embedded encoder.

    DATASET and DEV are as in `mirada train dual`; labelled boxes in index.jsonl teach it phrases
    for parts of images. Images with several captions each are needed for the reward. A run that
    was stopped goes on where it was when it is started again.
    """
    run_captioner(
        _recipe(epochs, reward_epochs, seed=seed, languages=languages_of(languages)),
        dataset,
        dev,
        out=out,
        work=work or out.with_name(f"{out.name}.work"),
        name=name,
        encoder=encoder,
        start=start,
        threads=threads,
        yes=yes,
    )


def _recipe(
    epochs: int | None, reward_epochs: int, *, seed: int, languages: tuple[str, ...]
) -> CaptionerRecipe:
    """The shipped recipe with other numbers of epochs; those of cross-entropy for both starts."""
    recipe = replace(RECIPE, seed=seed, languages=languages)
    recipe = replace(recipe, reward=replace(recipe.reward, epochs=reward_epochs))
    if epochs is None:
        return recipe
    return replace(
        recipe,
        schedule=replace(recipe.schedule, epochs=epochs),
        further=replace(recipe.further, epochs=epochs),
    )


def run_captioner(
    recipe: CaptionerRecipe,
    dataset: Path,
    dev: Path,
    *,
    out: Path,
    work: Path,
    name: str,
    encoder: Path | None,
    start: Path | None,
    threads: int | None,
    yes: bool,
) -> None:
    """Say what the run will cost, ask, train and draw the log."""
    from mirada.evaluation.datasets import read_dataset  # noqa: PLC0415
    from mirada.models.small import WEIGHTS, SmallEncoder  # noqa: PLC0415

    try:
        from mirada.training.captioner import Job, estimate, train_captioner  # noqa: PLC0415
        from mirada.training.loop import read_log  # noqa: PLC0415
        from mirada.training.plot import plot_perplexities  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ModelUnavailable(f"{error.name} is missing: pip install 'mirada[train]'") from error

    job = Job(
        recipe,
        SmallEncoder(encoder or WEIGHTS),
        read_dataset(dataset),
        read_dataset(dev),
        work,
        out,
        name,
        threads or os.cpu_count() or 1,
        lambda line: click.echo(line, err=True),
        start,
    )
    click.echo(estimate(job), err=True)
    if not yes:
        click.confirm("Start?", abort=True, err=True)
    train_captioner(job)
    plot_perplexities(list(read_log(work)), work / "training.png")
    click.echo(str(out))
