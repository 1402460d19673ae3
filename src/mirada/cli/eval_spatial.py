"""`mirada eval spatial`: whether a search tells left from right, and above from below."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress

from mirada.cli.output import print_json
from mirada.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.evaluation.significance import Interval
    from mirada.evaluation.spatial import EngineFound, Found, SpatialEngine, SpatialReport


@dataclass(frozen=True, slots=True)
class Setting:
    """What engines are made from."""

    images: Sequence[CaptionedImage]
    encoder: str
    work: Path


def _boxes(setting: Setting) -> SpatialEngine:  # noqa: ARG001 no vectors are needed
    """Annotated boxes as regions, their labels as what is seen."""
    from mirada.evaluation.spatial_engines import Annotations, RegionsEngine  # noqa: PLC0415
    from mirada.search.query import parse  # noqa: PLC0415

    return RegionsEngine("annotated boxes", Annotations(), parse=parse)


def _regions(setting: Setting) -> SpatialEngine:
    """The regions of mirada, as `mirada search` ranks."""
    from mirada.cli.gallery import index_dataset  # noqa: PLC0415
    from mirada.evaluation.spatial_engines import ScoredEngine  # noqa: PLC0415

    collection, ids = index_dataset(setting.images, setting.work)
    return ScoredEngine("mirada's own regions", lambda text: collection.score(text, ids))


def _vectors(setting: Setting) -> SpatialEngine:
    """Image vectors alone."""
    from mirada.evaluation.spatial_engines import VectorsEngine  # noqa: PLC0415
    from mirada.plugins import load_encoder  # noqa: PLC0415

    return VectorsEngine(load_encoder(setting.encoder))


CONDITIONS: Mapping[str, Callable[[Setting], SpatialEngine]] = {
    "boxes": _boxes,
    "regions": _regions,
    "vectors": _vectors,
}
"""Name -> what makes the engine."""


@click.command(epilog="Example: mirada eval spatial data/dev --condition boxes --json")
@click.argument("dataset", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--split", help="Only images of this split or dataset. [default: all]")
@click.option(
    "--condition",
    "conditions",
    type=click.Choice(list(CONDITIONS)),
    multiple=True,
    default=tuple(CONDITIONS),
    show_default=True,
    help="What is searched: annotated boxes, mirada's own regions, or image vectors alone; give it"
    " again for more.",
)
@click.option("--encoder", default="mirada-small", show_default=True, help="See `mirada models`.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="How many queries for each relation at most.",
)
@click.option(
    "--images", "count", type=click.IntRange(min=1), help="Only so many of them, evenly spread."
)
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the images and their index, kept for the next run. [default: none is kept]",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def spatial(
    dataset: Path,
    split: str | None,
    conditions: tuple[str, ...],
    encoder: str,
    limit: int,
    count: int | None,
    work: Path | None,
    as_json: bool,
) -> None:
    """Ask for things by how they lie to one another, and report what is found.

    DATASET is a folder with index.jsonl whose rows have boxes [{label, x0, y0, x1, y1}]. Queries
    such as "a dog to the left of a man" are made from boxes that lie clearly apart. Swap: how often
    an image scores higher for its query than for its twin, "a man to the left of a dog"; 50 is
    chance. Recall and nDCG are over all images that have boxes.
    """
    from mirada.evaluation.datasets import read_dataset  # noqa: PLC0415 only when it runs

    images = [image for image in read_dataset(dataset, split=split) if image.boxes]
    if not images:
        raise DatasetError(f"{dataset} has no boxes: rows need boxes [{{label, x0, y0, x1, y1}}]")
    if count is not None:
        images = images[:: -(-len(images) // count)]
    with TemporaryDirectory() as scratch:
        setting = Setting(images, encoder, work or Path(scratch))
        report = _evaluate(images, [CONDITIONS[name](setting) for name in conditions], limit)
    if as_json:
        print_json({"dataset": dataset.name, "split": split, "limit": limit, **asdict(report)})
    else:
        _print(report)


def _evaluate(
    images: Sequence[CaptionedImage], engines: Sequence[SpatialEngine], limit: int
) -> SpatialReport:
    from mirada.evaluation.spatial import evaluate_spatial  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("searching", total=None)
        return evaluate_spatial(
            images,
            engines,
            limit=limit,
            advance=lambda name: bar.update(task, description=name),
        )


def _print(report: SpatialReport) -> None:
    click.echo(
        f"{report.images:,} images with boxes, {report.pairs:,} queries with their twins"
        f" ({report.queries:,} different)"
    )
    for name, engine in report.engines.items():
        _print_engine(name, engine)


def _print_engine(name: str, engine: EngineFound) -> None:
    click.echo(f"\n{name}, {engine.seconds:.0f} s")
    cuts = "".join(f"{f'R@{cut}':>7}" for cut in engine.by_group["all"].recall)
    head = f"{'':<12}{'swap [95%]':>22}{'pairs':>7}{cuts}{'nDCG@10 [95%]':>23}{'queries':>9}"
    click.secho(head, dim=True)
    for kind, found in {**engine.by_relation, **engine.by_group}.items():
        click.echo(_line(kind, found))


def _line(kind: str, found: Found) -> str:
    shares = "".join(f"{100 * one.mean:>7.1f}" for one in found.recall.values())
    return (
        f"{kind:<12}{_span(found.swap):>22}{found.pairs:>7,}{shares}"
        f"{_span(found.ndcg):>23}{found.queries:>9,}"
    )


def _span(one: Interval) -> str:
    return f"{100 * one.mean:.1f} [{100 * one.low:.1f}, {100 * one.high:.1f}]"
