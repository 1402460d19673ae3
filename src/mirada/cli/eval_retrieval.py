"""`mirada eval retrieval`: how well a model finds the images of a captioned dataset."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress

from mirada.cli.output import print_json
from mirada.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.evaluation.measures import Recall
    from mirada.evaluation.retrieval import RetrievalReport


@click.command(epilog="Example: mirada eval retrieval data/dev --split coco --lang es")
@click.argument("dataset", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--split", help="Only images of this split or dataset. [default: all]")
@click.option(
    "--lang",
    type=click.Choice(["en", "es"]),
    default="en",
    show_default=True,
    help="Language of the queries; captions are put into Spanish by Apertium.",
)
@click.option(
    "--captions",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="JSONL rows {file, captions} to query with instead of the dataset's own.",
)
@click.option("--encoder", default="mirada-small", show_default=True, help="See `mirada models`.")
@click.option(
    "--weights",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of a model made by `mirada train dual`, instead of an installed encoder.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def retrieval(
    dataset: Path,
    split: str | None,
    lang: str,
    captions: Path | None,
    encoder: str,
    weights: Path | None,
    as_json: bool,
) -> None:
    """Search a captioned dataset by each of its captions and report recall.

    DATASET is a folder with index.jsonl or captions.jsonl (rows {"file", "captions"}; files loose
    or in tar shards), or with COCO captions JSON. Every caption is a query over all images, and
    every query counts.
    """
    from mirada.evaluation.datasets import read_dataset  # noqa: PLC0415 only when it runs
    from mirada.evaluation.retrieval import evaluate_retrieval  # noqa: PLC0415
    from mirada.models.small import SmallEncoder  # noqa: PLC0415
    from mirada.plugins import load_encoder  # noqa: PLC0415

    images = read_dataset(dataset, split=split)
    wordings = _wordings(images, lang, captions)
    model = load_encoder(encoder) if weights is None else SmallEncoder(weights)
    total = len(images) + sum(map(len, wordings))
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("encoding", total=total)
        report = evaluate_retrieval(
            model, images, captions=wordings, advance=lambda count: bar.advance(task, count)
        )
    if as_json:
        print_json({"dataset": dataset.name, "split": split, "lang": lang, **asdict(report)})
    else:
        _print(report, f"{dataset.name}{f' {split}' if split else ''} {lang}")


def _wordings(
    images: Sequence[CaptionedImage], lang: str, captions: Path | None
) -> list[Sequence[str]]:
    """The queries of each image."""
    if captions is not None:
        return _from_file(images, captions)
    own: list[Sequence[str]] = [image.captions for image in images]
    if lang == "en":
        return own
    from mirada.training.translate import to_spanish  # noqa: PLC0415 runs another program

    spanish = iter(to_spanish([text for wording in own for text in wording]))
    return [[next(spanish) for _ in wording] for wording in own]


def _from_file(images: Sequence[CaptionedImage], path: Path) -> list[Sequence[str]]:
    given: dict[str, list[str]] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            given[row["file"]] = [str(text) for text in row["captions"]]
        except (ValueError, KeyError, TypeError) as error:
            raise DatasetError(
                f"{path}, line {number}: not a row with file and captions"
            ) from error
    missing = [image.name for image in images if image.name not in given]
    if missing:
        raise DatasetError(f"{path} lacks {missing[0]} and {len(missing) - 1} more of the images")
    return [given[image.name] for image in images]


def _print(report: RetrievalReport, what: str) -> None:
    cuts = list(report.text_to_image.at)
    click.echo(f"{report.model} on {what}: {report.images:,} images, {report.seconds:.0f} s")
    head = "".join(f"{f'R@{cut}':>8}" for cut in cuts)
    click.secho(f"{'':<15}{head}{'median':>8}{'queries':>9}", dim=True)
    click.echo(_line("text to image", report.text_to_image))
    click.echo(_line("image to text", report.image_to_text))


def _line(name: str, found: Recall) -> str:
    shares = "".join(f"{100 * share:>8.2f}" for share in found.at.values())
    return f"{name:<15}{shares}{found.median_rank:>8g}{found.queries:>9,}"
