"""`mirada train tags`: learn from captions which tags fit, for the encoder that is in use."""

from __future__ import annotations

from pathlib import Path

import click

FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command(epilog="Example: mirada train tags data/train --dev data/dev --out weights.npz")
@click.argument("dataset", type=FOLDER)
@click.option("--dev", required=True, type=FOLDER, help="Images on whose half 0 p is fitted.")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of weights.",
)
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that keeps the vectors of the images. [default: OUT.work]",
)
@click.option(
    "--vocabulary",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Table of tags. [default: the shipped one]",
)
@click.option("--encoder", default="mirada-small", show_default=True, help="See `mirada models`.")
@click.option("--segmenter", default="feature-map", show_default=True, help="As --encoder.")
@click.option("--seed", type=int, default=0, show_default=True)
def tags(
    dataset: Path,
    dev: Path,
    out: Path,
    work: Path | None,
    vocabulary: Path | None,
    encoder: str,
    segmenter: str,
    seed: int,
) -> None:
    """Learn a classifier for each tag from a folder of images with captions.

    DATASET and DEV are as in `mirada train dual`; needs no extra. The labels are the tags that
    captions name. The weights are for one encoder and one vocabulary; to ship them, write them
    over mirada/vocabulary/weights.npz.
    """
    from mirada.cli.cost import tell_looking  # noqa: PLC0415 only when it runs
    from mirada.evaluation.datasets import read_dataset  # noqa: PLC0415
    from mirada.plugins import load_encoder, load_segmenter  # noqa: PLC0415
    from mirada.training.tags import TagJob, TagRecipe, train_tags  # noqa: PLC0415
    from mirada.vocabulary.entries import SHIPPED, read_vocabulary  # noqa: PLC0415

    job = TagJob(
        TagRecipe(seed=seed),
        load_encoder(encoder),
        load_segmenter(segmenter),
        read_vocabulary(vocabulary or SHIPPED),
        read_dataset(dataset),
        read_dataset(dev),
        work or out.with_name(f"{out.name}.work"),
        out,
        lambda line: click.echo(line, err=True),
    )
    tell_looking(job.encoder, [*job.train, *job.dev])
    train_tags(job)
    click.echo(str(out))
