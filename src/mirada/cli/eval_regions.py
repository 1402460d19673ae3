"""`mirada eval regions`: how many of the things in images the proposals of segmenters meet."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mirada.cli.output import print_json
from mirada.cli.progress import bar
from mirada.errors import DatasetError, ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.evaluation.regions import RegionsReport
    from mirada.evaluation.significance import Interval
    from mirada.protocols import Segmenter

SEGMENTERS = ("feature-map", "grid", "felzenszwalb")


@click.command(epilog="Example: mirada eval regions data/dev --split flickr8k --proposals 20")
@click.argument("dataset", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--split", help="Only images of this split or dataset. [default: all]")
@click.option(
    "--proposals",
    type=click.IntRange(1, 30),
    default=20,
    show_default=True,
    help="How many of the surest proposals count.",
)
@click.option(
    "--segmenter",
    "names",
    multiple=True,
    default=SEGMENTERS,
    show_default=True,
    help="See `mirada models`; give it again for more, the first is set against the others.",
)
@click.option(
    "--weights",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of a model made by `mirada train segmenter`, to be measured first.",
)
@click.option(
    "--images", "limit", type=click.IntRange(min=1), help="Only so many of them, evenly spread."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def regions(
    dataset: Path,
    split: str | None,
    proposals: int,
    names: tuple[str, ...],
    weights: Path | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Report the recall of boxes that people drew, at IoU 0.3 and 0.5.

    DATASET is a folder with index.jsonl whose rows have boxes [{label, x0, y0, x1, y1}].
    Identical boxes of an image count once; the whole image is not among the proposals.
    """
    from mirada.evaluation.datasets import read_dataset  # noqa: PLC0415 only when it runs
    from mirada.evaluation.regions import fully_boxed  # noqa: PLC0415

    images = fully_boxed(read_dataset(dataset, split=split))
    if not images:
        raise DatasetError(f"{dataset} has no boxes: rows need boxes [{{label, x0, y0, x1, y1}}]")
    if limit is not None:
        images = images[:: -(-len(images) // limit)]
    segmenters = _segmenters(names, weights)
    reports = {
        name: _evaluate([image for image in images if image.dataset == name], segmenters, proposals)
        for name in sorted({image.dataset for image in images})
    }
    if as_json:
        told = {name: asdict(report) for name, report in reports.items()}
        print_json({"dataset": dataset.name, "split": split, "proposals": proposals, **told})
    else:
        for name, report in reports.items():
            _print(report, f"{name}, at most {proposals} proposals")


def _segmenters(names: Sequence[str], weights: Path | None) -> list[Segmenter]:
    from mirada.models.segmenters import MapSegmenter  # noqa: PLC0415
    from mirada.plugins import load_segmenter  # noqa: PLC0415

    own = [] if weights is None else [MapSegmenter(weights)]
    return [*own, *(load_segmenter(name) for name in names)]


def _evaluate(
    images: Sequence[CaptionedImage], segmenters: Sequence[Segmenter], proposals: int
) -> RegionsReport:
    from mirada.cli.cost import tell_looking  # noqa: PLC0415
    from mirada.evaluation.regions import evaluate_regions  # noqa: PLC0415
    from mirada.models.small import SmallEncoder  # noqa: PLC0415

    encoder = SmallEncoder()
    for segmenter in segmenters:
        if segmenter.maps_of not in (None, encoder.name):
            raise ModelUnavailable(f"{segmenter.name} reads the maps of {segmenter.maps_of}")
    tell_looking(encoder, images, looks=len(segmenters) + 1)
    with bar("looking", len(images)) as advance:
        return evaluate_regions(images, encoder, segmenters, proposals=proposals, advance=advance)


def _print(report: RegionsReport, what: str) -> None:
    sizes = ", ".join(f"{count:,} {size}" for size, count in report.sizes.items())
    click.echo(f"{what}: {report.images:,} images, {report.boxes:,} boxes ({sizes})")
    heads = ("IoU 0.3 [95%]", "IoU 0.5 [95%]", "with the whole", *report.sizes)
    click.secho(f"{'':<18}{''.join(f'{head:>21}' for head in heads)}{'ms':>7}", dim=True)
    for name, found in report.found.items():
        cells = [_span(found.recall[cut]) for cut in found.recall]
        cells += [_pair(one) for one in (found.with_whole, *found.by_size.values())]
        told = "".join(f"{cell:>21}" for cell in cells)
        click.echo(f"{name:<18}{told}{found.milliseconds:>7.1f}")
    first = next(iter(report.found))
    for name, gains in report.gains.items():
        told = ", ".join(f"IoU {cut}: {_span(one, sign='+')}" for cut, one in gains.items())
        click.echo(f"{first} over {name}: {told}")
    click.echo(f"feature map: {report.map_milliseconds:.0f} ms, shared with tags and captions")


def _span(one: Interval, sign: str = "") -> str:
    numbers = [f"{100 * value:{sign}.1f}" for value in (one.mean, one.low, one.high)]
    return f"{numbers[0]} [{numbers[1]}, {numbers[2]}]"


def _pair(shares: Mapping[float, Interval]) -> str:
    return " / ".join(f"{100 * one.mean:.1f}" for one in shares.values())
