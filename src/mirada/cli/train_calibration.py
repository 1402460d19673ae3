"""`mirada train calibration`: fits anew how the scores of a model turn into probabilities."""

from __future__ import annotations

from pathlib import Path

import click

FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command(epilog="Example: mirada train calibration my-model --dev data/dev")
@click.argument("model", type=FOLDER)
@click.option("--dev", required=True, type=FOLDER, help="Captioned images; never learnt from.")
@click.option(
    "--languages",
    default="en,es",
    show_default=True,
    help="en, or en,es: captions are put into Spanish by Apertium.",
)
@click.option("--seed", type=int, default=0, show_default=True)
def calibration(model: Path, dev: Path, languages: str, seed: int) -> None:
    """Fit the confidence of a model that `mirada train dual` wrote, and store it with the model.

    Probabilities are fitted on one caption of each image of DEV with images that match and that
    don't.
    """
    from mirada.cli.cost import tell_looking  # noqa: PLC0415 only when it runs
    from mirada.evaluation.datasets import read_dataset  # noqa: PLC0415
    from mirada.models.small import SmallEncoder  # noqa: PLC0415
    from mirada.training.calibration import calibrate  # noqa: PLC0415
    from mirada.training.corpus import read_corpora  # noqa: PLC0415
    from mirada.training.export import write_calibration  # noqa: PLC0415

    spoken = languages.split(",")
    cache = model.with_name(f"{model.name}.translations.json")
    images, encoder = read_dataset(dev), SmallEncoder(model)
    tell_looking(encoder, images)
    (corpus,) = read_corpora([images], spoken, cache, lambda line: click.echo(line, err=True))
    fitted, found = calibrate(encoder, corpus, spoken, seed=seed)
    write_calibration(model, fitted)
    click.echo(
        f"temperature {fitted.temperature:g}, scale {fitted.scale:.2f}, offset {fitted.offset:.2f}"
    )
    click.echo(f"expected calibration error on other draws: {found.error:.4f}")
    for mean, share, weight in found.bins:
        click.echo(f"  said {mean:.3f}, were {share:.3f} (weight {weight:.4f})")
