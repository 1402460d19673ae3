"""Writes adapters, merged models, and where they came from.

In OUT, `adapter` is a folder as peft loads it (`PeftModel.from_pretrained(base, OUT/adapter)`),
`merged`, where it was asked for, one as transformers loads any model, and `training.json` tells
data, recipe, base model, versions, and figures before and after.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from mirada.training.checkpoint import write_json
from mirada.training.lora.models import trained_weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.training.lora.job import Job
    from mirada.training.lora.stage import LoraStage

ADAPTER, MERGED, TRAINING = "adapter", "merged", "training.json"
LIBRARIES = ("mirada", "torch", "transformers", "peft", "tokenizers")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run."""

    before: dict[str, Any]  # figures of the base model on dev
    best: dict[str, Any]  # row of the log of the epoch that was kept
    epochs: int  # that were run
    stopped_early: bool


def write(job: Job, stage: LoraStage, outcome: Outcome) -> None:
    """Everything that a run leaves; merging changes the model of the stage for good."""
    model = stage.model.cpu()
    told = _told(job, trained_weights(model), outcome)
    model.save_pretrained(job.out / ADAPTER, save_embedding_layers=False)
    if job.merge:
        _write_merged(job, model.merge_and_unload(), job.out / MERGED)
    write_json(job.out / TRAINING, told)


def digest(images: Iterable[CaptionedImage]) -> str:
    """Twelve hexadecimal digits that change with any name or caption."""
    told = "\n".join(f"{image.name}\t{image.captions}" for image in images)
    return sha256(told.encode()).hexdigest()[:12]


def sources(images: Sequence[CaptionedImage]) -> list[dict[str, Any]]:
    """Images and captions of each dataset, split and kind of caption, as the dataset says it."""
    counts: Counter[tuple[str, str, str]] = Counter()
    captions: Counter[tuple[str, str, str]] = Counter()
    for image in images:
        key = (image.dataset, image.split, image.kind or "unknown")
        counts[key] += 1
        captions[key] += len(image.captions)
    names = ("dataset", "split", "caption_kind")
    return [
        dict(zip(names, key, strict=True)) | {"images": counts[key], "captions": captions[key]}
        for key in sorted(counts)
    ]


def _told(job: Job, weights: tuple[int, int], outcome: Outcome) -> dict[str, Any]:
    best = outcome.best
    figures = {name: best[name] for name in outcome.before}
    return {
        "made_by": "mirada train lora",
        "made": time.strftime("%Y-%m-%d", time.gmtime()),
        "base": {
            "model": job.base.source,
            "revision": job.base.revision,
            "class": job.base.family.model,
            "weights": weights[1] - weights[0],
        },
        "adapter": {"weights": weights[0], "maps": job.base.family.adapted},
        "recipe": asdict(job.recipe),
        "fingerprint": job.recipe.fingerprint(),
        "data": {
            "digest": digest((*job.train, *job.dev)),
            "train": sources(job.train),
            "dev": sources(job.dev),
        },
        "dev": {"before": outcome.before, "after": figures},
        "epochs": {
            "run": outcome.epochs,
            "kept": best["epoch"],
            "stopped_early": outcome.stopped_early,
        },
        "device": job.device.type,
        "versions": {name: version(name) for name in LIBRARIES},
    }


def _write_merged(job: Job, model: Any, folder: Path) -> None:
    model.save_pretrained(folder)
    job.base.processor.save_pretrained(folder)
