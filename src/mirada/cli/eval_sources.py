"""`mirada eval sources`: what vectors find, what words find, and what both find together."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress

from mirada.cli.output import print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mirada.collection import Collection
    from mirada.evaluation.datasets import CaptionedImage
    from mirada.evaluation.sources import SourcesReport
    from mirada.types import Ranking


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

    Three rankings are compared: by vectors alone, by words alone (BM25 over captions, tags,
    phrases), and by both as `mirada search` fuses them.
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
    from mirada.cli.progress import LineProgress  # noqa: PLC0415
    from mirada.collection import open_collection  # noqa: PLC0415
    from mirada.evaluation.sources import DEPTH, evaluate_sources  # noqa: PLC0415
    from mirada.search.searcher import Searcher  # noqa: PLC0415

    queries = [
        (text, image_id)
        for image, image_id in zip(images, _unpack(images, work / "images"), strict=True)
        for text in image.captions
    ]
    collection: Collection = open_collection(work / "images", home=work / "index")
    with LineProgress() as progress:
        collection.index(progress=progress)
    store, encoder = collection.store, collection.encoder
    searcher = Searcher(store, encoder)
    rankers: dict[str, Callable[[str], Ranking]] = {
        "vectors": lambda text: store.nearest(encoder.encode_texts([text])[0], limit=DEPTH),
        "words": partial(store.match, limit=DEPTH),
        "fused": partial(searcher.rank, limit=DEPTH),
    }
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("searching", total=len(queries))
        return evaluate_sources(
            queries, rankers, images=len(store), advance=lambda count: bar.advance(task, count)
        )


def _unpack(images: Sequence[CaptionedImage], folder: Path) -> list[str]:
    """Write the images as files, those of other datasets away; their ids."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = []
    for image in images:
        raw = image.source.read()
        ids.append(sha256(raw).hexdigest())
        path = folder / f"{ids[-1][:32]}{Path(image.name).suffix}"
        if not path.exists():
            path.write_bytes(raw)
    wanted = {one[:32] for one in ids}
    for path in folder.iterdir():
        if path.stem not in wanted:
            path.unlink()
    return ids


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
