"""`mirada eval tags`: do tags find the right images, and can their probabilities be believed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mirada.cli.output import print_json
from mirada.cli.progress import bar

if TYPE_CHECKING:
    from mirada.evaluation.chances import Reliability
    from mirada.evaluation.tags import SourceReport, TruthReport


@click.command(epilog="Example: mirada eval tags data/dev --split coco --half 1")
@click.argument("dataset", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--split", help="Only images of this split or dataset. [default: all]")
@click.option(
    "--half",
    type=click.Choice(["0", "1"]),
    help="Only one half of the images: `mirada train tags` fits probabilities on half 0 of its"
    " dev set.",
)
@click.option("--encoder", default="mirada-small", show_default=True, help="See `mirada models`.")
@click.option("--segmenter", default="feature-map", show_default=True, help="As --encoder.")
@click.option(
    "--vocabulary",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Table of tags. [default: the shipped one]",
)
@click.option(
    "--weights",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File made by `mirada train tags`. [default: the shipped one]",
)
@click.option("--untrained", is_flag=True, help="As for an encoder without weights for tags.")
@click.option("--bins", is_flag=True, help="Show how probabilities compare with what was true.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, with the bins.")
def tags(
    dataset: Path,
    split: str | None,
    half: str | None,
    encoder: str,
    segmenter: str,
    vocabulary: Path | None,
    weights: Path | None,
    untrained: bool,
    bins: bool,
    as_json: bool,
) -> None:
    """Tag a dataset and report mean average precision and calibration.

    Measured against what captions name (things, as nouns; unmentioned counts as absent) and, on
    images of COCO all of whose things are boxed, against the boxes. Sources: the whole image, its
    regions, both, and as a baseline the plain cosine. The calibration error (15 bins) is given
    over all pairs of image and tag, and over those with a probability of 0.2 or more.
    """
    from mirada.cli.cost import tell_looking  # noqa: PLC0415 only when it runs
    from mirada.evaluation.datasets import read_dataset  # noqa: PLC0415
    from mirada.evaluation.tags import evaluate_tags, fold_of, see  # noqa: PLC0415
    from mirada.plugins import load_encoder, load_segmenter  # noqa: PLC0415
    from mirada.vocabulary.entries import SHIPPED, read_vocabulary  # noqa: PLC0415
    from mirada.vocabulary.learnt import SHIPPED_WEIGHTS, read_learnt  # noqa: PLC0415
    from mirada.vocabulary.scoring import make_scorer  # noqa: PLC0415

    words = read_vocabulary(vocabulary or SHIPPED)
    images = [
        image
        for image in read_dataset(dataset, split=split)
        if half is None or fold_of(image.name) == int(half)
    ]
    model = load_encoder(encoder)
    learnt = None if untrained else read_learnt(weights or SHIPPED_WEIGHTS)
    scorer = make_scorer(model, words, learnt)
    tell_looking(model, images)
    with bar("looking", len(images)) as advance:
        seen = see(images, model, load_segmenter(segmenter), advance)
    reports = evaluate_tags(images, seen, scorer, model)
    if as_json:
        about = {"dataset": dataset.name, "split": split, "half": half, "scorer": scorer.name}
        print_json({**about, "truths": [asdict(report) for report in reports]})
        return
    for report in reports:
        _print(report, bins=bins)


def _print(report: TruthReport, *, bins: bool) -> None:
    click.echo(f"truth: {report.truth}; {report.images:,} images, {report.classes:,} tags")
    click.secho(f"{'':<16}{'mAP':>7}{'ECE':>9}{'ECE of p >= 0.2':>18}{'pairs':>9}", dim=True)
    for one in report.sources:
        click.echo(_line(one))
    if bins:
        _print_bins(report.sources[-1].all)


def _line(one: SourceReport) -> str:
    kept = f"{one.kept.error:>18.4f}{one.kept.count:>9,}"
    return f"{one.source:<16}{100 * one.mean_average_precision:>7.2f}{one.all.error:>9.4f}{kept}"


def _print_bins(found: Reliability) -> None:
    click.secho(f"{'probability':<16}{'mean':>7}{'true':>9}{'pairs':>12}", dim=True)
    for one in found.bins:
        span = f"{one.low:.2f} to {one.high:.2f}"
        click.echo(f"{span:<16}{one.mean:>7.3f}{one.share:>9.3f}{one.count:>12,}")
