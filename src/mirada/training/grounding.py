"""Teaches an encoder how texts fit parts of images: what `mirada train grounding` runs.

    images -> feature maps -> vectors of boxes, as drawn and slightly moved
    labels and phrases of the boxes -> vectors of texts, English and Spanish
    both   -> a low-rank correction of their dot product -> one .npz file with its logistic

Maps and translations are kept in the work folder, so a run that was stopped goes on where it was.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import torch

from mirada.errors import DatasetError
from mirada.models.grounding import read_grounding, write_grounding
from mirada.models.weights import MANIFEST
from mirada.training import translate
from mirada.training.checkpoint import read_json, write_atomically, write_json
from mirada.training.export import digests
from mirada.training.grounding_chances import area_inside, calibrated, reliability_on, see_scenes
from mirada.training.grounding_checks import see_drawn
from mirada.training.grounding_data import gather, names_of, things_of
from mirada.training.grounding_stage import Fit, GroundingStage
from mirada.training.loop import run
from mirada.training.views import cache_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.models.small import SmallEncoder
    from mirada.protocols import Segmenter
    from mirada.training.grounding_chances import Scene
    from mirada.training.grounding_checks import Drawn
    from mirada.training.grounding_data import Thing
    from mirada.training.grounding_recipe import GroundingRecipe
    from mirada.types import Calibration, Grounding

SECONDS_A_STEP = 0.04  # of 64 images, measured on one core
SECONDS_A_BOX = 0.0005  # through the head of the encoder
FITTED, HELD_OUT = 0, 1  # halves of the dev set


@dataclass(frozen=True, slots=True)
class Job:
    """One training run."""

    recipe: GroundingRecipe
    encoder: SmallEncoder  # that is taught
    segmenter: Segmenter  # whose proposals the probabilities are fitted on
    train: Sequence[CaptionedImage]  # those without boxes are left out
    dev: Sequence[CaptionedImage]
    work: Path  # caches and checkpoints
    out: Path  # the file of weights
    threads: int
    tell: Callable[[str], None]


def train_grounding(job: Job) -> None:
    """Run, or resume, the training and write the weights.

    Raises:
        DatasetError: a dataset has no boxes, or the work folder holds another run.
    """
    torch.set_num_threads(job.threads)
    train, dev = boxed(job.train, "train"), boxed(job.dev, "dev")
    claim(job, train, dev)
    told, asked = things_of(train), things_of(dev)
    spanish = _spanish(job, names_of((*told, *asked)))
    maps, dev_maps = (_maps(job, name, own) for name, own in (("train", train), ("dev", dev)))
    job.tell(f"vectors of {sum(map(len, told)):,} boxes and their names")
    lessons = gather(told, maps, job.encoder, spanish, job.recipe)
    drawn = _drawn(job, dev, asked, dev_maps, spanish)
    distractors = job.encoder.calibration.distractors
    torch.manual_seed(job.recipe.seed)
    model = Fit(job.encoder.dim, lessons.shapes.shape[-1], job.recipe)

    def watch(model: Fit) -> dict[str, Any]:
        return _figures(drawn, model.learnt(distractors))

    _tell(job, "cosine", _figures(drawn, job.encoder.calibration))
    run(
        GroundingStage(job.recipe, model, lessons, watch),
        job.work,
        seed=job.recipe.seed,
        tell=job.tell,
    )
    stored = _stored(job, model.learnt(distractors))
    _tell(job, "as stored", _figures(drawn, stored))
    job.tell(f"proposals of {len(dev):,} images")
    scenes = see_scenes(
        dev, asked, dev_maps, job.encoder, job.segmenter, spanish, seed=job.recipe.seed
    )
    finish(job, stored, scenes)


def finish(job: Job, stored: Grounding, scenes: Sequence[Scene]) -> None:
    """Fit the logistic, say what it is worth, write the file and tell the model beside it."""
    fitted = calibrated(stored, scenes, fold=FITTED)
    found = reliability_on(fitted, scenes, fold=HELD_OUT)
    job.tell(f"scale {fitted.scale:.3f}, offset {fitted.offset:.3f}")
    job.tell(f"expected calibration error on the other half: {found.error:.4f}")
    for one in found.bins:
        job.tell(f"  said {one.mean:.3f}, were {one.share:.3f} ({one.count:,} pairs)")
    for name, judge in (("cosine", job.encoder.calibration), ("as stored", fitted)):
        job.tell(f"{name}, proposals: area inside an image {100 * area_inside(judge, scenes):.1f}")
    _write(fitted, job.out)
    if _is_model(job.out.parent, job.encoder.name):
        manifest = read_json(job.out.parent / MANIFEST, {})
        manifest["files"] |= digests(job.out.parent, (job.out.name,))
        write_json(job.out.parent / MANIFEST, manifest)
    job.tell(f"wrote {job.out}: {job.out.stat().st_size / 1e3:.1f} kB")


def claim(job: Job, train: Sequence[CaptionedImage], dev: Sequence[CaptionedImage]) -> None:
    """Mark the work folder as this run's.

    Raises:
        DatasetError: it holds a run with another recipe, encoder or data.
    """
    told = "\n".join(f"{image.name}\t{image.boxes}" for image in (*train, *dev))
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


def boxed(images: Sequence[CaptionedImage], name: str) -> list[CaptionedImage]:
    """The images that have boxes.

    Raises:
        DatasetError: none has.
    """
    found = [image for image in images if image.boxes]
    if not found:
        raise DatasetError(
            f"no image of {name} has boxes: rows need boxes [{{label, x0, y0, x1, y1}}]"
        )
    return found


def estimate(job: Job) -> str:
    """What the run will cost, from one timed image."""
    train, dev = boxed(job.train, "train"), boxed(job.dev, "dev")
    image = train[0].open(job.encoder.image_size)
    job.encoder.read_map(image)
    started = time.perf_counter()
    job.encoder.read_map(image)
    a_map = (time.perf_counter() - started) / job.threads
    maps = (len(train) + len(dev)) * a_map / 60
    boxes = sum(len(one.boxes) for one in train) * (1 + job.recipe.copies)
    steps = job.recipe.schedule.epochs * len(train) / job.recipe.schedule.batch
    learning = (boxes * SECONDS_A_BOX + steps * SECONDS_A_STEP) / 60
    return (
        f"{len(train):,} images with boxes: about {maps + learning:.0f} minutes"
        f" (maps {maps:.0f}, vectors and training {learning:.0f}),"
        f" {(len(train) + len(dev)) * _bytes_of_a_map(job, image) / 1e9:.1f} GB in {job.work}"
    )


def _maps(job: Job, name: str, images: Sequence[CaptionedImage]) -> Any:
    """(images, cells, channels) float16, kept in the work folder."""

    def read(row: int) -> NDArray[np.float32]:
        maps = job.encoder.read_map(images[row].open(job.encoder.image_size))
        return maps.reshape(-1, maps.shape[2])

    job.tell(f"{name}-maps of {len(images):,} images")
    return cache_rows(
        read,
        (len(images), *read(0).shape),
        to=job.work / f"{name}-maps.npy",
        threads=job.threads,
        progress=lambda done: job.tell(f"  {done:,} more") if done else None,
    )


def _bytes_of_a_map(job: Job, image: Image) -> int:
    return 2 * job.encoder.read_map(image).size


def _spanish(job: Job, names: Sequence[str]) -> Mapping[str, str]:
    """Every name in Spanish, kept in the work folder; nothing where only English is taught."""
    if "es" not in job.recipe.languages:
        return {}
    path = job.work / "translations.json"
    known: dict[str, str] = read_json(path, {})
    missing = [name for name in names if name not in known]
    if missing:
        job.tell(f"translating {len(missing):,} names")
        known |= dict(zip(missing, translate.to_spanish(missing), strict=True))
        write_json(path, known)
    return known


def _drawn(
    job: Job,
    images: Sequence[CaptionedImage],
    things: Sequence[Sequence[Thing]],
    maps: Any,
    spanish: Mapping[str, str],
) -> dict[str, Drawn]:
    """Dataset -> its boxes."""
    found = {}
    for name in sorted({image.dataset for image in images}):
        rows = [row for row, image in enumerate(images) if image.dataset == name]
        own = [things[row] for row in rows]
        if any(len(one) > 1 for one in own):
            found[name] = see_drawn(own, maps[rows], job.encoder, spanish)
    return found


def _figures(drawn: Mapping[str, Drawn], judge: Grounding | Calibration) -> dict[str, Any]:
    """Dataset and language -> the two measures."""
    return {
        f"{name} {language}": measures
        for name, boxes in drawn.items()
        for language, measures in boxes.figures(judge).items()
    }


def _tell(job: Job, what: str, figures: Mapping[str, Any]) -> None:
    for name, (area, precision) in figures.items():
        job.tell(f"{what}, {name}: area inside an image {area}, mean average precision {precision}")


def _stored(job: Job, learnt: Grounding) -> Grounding:
    """The weights as a reader will have them: rounded."""
    path = job.work / "grounding.npz"
    _write(learnt, path)
    return read_grounding(path, job.encoder.calibration.distractors)


def _write(grounding: Grounding, to: Path) -> None:
    def fill(beside: Path) -> None:
        with beside.open("wb") as file:
            write_grounding(grounding, file)

    write_atomically(to, fill)


def _is_model(folder: Path, name: str) -> bool:
    return bool(read_json(folder / MANIFEST, {}).get("name") == name)
