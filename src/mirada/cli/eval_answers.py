"""`mirada eval answers`: honest no-matches and negations."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click
import numpy as np

from mirada.cli.output import print_json
from mirada.cli.progress import bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.evaluation.answers import Negation, NoMatch
    from mirada.evaluation.datasets import CaptionedImage

CUTS = (0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3, 0.5)
NO_CUT = 0.0  # where an encoder has no calibration, nothing is hidden


@click.command(epilog="Example: mirada eval answers data/dev --split coco --work /tmp/eval")
@click.argument("dataset", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--split", help="Only images of this split or dataset. [default: all]")
@click.option(
    "--count",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="Queries about things that are there, and as many about things that are not.",
)
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the images and their index, kept for the next run. [default: none is kept]",
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def answers(
    dataset: Path, split: str | None, count: int, work: Path | None, seed: int, as_json: bool
) -> None:
    """Ask for things that are not there, and for pictures without things that are.

    No match: names of the vocabulary that captions of the gallery mention, or that neither a
    caption nor a box does; something should be shown for the first and nothing for the others.
    Negation: "no NAME" over the images of which all things are boxed.
    """
    from mirada.evaluation.datasets import read_dataset  # noqa: PLC0415 only when it runs

    images = read_dataset(dataset, split=split)
    with TemporaryDirectory() as scratch:
        found, denied = _evaluate(images, work or Path(scratch), count, seed)
    if as_json:
        both = {"no_match": asdict(found), "negation": asdict(denied) if denied else None}
        print_json({"dataset": dataset.name, "split": split, **both})
    else:
        _print(found, denied)


def _evaluate(
    images: Sequence[CaptionedImage], work: Path, count: int, seed: int
) -> tuple[NoMatch, Negation | None]:
    from mirada.cli.gallery import index_dataset  # noqa: PLC0415
    from mirada.evaluation.answers import (  # noqa: PLC0415
        evaluate_negation,
        evaluate_no_match,
        subjects,
    )
    from mirada.vocabulary.entries import vocabulary_of  # noqa: PLC0415

    collection, ids = index_dataset(images, work)
    vocabulary = vocabulary_of(collection.home)
    present, absent = subjects(images, vocabulary, count=count, seed=seed)
    first = collection.search(present[0], limit=1)
    with bar("searching", len(present) + len(absent)) as advance:

        def surest(text: str) -> float:
            advance(1)
            results = collection.search(text, limit=10)
            told = (hit.confidence for hit in (*results.hits, *results.below))
            return max((1.0 if one is None else one for one in told), default=0.0)

        found = evaluate_no_match(present, absent, surest, cut=first.cut or NO_CUT, cuts=CUTS)
    denied = evaluate_negation(
        images, vocabulary, lambda text: np.isneginf(collection.score(text, ids))
    )
    return found, denied


def _print(found: NoMatch, denied: Negation | None) -> None:
    click.echo(
        f"no match: of {found.present} things that are there {100 * found.shown:.1f}% are shown, of"
        f" {found.absent} that are not {100 * found.hidden:.1f}% are denied: balanced accuracy"
        f" {100 * found.balanced_accuracy:.1f}"
    )
    click.secho(f"{'cut':>8}{'shown':>8}{'denied':>8}{'both':>8}", dim=True)
    for cut, shown, hidden in found.curve:
        both = (shown + hidden) / 2
        click.echo(f"{cut:>8.2f}{100 * shown:>8.1f}{100 * hidden:>8.1f}{100 * both:>8.1f}")
    if denied is None:
        click.echo("negation: no image has boxes of all its things")
        return
    click.echo(
        f"negation: {denied.classes} things over {denied.images} images; left out of those that"
        f" show them {100 * denied.removed:.1f}% (plainly {100 * denied.removed_visible:.1f}%), of"
        f" the others {100 * denied.lost:.1f}%"
    )
