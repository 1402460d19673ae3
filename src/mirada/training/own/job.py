"""From examples to a finished model and the verdict on it: what `mirada train own` runs.

    pictures -> pooled maps -> heads -> files -> calibration -> before and after

Each arrow leaves a file in the work folder, so a run that was stopped goes on where it was.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mirada.errors import DatasetError
from mirada.models.small import SmallEncoder
from mirada.training import export
from mirada.training.checkpoint import read_json, write_atomically, write_json
from mirada.training.loop import run
from mirada.training.own import verdict
from mirada.training.own.examples import PARTS, UNREADABLE, Examples, divide
from mirada.training.own.features import pooled_views, readable
from mirada.training.own.heads import blend, fold, former_weights
from mirada.training.own.stage import OwnStage, Seen, fitting
from mirada.training.own.written import recalibrated, write_tuned
from mirada.training.recipe import Recipe
from mirada.training.start import load_towers, shaped_as
from mirada.training.text import encode_ids
from mirada.vocabulary.entries import read_vocabulary
from mirada.vocabulary.subjects import subjects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tokenizers import Tokenizer
    from torch import Tensor

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.training.own.recipe import OwnRecipe
    from mirada.training.towers import Dual

TEXTS_A_CALL = 64
REPORT = "report"  # .md and .json, beside the model
TOLD = "training.json"  # the same: what it learnt from, text by text


@dataclass(frozen=True, slots=True)
class Job:
    """One run."""

    recipe: OwnRecipe
    start: SmallEncoder  # to go on from
    examples: Examples
    dev: Sequence[CaptionedImage]  # on all subjects; none: nothing is said of these
    work: Path  # caches and checkpoints
    out: Path  # the finished model
    name: str | None  # of the model; None: one made of what decides it
    threads: int
    tell: Callable[[str], None]

    @property
    def tuned(self) -> str:
        """The name of the model."""
        decided = f"{self.recipe.fingerprint()}{self.start.digest}{self.examples.fingerprint()}"
        return self.name or f"{self.start.tuned_from}+{digest_text(decided)[:8]}"


def tune(job: Job) -> verdict.Verdict:
    """Run, or resume, and write model, provenance and report."""
    torch.set_num_threads(job.threads)
    _claim(job)
    parts, left_out = _see(job)
    learnt, watched, held_out = parts
    model, tokenizer = _towers(job)
    broad = broad_texts()
    texts = [text for part in (learnt, watched) for text in _texts(part)]
    sentences = _read(model, tokenizer, [*texts, *broad])
    former = former_weights(model)
    stage = OwnStage(job.recipe, model, sentences, learnt, watched, broad)
    run(stage, job.work, seed=job.recipe.seed, tell=job.tell)
    fold(model)
    blend(model, former, job.recipe.blend)
    job.tell("exporting")
    told = _told(parts, left_out)
    write_tuned(job.out, job.start, model, name=job.tuned, about=told)
    write_json(job.out / TOLD, told | {"recipe": asdict(job.recipe), "examples": _rows(parts)})
    found = _judge(job, held_out)
    write_json(job.out / f"{REPORT}.json", verdict.as_json(found))
    text = verdict.as_markdown(found)
    write_atomically(job.out / f"{REPORT}.md", lambda beside: beside.write_text(text, "utf-8"))
    return found


def plan(job: Job) -> str:
    """What will be learnt from, and what is left out."""
    counts = [len(part.pictures) for part in divide(job.examples, job.recipe)]
    parts = ", ".join(f"{count:,} {part}" for count, part in zip(counts, PARTS, strict=True))
    lines = [f"{sum(counts):,} pictures: {parts}", f"texts: {_listed(job.examples.origins)}"]
    if refused := sum(len(one.unfit) for one in job.examples.pictures):
        lines.append(f"texts that judges refused: {refused:,}")
    if job.examples.left_out:
        lines.append(f"left out: {_listed(job.examples.left_out)}")
    return "\n".join(lines)


def estimate(job: Job) -> str:
    """What the run will cost, from timed batches."""
    torch.set_num_threads(job.threads)
    pictures = [one.image for one in job.examples.pictures]
    shown = next(_opened(job, pictures), None)
    if shown is None:
        raise DatasetError("none of the pictures can be read: are their files still there?")
    a_picture = _seconds(lambda: job.start.read_map(shown)) / job.threads
    a_text = _seconds(lambda: job.start.encode_texts(["a photo of a dog on a beach"] * 8)) / 8
    model, _ = _towers(job)
    features = torch.zeros(job.recipe.schedule.batch, model.image_head.direct.in_features)
    a_step = 3 * _seconds(lambda: model.image_head(features).sum().backward())  # type: ignore[no-untyped-call]
    texts = sum(job.examples.origins.values())
    steps = job.recipe.schedule.epochs * -(-len(pictures) // job.recipe.schedule.batch)
    dev_texts = sum(len(one.captions) for one in job.dev)
    parts = {
        f"{len(pictures):,} pictures": len(pictures) * a_picture,
        f"{texts:,} texts": (texts + len(broad_texts())) * a_text,
        f"{steps:,} steps at most": steps * a_step,
        "dev set": len(job.dev) * a_picture + 2 * dev_texts * a_text / job.threads,
    }
    total = sum(parts.values()) / 60
    listed = ", ".join(f"{what} {seconds / 60:.1f}" for what, seconds in parts.items() if seconds)
    return f"about {total:.0f} minutes ({listed})"


def broad_texts() -> list[str]:
    """Texts on all subjects, English and Spanish: what the model knew of them is to stay."""
    entries = read_vocabulary().entries
    named = [text for entry in entries for text in (entry.texts[0], entry.spanish) if text]
    return list(dict.fromkeys([*subjects(), *named]))


def digest_text(text: str) -> str:
    """The sha256 of a text, hexadecimal."""
    return sha256(text.encode("utf-8", "replace")).hexdigest()


def _claim(job: Job) -> None:
    """Mark the work folder as this run's.

    Raises:
        DatasetError: it holds another run.
    """
    ours = {
        "recipe": job.recipe.fingerprint(),
        "start": job.start.digest,
        "examples": job.examples.fingerprint(),
        "dev": digest_text("\n".join(one.name for one in job.dev))[:12],
    }
    if read_json(job.work / "run.json", ours) != ours:
        raise DatasetError(
            f"{job.work} holds a run from another model, with other examples or settings: choose "
            "another --work, or remove it"
        )
    write_json(job.work / "run.json", ours)


def _see(job: Job) -> tuple[list[Seen], dict[str, int]]:
    """The three parts with what the image tower says of them, and what was left out."""
    parts = divide(job.examples, job.recipe)
    pictures = [one for part in parts for one in part.pictures]
    job.tell(f"looking at {len(pictures):,} pictures")
    images = [one.image for one in pictures]
    views = pooled_views(
        job.start,
        images,
        crops=job.recipe.crops,
        to=job.work / "views.npy",
        threads=job.threads,
        progress=_telling(job, len(images)),
    )
    can = readable(views)
    seen, start = [], 0
    for part in parts:
        rows = start + np.flatnonzero(can[start : start + len(part.pictures)])
        wide = torch.from_numpy(np.asarray(views[rows], np.float32))
        seen.append(Seen([pictures[row] for row in rows], wide))
        start += len(part.pictures)
    lost = int((~can).sum())
    return seen, dict(job.examples.left_out) | ({UNREADABLE: lost} if lost else {})


def _towers(job: Job) -> tuple[Dual, Tokenizer]:
    folder = job.start.folder
    _, model, tokenizer = load_towers(folder, shaped_as(folder, Recipe()))
    return model.eval(), tokenizer


def _read(model: Dual, tokenizer: Tokenizer, texts: Sequence[str]) -> dict[str, Tensor]:
    """Text -> (width,) unit sentence vector."""
    found: dict[str, Tensor] = {}
    asked = sorted(set(texts), key=lambda text: (len(text), text))  # alike long ones together
    for start in range(0, len(asked), TEXTS_A_CALL):
        some = asked[start : start + TEXTS_A_CALL]
        ids = [encoding.ids for encoding in tokenizer.encode_batch(some)]
        with torch.no_grad():
            rows = torch.nn.functional.normalize(encode_ids(model.text, ids), dim=-1)
        found |= dict(zip(some, rows, strict=True))
    return found


def _judge(job: Job, held_out: Seen) -> verdict.Verdict:
    """Calibrate the model that was written, and set it against the former one."""
    job.tell("comparing before and after")
    tuned = SmallEncoder(job.out)
    own = verdict.Gallery(
        held_out.views[:, 0].numpy(),
        _texts(held_out),
        fitting(held_out.pictures),
        [row for row, one in enumerate(held_out.pictures) for _ in one.said],
    )
    dev = _dev_gallery(job) if job.dev else None
    said = dev or own
    firsts = dict(zip(reversed(said.owners), reversed(said.texts), strict=True))
    placed = verdict.place(job.out, said.pooled)
    texts = [firsts[row] for row in range(len(placed))]
    fitted, by = recalibrated(tuned, job.start, placed, texts, seed=job.recipe.seed)
    export.write_calibration(job.out, fitted)
    job.tell(f"calibrated by {by}")
    return verdict.judge(job.start, SmallEncoder(job.out), own, dev)


def _dev_gallery(job: Job) -> verdict.Gallery:
    views = pooled_views(
        job.start,
        job.dev,
        crops=0,
        to=job.work / "dev.npy",
        threads=job.threads,
        progress=_telling(job, len(job.dev)),
    )
    kept: list[int] = np.flatnonzero(readable(views)).tolist()
    owners = [row for row, place in enumerate(kept) for _ in job.dev[place].captions]
    texts = [text for place in kept for text in job.dev[place].captions]
    pooled = np.asarray(views[kept, 0], np.float32)
    return verdict.Gallery(pooled, texts, [[row] for row in owners], owners)


def _told(parts: Sequence[Seen], left_out: dict[str, int]) -> dict[str, Any]:
    learnt = Examples(tuple(parts[0].pictures))
    return {
        "tuned_at": time.strftime("%Y-%m-%d", time.gmtime()),
        "tuned_on": learnt.origins,
        "tuned_pictures": {
            part: len(seen.pictures) for part, seen in zip(PARTS, parts, strict=True)
        },
        "left_out": left_out,
    }


def _rows(parts: Sequence[Seen]) -> list[dict[str, Any]]:
    """Every example with where its texts come from."""
    return [
        {
            "picture": picture.image.name,
            "part": part,
            "said": [{"text": one.text, "origin": one.origin} for one in picture.said],
            "refused": sorted(picture.unfit),
        }
        for part, seen in zip(PARTS, parts, strict=True)
        for picture in seen.pictures
    ]


def _texts(seen: Seen) -> list[str]:
    return [said.text for one in seen.pictures for said in one.said]


def _listed(counts: Any) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in counts.items())


def _opened(job: Job, images: Sequence[CaptionedImage]) -> Iterator[Any]:
    for image in images:
        try:
            yield image.open(job.start.image_size)
        except DatasetError:
            continue


def _telling(job: Job, total: int) -> Callable[[int], None]:
    started, done = time.monotonic(), 0

    def progress(count: int) -> None:
        nonlocal done
        done += count
        if done < total:
            job.tell(f"  {done:,} of {total:,} after {time.monotonic() - started:.0f} s")

    return progress


def _seconds(call: Callable[[], object]) -> float:
    call()
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
