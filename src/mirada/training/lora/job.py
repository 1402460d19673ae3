"""Trains adapters from captioned images: what `mirada train lora` runs.

    base model -> adapters beside its linear maps -> epochs, each watched on the dev set
    best epoch -> adapter folder, merged model if wanted, and where it all came from

The work folder keeps a checkpoint, so a run that was stopped goes on where it was.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from mirada.errors import DatasetError
from mirada.training.checkpoint import read_json, write_json
from mirada.training.loop import read_log, run
from mirada.training.lora.captioners import CaptionerStage
from mirada.training.lora.data import watched_pairs
from mirada.training.lora.encoders import EncoderStage
from mirada.training.lora.export import Outcome, digest, write
from mirada.training.lora.models import CAPTIONER, adapt, trained_weights
from mirada.training.lora.stage import Adapted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.training.lora.models import Base
    from mirada.training.lora.recipe import LoraRecipe
    from mirada.training.lora.stage import LoraStage


@dataclass(frozen=True, slots=True)
class Job:
    """One training run."""

    recipe: LoraRecipe
    base: Base
    train: Sequence[CaptionedImage]
    dev: Sequence[CaptionedImage]
    work: Path  # checkpoint and log
    out: Path
    merge: bool  # whether the model with the adapters worked in is written too
    device: torch.device
    threads: int
    tell: Callable[[str], None]


def make_stage(job: Job) -> LoraStage:
    """The model with its adapters, ready to learn."""
    if not job.train or not job.dev:
        raise DatasetError("there are no captioned images to learn from, or none to measure on")
    torch.set_num_threads(job.threads)
    kind = CaptionerStage if job.base.family.kind == CAPTIONER else EncoderStage
    model = adapt(job.base, job.recipe)
    adapted = Adapted(job.base, model, job.device, job.threads)
    stage: LoraStage = kind(job.recipe, adapted, job.train, job.dev)
    return stage


def estimate(job: Job, stage: LoraStage) -> str:
    """What the run will cost at most, from one timed batch and some timed images of dev."""
    some = next(iter(stage.chunks(watched_pairs(job.dev))))
    stage.train(False)
    with torch.inference_mode():
        stage.watch(some[:1])  # the first call of all is slow
        watching = _seconds(job, lambda: stage.watch(some)) / len(some) * len(job.dev)
    stage.train(True)
    a_batch = _seconds(job, lambda: stage.learn(0))
    stage.model.zero_grad()
    learning = stage.epoch_steps * a_batch
    epochs = stage.schedule.epochs
    moving, every = trained_weights(stage.model)
    return (
        f"{len(job.train):,} images to learn from, {len(job.dev):,} to measure on;"
        f" {moving:,} of {every:,} weights move, on {job.device}:"
        f" about {epochs * (learning + watching) / 60:.0f} minutes at most"
        f" ({epochs} epochs of {stage.epoch_steps} batches,"
        f" learning {epochs * learning / 60:.0f}, measuring {epochs * watching / 60:.0f})"
    )


def train_lora(job: Job, stage: LoraStage) -> None:
    """Run, or resume, the training and write what came of it.

    Raises:
        DatasetError: the work folder holds another run.
    """
    claim(job)
    before = _before(job, stage)
    run(stage, job.work, seed=job.recipe.seed, tell=job.tell)
    rows = list(read_log(job.work))
    best = max(rows, key=lambda row: (stage.score(row), row["epoch"]))
    if stage.score(best) <= stage.score(before):
        job.tell("no epoch was better on dev than the base model: do not use these adapters")
    early = len(rows) < job.recipe.schedule.epochs
    write(job, stage, Outcome(before, best, epochs=len(rows), stopped_early=early))
    job.tell(f"wrote {job.out}")


def claim(job: Job) -> None:
    """Mark the work folder as this run's.

    Raises:
        DatasetError: it holds a run with another recipe, base model or data.
    """
    ours = {
        "recipe": job.recipe.fingerprint(),
        "base": job.base.revision,
        "data": digest((*job.train, *job.dev)),
    }
    if read_json(job.work / "run.json", ours) != ours:
        raise DatasetError(
            f"{job.work} holds a run with another recipe, base model or other images:"
            " choose another --work"
        )
    write_json(job.work / "run.json", ours)


def _before(job: Job, stage: LoraStage) -> dict[str, Any]:
    """Figures of the base model; adapters that have learnt nothing change nothing."""
    path = job.work / "before.json"
    known: dict[str, Any] | None = read_json(path, None)
    if known is None:
        job.tell("measuring the base model on dev")
        stage.train(False)
        with torch.inference_mode():
            known = stage.evaluate()
        write_json(path, known)
    job.tell(f"base model: {known}")
    return known


def _seconds(job: Job, call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    if job.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started
