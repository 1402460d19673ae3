"""`mirada train own`: train the embedded model on with your own pictures, and use it if better."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mirada.cli.options import collection_here, home_option
from mirada.errors import CollectionNotFound, ModelUnavailable
from mirada.training.own.recipe import ADAPT, OwnRecipe

if TYPE_CHECKING:
    from mirada.collection import Collection
    from mirada.models.small import SmallEncoder
    from mirada.training.own.examples import Examples

RECIPE = OwnRecipe()
FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
NEW_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(epilog="Example: mirada train own --dev data/dev --out my-model --promote")
@click.argument("dataset", type=FOLDER, required=False)
@click.option(
    "--dev",
    type=FOLDER,
    help="Captioned images on all subjects, to see what the model loses there.",
)
@click.option("--out", required=True, type=NEW_FOLDER, help="Folder for the model and its report.")
@click.option(
    "--work",
    type=NEW_FOLDER,
    help="Folder of caches and checkpoints; the same one resumes. [default: OUT.work]",
)
@click.option(
    "--from",
    "start",
    type=FOLDER,
    help="Folder of a model to go on from. [default: that of the collection, else the embedded]",
)
@click.option(
    "--adapt",
    type=click.Choice(ADAPT),
    default=RECIPE.adapt,
    show_default=True,
    help="What learns: all weights of both heads, or a product of low rank beside each matrix.",
)
@click.option("--rank", type=click.IntRange(min=1), default=RECIPE.rank, show_default=True)
@click.option(
    "--held-out",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=RECIPE.held_out,
    show_default=True,
    help="Share of the pictures that are never learnt from and decide whether it is better.",
)
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    default=RECIPE.schedule.epochs,
    show_default=True,
    help="At most.",
)
@click.option("--seed", type=int, default=RECIPE.seed, show_default=True)
@click.option("--name", help="Name/revision. [default: the former one with a mark of its own]")
@click.option(
    "--promote",
    is_flag=True,
    help="Let the collection use the model if it is significantly better.",
)
@click.option("--threads", type=click.IntRange(min=1), help="[default: all cores]")
@click.option("--yes", is_flag=True, help="Start without asking.")
@home_option
def own(
    dataset: Path | None,
    dev: Path | None,
    out: Path,
    work: Path | None,
    start: Path | None,
    adapt: str,
    rank: int,
    held_out: float,
    epochs: int,
    seed: int,
    name: str | None,
    promote: bool,
    threads: int | None,
    yes: bool,
    home: Path | None,
) -> None:
    """Train the image-text model on with your own pictures.

    It learns from what people said of the pictures of the collection: descriptions and titles in
    files, accepted tags, judgements of `mirada judge`; or from DATASET, a folder as in
    `mirada train dual`. Captions by machines never count. A part of the pictures is held out and
    tells whether the model is better; with --promote the collection then switches to it.
    """
    if promote and start is not None:
        raise click.UsageError("--promote goes on from the model of the collection: no --from")
    recipe = replace(
        RECIPE,
        seed=seed,
        adapt=adapt,
        rank=rank,
        held_out=held_out,
        schedule=replace(RECIPE.schedule, epochs=epochs),
    )
    run_own(
        recipe,
        dataset,
        dev,
        home=home,
        out=out,
        work=work or out.with_name(f"{out.name}.work"),
        start=start,
        name=name,
        promote=promote,
        threads=threads,
        yes=yes,
    )


def run_own(
    recipe: OwnRecipe,
    dataset: Path | None,
    dev: Path | None,
    *,
    home: Path | None,
    out: Path,
    work: Path,
    start: Path | None = None,
    name: str | None = None,
    promote: bool = False,
    threads: int | None = None,
    yes: bool = False,
) -> None:
    """Say what is learnt from and what the run will cost, ask, train, and maybe switch."""
    from mirada.evaluation.datasets import read_dataset  # noqa: PLC0415 only when it runs
    from mirada.training.own.examples import of_dataset  # noqa: PLC0415

    try:
        from mirada.training.own.job import Job, estimate, plan, tune  # noqa: PLC0415
        from mirada.training.own.verdict import as_markdown  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ModelUnavailable(f"{error.name} is missing: pip install 'mirada[train]'") from error

    collection = collection_here(home)
    if dataset is None or promote:
        len(collection)  # there must be one
    job = Job(
        recipe,
        _beginning(start, collection),
        _examples_of(collection) if dataset is None else of_dataset(read_dataset(dataset)),
        read_dataset(dev) if dev else (),
        work,
        out,
        name,
        threads or os.cpu_count() or 1,
        lambda line: click.echo(line, err=True),
    )
    click.echo(plan(job), err=True)
    click.echo(estimate(job), err=True)
    if not yes:
        click.confirm("Start?", abort=True, err=True)
    verdict = tune(job)
    click.echo(as_markdown(verdict))
    if promote and verdict.is_to_be_used:
        _promote(collection, out)
    elif promote:
        click.echo(f"{verdict}: {collection.home} keeps {verdict.former}", err=True)
    click.echo(str(out))


def _promote(collection: Collection, weights: Path) -> None:
    import sys  # noqa: PLC0415

    from mirada.cli.progress import LineProgress, TerminalProgress  # noqa: PLC0415
    from mirada.switching import adopt  # noqa: PLC0415

    shown = TerminalProgress() if sys.stderr.isatty() else LineProgress()
    with shown as progress:
        former = collection.settings.encoder
        switched = adopt(collection, weights, progress=progress)
    click.echo(
        f"{collection.home} now searches with {switched}. To go back: mirada index --encoder "
        f"{former}",
        err=True,
    )


def _beginning(start: Path | None, collection: Collection) -> SmallEncoder:
    """The model to go on from.

    Raises:
        ModelUnavailable: the encoder of the collection is not one that mirada trained.
    """
    from mirada.models.small import SmallEncoder  # noqa: PLC0415 brings numpy and Pillow

    if start is not None:
        return SmallEncoder(start)
    try:
        encoder = collection.encoder
    except CollectionNotFound:
        return SmallEncoder()
    if not isinstance(encoder, SmallEncoder):
        raise ModelUnavailable(
            f"{encoder.name} is no model of mirada's: adapt one of Hugging Face with "
            "`mirada train lora`, or go on from one of mirada's with --from"
        )
    return encoder


def _examples_of(collection: Collection) -> Examples:
    from mirada.judging.judgements import ENDING, read_judgements  # noqa: PLC0415
    from mirada.judging.log import FOLDER as JUDGED  # noqa: PLC0415
    from mirada.training.own.examples import of_collection  # noqa: PLC0415

    store, judged = collection.store, collection.home / JUDGED
    marks = read_judgements(judged) if any(judged.glob(f"*{ENDING}")) else []
    return of_collection(store.get(sorted(store.ids())), marks)
