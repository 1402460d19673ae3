"""`mirada eval sources`: what vectors find, what words find, and what both find together."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from mirada.cli.output import print_json
from mirada.cli.progress import bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.evaluation.sources import SourcesReport


@click.command(epilog="Example: mirada eval sources data/dev --split coco --work /tmp/eval")
@click.argument("dataset", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--split", help="Only images of this split or dataset. [default: all]")
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the images and their index, kept for the next run. [default: none is kept]",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def sources(dataset: Path, split: str | None, work: Path | None, as_json: bool) -> None:
    """Index a captioned dataset as `mirada index` does, then search it by each of its captions.

    Four rankings are compared: by vectors alone, by words alone (BM25 over captions, tags,
    phrases), by both fused, and by a close look at every clause, as `mirada search` ranks.
    """
    from mirada.evaluation.datasets import read_dataset  # noqa: PLC0415 only when it runs

    images = read_dataset(dataset, split=split)
    with TemporaryDirectory() as scratch:
        report = _evaluate(images, work or Path(scratch))
    if as_json:
        print_json({"dataset": dataset.name, "split": split, **asdict(report)})
    else:
        _print(report)


def _evaluate(images: Sequence[CaptionedImage], work: Path) -> SourcesReport:
    from mirada.cli.gallery import index_dataset  # noqa: PLC0415
    from mirada.cli.systems import systems_of  # noqa: PLC0415
    from mirada.evaluation.sources import DEPTH, evaluate_sources  # noqa: PLC0415

    collection, ids = index_dataset(images, work)
    queries = [
        (text, image_id)
        for image, image_id in zip(images, ids, strict=True)
        for text in image.captions
    ]
    rankers = systems_of(collection, limit=DEPTH)
    with bar("searching", len(queries)) as advance:
        return evaluate_sources(queries, rankers, images=len(collection), advance=advance)


def _print(report: SourcesReport) -> None:
    first = next(iter(report.found))
    click.secho(f"{'':<10}{'R@1':>8}{'R@5':>8}{'R@10':>8}   R@10 over {first} [95%]", dim=True)
    for source, found in report.found.items():
        shares = "".join(f"{100 * share:>8.2f}" for share in found.at.values())
        more = report.gains.get(source)
        told = (
            f"   {100 * more.mean:+.2f} [{100 * more.low:+.2f}, {100 * more.high:+.2f}]"
            if more
            else ""
        )
        click.echo(f"{source:<10}{shares}{told}")
    click.echo(f"{report.images:,} images, {found.queries:,} queries")
