"""Trains the embedded image-text model from captioned images: what `mirada train dual` runs.

    captions -> translations -> vocabulary -> distilled text tower
    images   -> views -> maps -> heads -> tail -> both towers -> ONNX files, calibrated

Each arrow leaves a file in the work folder, so a run that was stopped goes on where it was.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from mirada.errors import DatasetError
from mirada.models.small import SmallEncoder, open_session, pixels
from mirada.models.weights import IMAGE_HEAD, read_manifest
from mirada.training import calibration, export, vocabulary
from mirada.training.checkpoint import read_json, write_atomically, write_json
from mirada.training.contrast import HeadsStage, JointStage, Learner, SettleStage, Shown, TailStage
from mirada.training.corpus import Corpus, read_corpora
from mirada.training.distil import DistilStage, lesson, teacher_texts
from mirada.training.loop import Stage, read_log, run
from mirada.training.start import load_towers
from mirada.training.text import encode_ids, load_teacher, student_of
from mirada.training.towers import Dual
from mirada.training.views import cache_maps
from mirada.training.vision import Trunk, load_imagenet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.training.recipe import Recipe
    from mirada.training.text import Teacher

TEACHER_CHUNK = 2048  # texts between two files of the teacher's vectors
DEV_TEXTS = 400  # captions by which the distillation is watched


@dataclass(frozen=True, slots=True)
class Job:
    """One training run."""

    recipe: Recipe
    train: Sequence[CaptionedImage]
    dev: Sequence[CaptionedImage]
    work: Path  # caches and checkpoints
    out: Path  # the finished model
    name: str  # of the model, with its revision
    threads: int
    tell: Callable[[str], None]
    bits: export.Bits = field(default_factory=export.Bits)  # of the stored weights
    start: Path | None = None  # folder of a finished model to go on from; None: from nothing


def train_dual(job: Job) -> None:
    """Run, or resume, all stages and write the model."""
    torch.set_num_threads(job.threads)
    claim(job)
    train, dev = read_corpora(
        [job.train, job.dev], job.recipe.languages, job.work / "translations.json", job.tell
    )
    trunk, model, tokenizer, remembered = _begin(job, train, dev)
    shown = Shown(train, {view: _maps(job, job.train, "train", view) for view in job.recipe.views})
    held_out = Shown(dev, {"full": _maps(job, job.dev, "dev", "full")})
    learner = Learner(model, tokenizer, remembered)
    first = (HeadsStage, TailStage, JointStage) if job.start is None else (TailStage,)
    for stage in (*first, SettleStage):
        _run(job, stage(job.recipe, learner, shown, held_out))
    finish(job, trunk, model, tokenizer, dev)


def _begin(
    job: Job, train: Corpus, dev: Corpus
) -> tuple[Trunk, Dual, Tokenizer, dict[str, Tensor]]:
    """As `towers`, or the towers of a finished model."""
    if job.start is None:
        return towers(job, train, dev)
    torch.manual_seed(job.recipe.seed)
    trunk, model, tokenizer = load_towers(job.start, job.recipe)
    _export_trunk(job, trunk)
    return trunk, model, tokenizer, {}


def claim(job: Job) -> None:
    """Mark the work folder as this run's.

    Raises:
        DatasetError: it holds a run with another recipe or other data.
    """
    names = "\n".join(f"{image.name}\t{image.captions}" for image in (*job.train, *job.dev))
    ours = {
        "recipe": job.recipe.fingerprint(),
        "data": sha256(names.encode()).hexdigest()[:12],
        "start": None if job.start is None else read_manifest(job.start).files[IMAGE_HEAD][:12],
    }
    known = read_json(job.work / "run.json", ours)
    if known != ours:
        raise DatasetError(
            f"{job.work} holds a run with another recipe, other images or another beginning: "
            "choose another --work"
        )
    write_json(job.work / "run.json", ours)


def towers(
    job: Job, train: Corpus, dev: Corpus
) -> tuple[Trunk, Dual, Tokenizer, dict[str, Tensor]]:
    """Both towers ready for the heads: ImageNet weights, distilled text.

    Also what the teacher says of each English caption.
    """
    recipe = job.recipe
    torch.manual_seed(recipe.seed)
    if not recipe.pretrained:
        tokenizer = _tokenizer(job, train, [], None)
        trunk, model = Trunk(recipe.vision, recipe.cut), Dual(recipe, tokenizer.get_vocab_size())
        _export_trunk(job, trunk)
        return trunk, model, tokenizer, {}
    teacher = load_teacher()
    words = vocabulary.lexicon(teacher.tokenizer, recipe.languages)
    tokenizer = _tokenizer(job, train, words, teacher)
    trunk, model = Trunk(recipe.vision, recipe.cut), Dual(recipe, tokenizer.get_vocab_size())
    load_imagenet(trunk, model.tail)
    _export_trunk(job, trunk)
    texts = teacher_texts(train, words)
    vectors = _teach(job, teacher, texts, "teacher")
    watched = dev.texts("en")[:DEV_TEXTS]
    position = {text: row for row, text in enumerate(dev.texts("en"))}
    asked = {
        language: [dev.texts(language)[position[text]] for text in watched]
        for language in recipe.languages
    }
    pieces = sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])
    rows = vocabulary.rows_for(
        [piece for piece, _ in pieces], teacher.tokenizer, teacher.tower.table.weight.detach()
    )
    student = student_of(teacher.tower, recipe.text, rows, recipe.teacher_layers)
    model.text.load_state_dict(student.state_dict())
    taught = lesson(train, words, recipe.languages)
    expected = (asked, _teach(job, teacher, watched, "teacher-dev"))
    _run(job, DistilStage(recipe, model.text, tokenizer, taught, vectors, expected))
    return trunk, model, tokenizer, dict(zip(train.texts("en"), vectors, strict=False))


def finish(job: Job, trunk: Trunk, model: Dual, tokenizer: Tokenizer, dev: Corpus) -> None:
    """Export the towers, fit the calibration with the files as shipped, and write it."""
    job.tell("exporting")
    rows = list(read_log(job.work))
    export.write_model(
        job.out,
        trunk=trunk,
        model=model,
        tokenizer=tokenizer,
        recipe=job.recipe,
        name=job.name,
        bits=job.bits,
        about={
            "made": time.strftime("%Y-%m-%d", time.gmtime()),
            "trained_on": dict(_counts(job.train)),
            "licence": "Apache-2.0 (weights); the images it learnt from keep their own licences",
            "dev_recall_float32": rows[-1] if rows else {},
        },
    )
    job.tell("calibrating")
    fitted, found = calibration.calibrate(
        SmallEncoder(job.out), dev, job.recipe.languages, seed=job.recipe.seed
    )
    export.write_calibration(job.out, fitted)
    write_json(job.work / "calibration.json", {"expected_error": found.error, "bins": found.bins})
    job.tell(f"expected calibration error on dev: {found.error:.4f}")
    job.tell(f"wrote {job.out}: {sum(p.stat().st_size for p in job.out.iterdir()) / 1e6:.1f} MB")


def estimate(job: Job) -> str:
    """What the run will cost, from timed batches; says what is already there."""
    recipe = job.recipe
    torch.set_num_threads(job.threads)
    trunk, model = Trunk(recipe.vision, recipe.cut).eval(), Dual(recipe, 1000)
    image = job.train[0].open(recipe.vision.image_size)
    shown = pixels(image, recipe.vision.image_size)[None]
    with TemporaryDirectory() as folder:
        export.export_trunk(trunk, recipe.vision.image_size, Path(folder) / "trunk.onnx")
        session = open_session(Path(folder) / "trunk.onnx")
    a_view = _seconds(lambda: session.run(None, {"pixels": shown})) / job.threads
    maps = torch.zeros(32, *trunk_shape(recipe))
    an_image = _seconds(lambda: model.pool(maps).sum().backward()) / 32  # type: ignore[no-untyped-call]
    ids = [[1] * min(16, recipe.text.length)] * 64
    a_text = _seconds(lambda: encode_ids(model.text, ids).sum().backward()) / 64  # type: ignore[no-untyped-call]
    features = torch.zeros(64, model.image_head.direct.in_features)
    a_head = _seconds(lambda: model.image_head(features).sum().backward()) / 64  # type: ignore[no-untyped-call]
    rich = sum(len(one.captions) > 1 for one in job.train)
    pairs = len(job.train) + (recipe.rich_repeats - 1) * rich
    captions = len({text for one in job.train for text in one.captions})
    distilled = min(recipe.distil_texts or 10**9, captions * len(recipe.languages))
    views = len(job.train) * len(recipe.views) + len(job.dev)
    begun = job.start is not None
    parts = {
        f"{views:,} views": views * a_view,
        "distillation": (recipe.pretrained and not begun)
        * (captions / 2 + recipe.distil.epochs * distilled)
        * a_text,
        "heads and text": (not begun) * recipe.heads.epochs * pairs * a_text,
        "tail": recipe.tail.epochs * pairs * an_image,
        "settling": recipe.settle.epochs * pairs * a_head,
        "all together": (not begun) * recipe.joint.epochs * pairs * (an_image + a_text),
    }
    total = sum(parts.values()) / 60
    listed = ", ".join(f"{name} {seconds / 60:.0f}" for name, seconds in parts.items())
    return f"{len(job.train):,} images, {captions:,} captions: about {total:.0f} minutes ({listed})"


def trunk_shape(recipe: Recipe) -> tuple[int, int, int]:
    """(channels, side, side) of the maps at the cut."""
    channels, side = recipe.vision.at(recipe.cut)
    return channels, side, side


def _seconds(call: Callable[[], object]) -> float:
    call()
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _run(job: Job, stage: Stage) -> None:
    run(stage, job.work, seed=job.recipe.seed, tell=job.tell)


def _tokenizer(
    job: Job, train: Corpus, words: Sequence[vocabulary.Word], teacher: Teacher | None
) -> Tokenizer:
    path = job.work / "tokenizer.json"
    if path.exists():
        return Tokenizer.from_file(str(path))
    foreign = [text for language in job.recipe.languages[1:] for text in train.texts(language)]
    foreign += [word.spanish for word in words if word.spanish is not None] * 2
    tokenizer = vocabulary.build(
        train.texts("en"),
        foreign,
        job.recipe.vocabulary,
        length=job.recipe.text.length,
        teacher=None if teacher is None else teacher.tokenizer,
    )
    write_atomically(path, lambda beside: tokenizer.save(str(beside)))
    return tokenizer


def _export_trunk(job: Job, trunk: Trunk) -> None:
    path = job.work / "trunk.onnx"
    if not path.exists():
        export.export_trunk(trunk, job.recipe.vision.image_size, path)


def _teach(job: Job, teacher: Teacher, texts: Sequence[str], name: str) -> Tensor:
    """(n, width) unit vectors of the teacher, kept in files of `TEACHER_CHUNK`."""
    parts = []
    for start in range(0, len(texts), TEACHER_CHUNK):
        path = job.work / name / f"{start:07d}.npy"
        if not path.exists():
            job.tell(f"{name}: {start:,} of {len(texts):,} texts")
            some = teacher.tokenizer.encode_batch(list(texts[start : start + TEACHER_CHUNK]))
            with torch.inference_mode():
                made = encode_ids(teacher.tower, [one.ids for one in some])
            _save_array(path, functional.normalize(made, dim=-1).numpy())
        parts.append(torch.from_numpy(np.load(path)))
    return torch.cat(parts)


def _maps(job: Job, images: Sequence[CaptionedImage], name: str, view: str) -> Any:
    started, done = time.monotonic(), 0
    job.tell(f"maps of {name}, {view}: {len(images):,} images")

    def progress(count: int) -> None:
        nonlocal done
        done += count
        if done % 2048 < count and done < len(images):
            job.tell(f"  {done:,} after {time.monotonic() - started:.0f} s")

    return cache_maps(
        images,
        view,
        trunk=job.work / "trunk.onnx",
        size=job.recipe.vision.image_size,
        to=job.work / f"{name}-{view}.npy",
        threads=job.threads,
        progress=progress,
    )


def _save_array(path: Path, array: np.ndarray[Any, Any]) -> None:
    def fill(beside: Path) -> None:
        with beside.open("wb") as file:
            np.save(file, array)

    write_atomically(path, fill)


def _counts(images: Sequence[CaptionedImage]) -> Mapping[str, int]:
    names = [image.dataset for image in images]
    return {name: names.count(name) for name in sorted(set(names))}
