"""`mirada train lora`: adapt an encoder or a captioner of Hugging Face to your own captions."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from mirada.errors import ModelUnavailable
from mirada.training.lora.recipe import LoraRecipe

RECIPE = LoraRecipe()
FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
NEW_FOLDER = click.Path(path_type=Path, file_okay=False)
AT_LEAST_ONE = click.IntRange(min=1)


@click.command(
    epilog="Example: mirada train lora openai/clip-vit-base-patch32 data/train --dev data/dev"
    " --out my-clip --merge"
)
@click.argument("model")
@click.argument("dataset", type=FOLDER)
@click.option(
    "--dev",
    required=True,
    type=FOLDER,
    help="Captioned images to measure on after each epoch; never learnt from.",
)
@click.option("--split", help="Only dev images of this split or dataset. [default: all]")
@click.option("--out", required=True, type=NEW_FOLDER, help="Folder for what was learnt.")
@click.option(
    "--work",
    type=NEW_FOLDER,
    help="Folder of the checkpoint; the same one resumes. [default: OUT.work]",
)
@click.option("--revision", help="Branch, tag or commit of the model on the hub.")
@click.option("--merge", is_flag=True, help="Write the model with the adapters worked in, too.")
@click.option("--rank", type=AT_LEAST_ONE, default=RECIPE.rank, show_default=True)
@click.option("--rate", type=float, default=RECIPE.schedule.rate, show_default=True, help="Peak.")
@click.option("--epochs", type=AT_LEAST_ONE, default=RECIPE.schedule.epochs, show_default=True)
@click.option("--batch", type=AT_LEAST_ONE, default=RECIPE.schedule.batch, show_default=True)
@click.option(
    "--pieces",
    type=AT_LEAST_ONE,
    default=RECIPE.pieces,
    show_default=True,
    help="Parts in which a batch is computed, to save memory; it learns the same.",
)
@click.option(
    "--showings",
    type=AT_LEAST_ONE,
    default=RECIPE.showings,
    show_default=True,
    help="Captions of an image shown in an epoch.",
)
@click.option(
    "--patience",
    type=AT_LEAST_ONE,
    default=RECIPE.patience,
    show_default=True,
    help="Epochs without a better dev set before it stops.",
)
@click.option("--seed", type=int, default=RECIPE.seed, show_default=True)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    help="[default: MIRADA_DEVICE, else auto]",
)
@click.option(
    "--bfloat16/--float32",
    default=None,
    help="Of products; weights stay in float32. [default: bfloat16 on CUDA]",
)
@click.option("--threads", type=AT_LEAST_ONE, help="[default: all cores]")
@click.option("--yes", is_flag=True, help="Start without asking.")
def lora(
    model: str,
    dataset: Path,
    dev: Path,
    split: str | None,
    out: Path,
    work: Path | None,
    revision: str | None,
    merge: bool,
    rank: int,
    rate: float,
    epochs: int,
    batch: int,
    pieces: int,
    showings: int,
    patience: int,
    seed: int,
    device: str | None,
    bfloat16: bool | None,
    threads: int | None,
    yes: bool,
) -> None:
    """Adapt a CLIP, SigLIP, BLIP or BLIP-2 MODEL with low-rank adapters.

    MODEL is a folder in the format of Hugging Face or an id on its hub; with HF_HUB_OFFLINE=1
    nothing is fetched. DATASET and DEV are as in `mirada train dual`. Leaves OUT/adapter, for
    peft, and OUT/training.json, which says where it came from. A run that was stopped goes on
    where it was when it is started again.
    """
    recipe = replace(
        RECIPE,
        seed=seed,
        rank=rank,
        alpha=2 * rank,
        showings=showings,
        pieces=pieces,
        patience=patience,
        schedule=replace(RECIPE.schedule, epochs=epochs, batch=batch, rate=rate),
    )
    run_lora(
        recipe,
        model,
        dataset,
        dev,
        revision=revision,
        split=split,
        out=out,
        work=work or out.with_name(f"{out.name}.work"),
        merge=merge,
        device=device,
        bfloat16=bfloat16,
        threads=threads,
        yes=yes,
    )


def run_lora(
    recipe: LoraRecipe,
    model: str,
    dataset: Path,
    dev: Path,
    *,
    out: Path,
    work: Path,
    revision: str | None = None,
    split: str | None = None,
    merge: bool = False,
    device: str | None = None,
    bfloat16: bool | None = None,
    threads: int | None = None,
    yes: bool = False,
) -> None:
    """Say what the run will cost, ask, and train."""
    from mirada.evaluation.datasets import read_dataset  # noqa: PLC0415 only when it runs

    try:
        from mirada.models.devices import choose_device, halves  # noqa: PLC0415
        from mirada.training.lora.job import Job, estimate, make_stage, train_lora  # noqa: PLC0415
        from mirada.training.lora.models import load_base  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ModelUnavailable(f"{error.name} is missing: pip install 'mirada[lora]'") from error

    chosen = choose_device(device)
    train, watched = read_dataset(dataset), read_dataset(dev, split=split)
    job = Job(
        replace(recipe, bfloat16=halves(chosen) if bfloat16 is None else bfloat16),
        load_base(model, revision),
        train,
        watched,
        work,
        out,
        merge,
        chosen,
        threads or os.cpu_count() or 1,
        lambda line: click.echo(line, err=True),
    )
    stage = make_stage(job)
    click.echo(estimate(job, stage), err=True)
    if not yes:
        click.confirm("Start?", abort=True, err=True)
    train_lora(job, stage)
    click.echo(str(out))
