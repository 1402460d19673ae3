"""`mirada eval captions`: how near captions come to people's, checked and not, and baselines."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from mirada.cli.output import print_json
from mirada.cli.progress import bar

DESCRIBED = 3  # times the work of a vector that a described picture takes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.evaluation.captioned import Said
    from mirada.evaluation.captions import CaptionReport


@click.command(epilog="Example: mirada eval captions data/dev --split coco --train data/train")
@click.argument("dataset", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--split", help="Only images of this split or dataset. [default: all]")
@click.option(
    "--lang",
    type=click.Choice(["en", "es"]),
    default="en",
    show_default=True,
    help="Language; people's captions are put into Spanish by Apertium.",
)
@click.option(
    "--train",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Captioned images: the caption of the nearest one is a baseline (English only).",
)
@click.option("--captioner", default="mirada-small-captioner", show_default=True)
@click.option(
    "--weights",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of a model made by `mirada train captioner`, instead of an installed one.",
)
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the vectors of the training images. [default: none is kept]",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document, with all captions.")
def captions(
    dataset: Path,
    split: str | None,
    lang: str,
    train: Path | None,
    captioner: str,
    weights: Path | None,
    work: Path | None,
    as_json: bool,
) -> None:
    """Caption a dataset and compare with what people wrote: CIDEr-D, BLEU-4, METEOR.

    The captioner is measured as `mirada index` uses it (candidates checked against the pixels,
    the best kept or none), without rejecting any, and without checks. The baselines, in English,
    are the best tags in a template and, with --train, the caption of the nearest training image.
    """
    from mirada.cli.cost import tell_looking  # noqa: PLC0415 only when it runs
    from mirada.evaluation.captioned import caption_images, nearest_captions  # noqa: PLC0415
    from mirada.evaluation.captions import evaluate_captions, template  # noqa: PLC0415
    from mirada.evaluation.datasets import read_dataset  # noqa: PLC0415 only when it runs
    from mirada.models.captioners import SmallCaptioner  # noqa: PLC0415
    from mirada.models.small import SmallEncoder  # noqa: PLC0415
    from mirada.plugins import load_captioner  # noqa: PLC0415
    from mirada.training.wordings import wordings_of  # noqa: PLC0415

    images = read_dataset(dataset, split=split)
    encoder = SmallEncoder()
    model = load_captioner(captioner) if weights is None else SmallCaptioner(weights)
    with TemporaryDirectory() as scratch:
        home = work or Path(scratch)
        home.mkdir(parents=True, exist_ok=True)
        tell_looking(encoder, images, looks=DESCRIBED)
        with bar("looking", len(images)) as advance:
            said = caption_images(images, encoder, model, language=lang, home=home, advance=advance)
        systems = _systems(said)
        if lang == "en":  # so are the tags
            systems["tags in a template"] = [template(one.tags) for one in said]
        if train is not None and lang == "en":
            known, seen = read_dataset(train), [one.vector for one in said]
            with bar("looking", len(known)) as advance:
                systems["nearest training caption"] = nearest_captions(
                    seen, known, encoder, keep=home / "train-vectors.npy", advance=advance
                )
    report = evaluate_captions(wordings_of(images, lang), systems, language=lang)
    if as_json:
        print_json({"dataset": dataset.name, "split": split, **asdict(report), "captions": systems})
    else:
        _print(report, f"{dataset.name}{f' {split}' if split else ''} {lang}")


def _systems(said: Sequence[Said]) -> dict[str, list[str | None]]:
    return {
        "checked": [one.checked for one in said],
        "not checked": [one.likeliest for one in said],
        "checked, none rejected": [one.best for one in said],
    }


def _print(report: CaptionReport, what: str) -> None:
    click.echo(f"{what}: {report.images:,} images")
    click.secho(
        f"{'':<26}{'CIDEr-D':>8}{'BLEU-4':>8}{'METEOR':>8}{'words':>7}{'none':>6}", dim=True
    )
    for name, one in report.systems.items():
        click.echo(
            f"{name:<26}{one.cider_d:>8.2f}{one.bleu_4:>8.2f}{one.meteor:>8.2f}"
            f"{one.words:>7.1f}{one.missing:>6,}"
        )
    gain = report.gain
    if gain is not None:
        first, second, *_ = report.systems
        click.echo(
            f"CIDEr-D, {first} over {second}: {gain.mean:+.2f} [{gain.low:+.2f}, {gain.high:+.2f}]"
        )
