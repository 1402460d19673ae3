"""`mirada eval retrieval`: how well a model finds the images of a captioned dataset."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress

from mirada.cli.output import print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.evaluation.encoding import Cost
    from mirada.evaluation.measures import Recall
    from mirada.evaluation.retrieval import EncodedDataset, RetrievalReport
    from mirada.protocols import Encoder


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
@click.option(
    "--run",
    "run_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write what each caption finds to this file, as a run of TREC (.gz is compressed).",
)
@click.option(
    "--qrels",
    "qrels_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write which image each caption is about to this file, as qrels of TREC.",
)
@click.option(
    "--depth",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Images a query in the run.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def retrieval(
    dataset: Path,
    split: str | None,
    lang: str,
    captions: Path | None,
    encoder: str,
    weights: Path | None,
    run_file: Path | None,
    qrels_file: Path | None,
    depth: int,
    as_json: bool,
) -> None:
    """Search a captioned dataset by each of its captions and report recall.

    DATASET is a folder with index.jsonl or captions.jsonl (rows {"file", "captions"}; files loose
    or in tar shards), with COCO's JSON, or with the captions.txt or token file of Flickr8k or
    Flickr30k. Every caption is a query over all images, and every query counts. Vectors are kept
    for the next time, see `mirada eval cache`; images and texts a second are of those that were
    not.
    """
    from mirada.evaluation.datasets import read_dataset  # noqa: PLC0415 only when it runs
    from mirada.evaluation.retrieval import report_of  # noqa: PLC0415
    from mirada.models.small import SmallEncoder  # noqa: PLC0415
    from mirada.plugins import load_encoder  # noqa: PLC0415
    from mirada.training.wordings import read_wordings, wordings_of  # noqa: PLC0415

    started = time.perf_counter()
    images = read_dataset(dataset, split=split)
    wordings = wordings_of(images, lang) if captions is None else read_wordings(captions, images)
    model = load_encoder(encoder) if weights is None else SmallEncoder(weights)
    seen = _encode(model, images, wordings)
    report = report_of(seen, started=started)
    _export(seen, [image.name for image in images], run_file, qrels_file, depth)
    if as_json:
        print_json({"dataset": dataset.name, "split": split, "lang": lang, **asdict(report)})
    else:
        _print(report, f"{dataset.name}{f' {split}' if split else ''} {lang}")
    if seen.images.cost.made or seen.texts.cost.made:
        _say_kept(model)


def _encode(
    model: Encoder, images: Sequence[CaptionedImage], wordings: Sequence[Sequence[str]]
) -> EncodedDataset:
    """Everything encoded, with a bar on stderr."""
    from mirada.evaluation.encoding import Telling  # noqa: PLC0415
    from mirada.evaluation.retrieval import encode_dataset  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("encoding", total=len(images) + sum(map(len, wordings)))
        telling = Telling(lambda count: bar.advance(task, count), bar.console.print)
        return encode_dataset(model, images, captions=wordings, telling=telling)


def _export(
    seen: EncodedDataset,
    names: Sequence[str],
    run_file: Path | None,
    qrels_file: Path | None,
    depth: int,
) -> None:
    from mirada.evaluation.exported import caption_qrels, caption_run  # noqa: PLC0415
    from mirada.evaluation.trec import write_qrels, write_run  # noqa: PLC0415

    if run_file:
        write_run(run_file, caption_run(seen, names, depth=depth))
    if qrels_file:
        write_qrels(qrels_file, caption_qrels(names, seen.owners))


def _say_kept(model: Encoder) -> None:
    """How much is kept by now, on stderr."""
    from mirada.evaluation.kept import kept_folder, sizes  # noqa: PLC0415
    from mirada.protocols import Digested  # noqa: PLC0415

    if isinstance(model, Digested):
        total = sum(one.bytes for one in sizes()) / 1e6
        note = f"kept for the next time: {kept_folder()}, {total:,.1f} MB (mirada eval cache)"
    else:
        note = f"{model.name} has no digest of its weights, so its vectors are not kept"
    click.echo(note, err=True)


def _print(report: RetrievalReport, what: str) -> None:
    cuts = list(report.text_to_image.at)
    click.echo(f"{report.model} on {what}: {report.images:,} images, {report.seconds:.0f} s")
    head = "".join(f"{f'R@{cut}':>8}" for cut in cuts)
    click.secho(f"{'':<15}{head}{'median':>8}{'queries':>9}", dim=True)
    click.echo(_line("text to image", report.text_to_image))
    click.echo(_line("image to text", report.image_to_text))
    click.echo(f"images: {_told(report.image_cost)}; texts: {_told(report.text_cost)}")
    if report.peak_memory is not None:
        click.echo(f"peak memory: {report.peak_memory / 1e6:,.0f} MB")


def _told(cost: Cost) -> str:
    """How many were encoded, and how fast."""
    if not cost.made:
        return f"all {cost.kept:,} from the cache"
    rate = f", {cost.a_second:,.1f} a second" if cost.a_second else ""
    return f"{cost.made:,} encoded{rate}" + (f", {cost.kept:,} not again" if cost.kept else "")


def _line(name: str, found: Recall) -> str:
    shares = "".join(f"{100 * share:>8.2f}" for share in found.at.values())
    return f"{name:<15}{shares}{found.median_rank:>8g}{found.queries:>9,}"
