"""`mirada train checks`: fits anew how likely a caption that passed the check is to fit."""

from __future__ import annotations

from pathlib import Path

import click

CAPTIONED = 4  # times the work of a vector that writing all kinds of candidates takes
FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command(epilog="Example: mirada train checks data/dev --out checks.json")
@click.argument("dataset", type=FOLDER)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of fitted checks.",
)
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of feature maps and translations. [default: OUT.work]",
)
@click.option("--encoder", default="mirada-small", show_default=True, help="See `mirada models`.")
@click.option("--captioner", default="mirada-small-captioner", show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
def checks(
    dataset: Path, out: Path, work: Path | None, encoder: str, captioner: str, seed: int
) -> None:
    """Fit the probability of captions on DATASET: captioned images that were never learnt from.

    To ship the result, write it over mirada/indexing/checks.json.
    """
    from mirada.cli.cost import tell_looking  # noqa: PLC0415 only when it runs
    from mirada.errors import ModelUnavailable  # noqa: PLC0415
    from mirada.evaluation.datasets import read_dataset  # noqa: PLC0415
    from mirada.plugins import load_captioner, load_encoder  # noqa: PLC0415
    from mirada.protocols import MapEncoder  # noqa: PLC0415
    from mirada.training.captioner_checks import fit_checks, read_dev, write_checks  # noqa: PLC0415

    def tell(line: str) -> None:
        click.echo(line, err=True)

    writer, judge = load_captioner(captioner), load_encoder(encoder)
    if not isinstance(judge, MapEncoder):
        raise ModelUnavailable(f"{judge.name} makes no feature maps for a captioner to read")
    place = work or out.with_name(f"{out.name}.work")
    place.mkdir(parents=True, exist_ok=True)
    images = read_dataset(dataset)
    tell_looking(judge, images, looks=CAPTIONED)
    dev = read_dev(images, judge, writer.languages, place, tell)
    write_checks(out, judge, fit_checks(writer, judge, dev, seed=seed, tell=tell), tell)
