"""Trains the segmenter from images with boxes: what `mirada train segmenter` runs.

    images -> feature maps of the encoder, and small pictures
    boxes  -> counts of things over a lattice of boxes
    both   -> a small network -> one .npz file

Maps and pictures are kept in the work folder, so a run that was stopped goes on where it was.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mirada.errors import DatasetError
from mirada.models.boxes import corners
from mirada.models.colours import shrink
from mirada.models.lattice import CELLS
from mirada.models.weights import CHANCES, MANIFEST
from mirada.training.checkpoint import read_json, write_json
from mirada.training.export import digests
from mirada.training.loop import read_log, run
from mirada.training.segmenter_model import ChanceNet, log_prior
from mirada.training.segmenter_stage import Drawn, SegmenterStage
from mirada.training.views import cache_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.models.small import SmallEncoder
    from mirada.training.segmenter_recipe import SegmenterRecipe

SAMPLED = 300  # images from which the spread of each channel is taken
LEAST_SPREAD = 0.05
SECONDS_A_STEP = 0.13  # of 16 images, measured on one core


@dataclass(frozen=True, slots=True)
class Job:
    """One training run."""

    recipe: SegmenterRecipe
    encoder: SmallEncoder  # whose maps the segmenter reads
    train: Sequence[CaptionedImage]  # those without boxes are left out
    dev: Sequence[CaptionedImage]
    work: Path  # caches and checkpoints
    out: Path  # the finished model
    name: str  # of the model, with its revision
    threads: int
    tell: Callable[[str], None]


def train_segmenter(job: Job) -> None:
    """Run, or resume, the training and write the model.

    Raises:
        DatasetError: a dataset has no boxes, or the work folder holds another run.
    """
    torch.set_num_threads(job.threads)
    claim(job)
    train, dev = (_drawn(job, name) for name in ("train", "dev"))
    model = start(job.recipe, train)
    run(
        SegmenterStage(job.recipe, model, train, dev), job.work, seed=job.recipe.seed, tell=job.tell
    )
    finish(job, model)


def claim(job: Job) -> None:
    """Mark the work folder as this run's.

    Raises:
        DatasetError: it holds a run with another recipe, encoder or data.
    """
    told = "\n".join(f"{image.name}\t{image.boxes}" for image in (*job.train, *job.dev))
    ours = {
        "recipe": job.recipe.fingerprint(),
        "encoder": job.encoder.name,
        "data": sha256(told.encode()).hexdigest()[:12],
    }
    if read_json(job.work / "run.json", ours) != ours:
        raise DatasetError(
            f"{job.work} holds a run with another recipe, encoder or other images:"
            " choose another --work"
        )
    write_json(job.work / "run.json", ours)


def boxed(images: Sequence[CaptionedImage]) -> list[CaptionedImage]:
    """The images that have boxes."""
    return [image for image in images if image.boxes]


def start(recipe: SegmenterRecipe, drawn: Drawn) -> ChanceNet:
    """The network before its first step: it knows where boxes usually are."""
    torch.manual_seed(recipe.seed)
    rows = np.linspace(0, len(drawn.boxes) - 1, min(SAMPLED, len(drawn.boxes))).astype(int)
    sample = np.concatenate([np.asarray(drawn.maps[row], np.float32) for row in rows])
    model = ChanceNet(recipe, sample.shape[1])
    model.centre.copy_(torch.from_numpy(sample.mean(0)))
    model.spread.copy_(torch.from_numpy(sample.std(0) + LEAST_SPREAD))
    model.prior.copy_(log_prior(drawn.boxes, recipe.prior_sharpness))
    return model


def finish(job: Job, model: ChanceNet) -> None:
    """Write the weights and the manifest."""
    job.out.mkdir(parents=True, exist_ok=True)
    stored: dict[str, Any] = model.arrays()
    np.savez(job.out / CHANCES, **stored)
    rows = list(read_log(job.work))
    write_json(
        job.out / MANIFEST,
        {
            "name": job.name,
            "maps_of": job.encoder.name,
            "files": digests(job.out, (CHANCES,)),
            "made_by": "mirada train segmenter",
            "recipe": job.recipe.fingerprint(),
            "made": time.strftime("%Y-%m-%d", time.gmtime()),
            "trained_on": _counts(boxed(job.train)),
            "licence": "Apache-2.0 (weights); the images it learnt from keep their own licences",
            "dev": rows[-1] if rows else {},
        },
    )
    job.tell(f"wrote {job.out}: {sum(p.stat().st_size for p in job.out.iterdir()) / 1e3:.0f} kB")


def estimate(job: Job) -> str:
    """What the run will cost, from one timed image."""
    images, schedule = boxed(job.train), job.recipe.schedule
    if not images:
        raise DatasetError("the images have no boxes: rows need boxes [{label, x0, y0, x1, y1}]")
    image = images[0].open(job.encoder.image_size)
    job.encoder.read_map(image)
    started = time.perf_counter()
    job.encoder.read_map(image)
    a_map = (time.perf_counter() - started) / job.threads
    maps = (len(images) + len(boxed(job.dev))) * a_map / 60
    training = schedule.epochs * len(images) / schedule.batch * SECONDS_A_STEP / 60
    return (
        f"{len(images):,} images with boxes: about {maps + training:.0f} minutes"
        f" (maps {maps:.0f}, training {training:.0f})"
    )


def _drawn(job: Job, name: str) -> Drawn:
    images = boxed(job.train if name == "train" else job.dev)
    if not images:
        raise DatasetError(f"no image of {name} has boxes: nothing to learn or to measure by")
    size = job.encoder.image_size

    def read(row: int) -> NDArray[np.float32]:
        return job.encoder.read_map(images[row].open(size)).reshape(CELLS * CELLS, -1)

    def small(row: int) -> NDArray[np.float32]:
        return shrink(images[row].open(size))

    maps = _cached(job, f"{name}-maps", len(images), read)
    pixels = _cached(job, f"{name}-pixels", len(images), small)
    return Drawn(maps, pixels, [_things(image) for image in images])


def _things(image: CaptionedImage) -> NDArray[np.float64]:
    """(n, 4) boxes of an image; the same box with several labels counts once."""
    return np.unique(corners([one.box for one in image.boxes]), axis=0)


def _cached(job: Job, name: str, count: int, one: Callable[[int], NDArray[np.float32]]) -> Any:
    job.tell(f"{name} of {count:,} images")
    return cache_rows(
        one,
        (count, *one(0).shape),
        to=job.work / f"{name}.npy",
        threads=job.threads,
        progress=lambda done: job.tell(f"  {done:,} more") if done > 1000 else None,
    )


def _counts(images: Sequence[CaptionedImage]) -> dict[str, int]:
    names = [image.dataset for image in images]
    return {name: names.count(name) for name in sorted(set(names))}
