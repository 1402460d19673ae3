"""Trains the captioner from captioned images: what `mirada train captioner` runs.

    images   -> feature maps of the embedded encoder
    captions -> translations -> word pieces
    boxes    -> phrases of the captions that name them
    all      -> decoder, by cross-entropy, then by reward
             -> ONNX files, with the checks of captions fitted on the dev set

Each arrow leaves a file in the work folder, so a run that was stopped goes on where it was.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tokenizers import Tokenizer

from mirada.errors import DatasetError
from mirada.indexing.verify import FITTED
from mirada.models.captioners import SmallCaptioner
from mirada.models.weights import WORDS, read_captioner_manifest
from mirada.training import captioner_export
from mirada.training.captioner_checks import Watched, fit_checks, write_checks
from mirada.training.captioner_data import Lessons, Part, find_parts, is_rich, settle
from mirada.training.captioner_model import CaptionDecoder
from mirada.training.captioner_reading import read_captioner
from mirada.training.captioner_rewarded import RewardStage
from mirada.training.captioner_stage import CaptionStage
from mirada.training.captioner_text import learn_pieces
from mirada.training.checkpoint import read_json, write_atomically, write_json
from mirada.training.corpus import read_corpora
from mirada.training.loop import read_log, run
from mirada.training.views import cache_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.models.small import SmallEncoder
    from mirada.training.captioner_recipe import CaptionerRecipe
    from mirada.training.loop import Stage
    from mirada.training.recipe import Schedule

USUAL_LENGTH = 13  # word pieces of a caption, for the estimate
SAMPLED = 500  # images from which the spread of each channel is taken


@dataclass(frozen=True, slots=True)
class Job:
    """One training run."""

    recipe: CaptionerRecipe
    encoder: SmallEncoder  # whose maps the captioner reads
    train: Sequence[CaptionedImage]
    dev: Sequence[CaptionedImage]
    work: Path  # caches and checkpoints
    out: Path  # the finished model
    name: str  # of the model, with its revision
    threads: int
    tell: Callable[[str], None]
    start: Path | None = None  # folder of a finished captioner to go on from; None: from nothing


def train_captioner(job: Job) -> None:
    """Run, or resume, the training and write the model."""
    torch.set_num_threads(job.threads)
    claim(job)
    job = shaped(job)
    train, dev = read_lessons(job)
    if job.start is None:
        tokenizer = _tokenizer(job, train)
        model = begin(job, tokenizer, train.maps)
    else:
        tokenizer, model = _go_on(job, job.start, train.maps)
    schedule = schedule_of(job.recipe, job.start)
    stages: list[Stage] = [
        CaptionStage(job.recipe, model, tokenizer, train, dev, schedule=schedule)
    ]
    if any(map(is_rich, train.images)):
        stages.append(RewardStage(job.recipe, model, tokenizer, train, dev))
    for stage in stages:
        run(stage, job.work, seed=job.recipe.seed, tell=job.tell)
    finish(job, model, tokenizer, dev)


def schedule_of(recipe: CaptionerRecipe, start: Path | None) -> Schedule:
    """Of cross-entropy: short where a captioner was trained before."""
    return recipe.schedule if start is None else recipe.further


def shaped(job: Job) -> Job:
    """With languages and shape of the captioner that the job starts from, if it starts from one.

    Raises:
        ModelUnavailable: there is none in that folder.
    """
    if job.start is None:
        return job
    return replace(job, recipe=read_captioner(job.start, job.recipe).recipe)


def claim(job: Job) -> None:
    """Mark the work folder as this run's.

    Raises:
        DatasetError: it holds a run with another recipe, encoder, beginning or data.
    """
    told = "\n".join(
        f"{image.name}\t{image.captions}\t{image.boxes}" for image in (*job.train, *job.dev)
    )
    ours = {
        "recipe": job.recipe.fingerprint(),
        "encoder": job.encoder.name,
        "data": sha256(told.encode()).hexdigest()[:12],
        "start": None if job.start is None else read_captioner_manifest(job.start).files[WORDS],
    }
    known = read_json(job.work / "run.json", ours)
    if known != ours:
        raise DatasetError(
            f"{job.work} holds a run with another recipe, encoder or beginning, or other images:"
            " choose another --work"
        )
    write_json(job.work / "run.json", ours)


def read_lessons(job: Job) -> tuple[Lessons, Lessons]:
    """Both datasets with maps, phrases and translations."""
    languages = job.recipe.languages
    sets = {"train": job.train, "dev": job.dev}
    corpora = read_corpora(list(sets.values()), languages, job.work / "translations.json", job.tell)
    maps = {name: _maps(job, images, name) for name, images in sets.items()}
    parts = {name: _parts(job, images, name, maps[name]) for name, images in sets.items()}
    spanish = dict(corpora[0].spanish)
    if "es" in languages:
        spanish |= _translated(job, [part for some in parts.values() for of in some for part in of])
    train, dev = (Lessons(sets[name], parts[name], spanish, maps[name]) for name in sets)
    return train, dev


def begin(job: Job, tokenizer: Tokenizer, maps: Any) -> CaptionDecoder:
    """The decoder before its first step; words start where the encoder puts them."""
    torch.manual_seed(job.recipe.seed)
    model = CaptionDecoder(job.recipe, tokenizer.get_vocab_size())
    _level(model, maps)
    path = job.work / "words.npy"
    if not path.exists():
        listed = [tokenizer.decode([piece]) for piece in range(tokenizer.get_vocab_size())]
        vectors = job.encoder.encode_texts(listed)
        write_atomically(path, lambda beside: _save(beside, vectors))
    _place_words(model, torch.from_numpy(np.load(path)))
    return model


def _go_on(job: Job, start: Path, maps: Any) -> tuple[Tokenizer, CaptionDecoder]:
    """The captioner that the job starts from; another encoder's channels are levelled anew."""
    torch.manual_seed(job.recipe.seed)
    earlier = read_captioner(start, job.recipe)
    if earlier.maps_of != job.encoder.name:
        _level(earlier.model, maps)
    return earlier.tokenizer, earlier.model


def _level(model: CaptionDecoder, maps: Any) -> None:
    """Let every channel of the maps have mean 0 and spread 1 before the decoder sees it."""
    rows = np.linspace(0, len(maps) - 1, min(SAMPLED, len(maps))).astype(int)
    sample = torch.from_numpy(np.stack([maps[row] for row in rows]).astype(np.float32))
    model.centre.copy_(sample.mean((0, 1)))
    model.spread.copy_(sample.std((0, 1)) + 1e-3)


def finish(job: Job, model: CaptionDecoder, tokenizer: Tokenizer, dev: Lessons) -> None:
    """Export the decoder, write the manifest, and fit the checks with the files as shipped."""
    rows = list(read_log(job.work))
    captioner_export.write_captioner(
        job.out,
        model=model,
        tokenizer=tokenizer,
        recipe=job.recipe,
        name=job.name,
        maps_of=job.encoder.name,
        about={
            "made": time.strftime("%Y-%m-%d", time.gmtime()),
            "trained_on": _counts(job.train),
            "licence": "Apache-2.0 (weights); the images it learnt from keep their own licences",
            "dev": rows[-1] if rows else {},
        },
    )
    watched = Watched(dev.images, dev.spanish, dev.maps)
    fitted = fit_checks(
        SmallCaptioner(job.out), job.encoder, watched, seed=job.recipe.seed, tell=job.tell
    )
    write_json(job.work / "checks.json", {kind: asdict(one) for kind, one in fitted.items()})
    write_checks(job.out / FITTED, job.encoder, fitted, job.tell)
    job.tell(f"wrote {job.out}: {sum(p.stat().st_size for p in job.out.iterdir()) / 1e6:.1f} MB")


def estimate(job: Job) -> str:
    """What the run will cost, from one timed image and one timed batch."""
    torch.set_num_threads(job.threads)
    recipe, encoder = shaped(job).recipe, job.encoder
    image = job.train[0].open(encoder.image_size)
    a_map = _seconds(lambda: encoder.read_map(image)) / job.threads
    model = CaptionDecoder(recipe, recipe.pieces)
    config = recipe.decoder
    shown = torch.zeros(16, config.grid**2, config.channels)
    ids = torch.ones(16, min(USUAL_LENGTH, config.length), dtype=torch.long)
    a_text = _seconds(lambda: model.score(model(ids, model.see(shown))).sum().backward()) / 16  # type: ignore[no-untyped-call]
    captions = sum(len(one.captions) for one in job.train)
    texts = captions * (1 + recipe.foreign * (len(recipe.languages) - 1))
    maps = (len(job.train) + len(job.dev)) * a_map / 60
    training = schedule_of(recipe, job.start).epochs * texts * a_text / 60
    rich = sum(map(is_rich, job.train))
    drawn = rich * recipe.samples * (1 + recipe.foreign * (len(recipe.languages) - 1))
    reward = recipe.reward.epochs * drawn * a_text / 60
    return (
        f"{len(job.train):,} images, {captions:,} captions: about"
        f" {maps + training + reward:.0f} minutes"
        f" (maps {maps:.0f}, training {training:.0f}, reward {reward:.0f})"
    )


def _seconds(call: Callable[[], object]) -> float:
    call()
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _place_words(model: CaptionDecoder, vectors: torch.Tensor) -> None:
    """Word pieces that mean alike start alike: main axes of their vectors, at the usual size."""
    width = min(model.config.width, *vectors.shape)
    centred = vectors - vectors.mean(0)
    _, _, axes = torch.linalg.svd(centred, full_matrices=False)
    found = centred @ axes[:width].T
    with torch.no_grad():
        table = model.table.weight
        table[:, :width] = 0.5 * table[:, :width] + found / found.std() * table.std() * 0.866


def _tokenizer(job: Job, train: Lessons) -> Tokenizer:
    path = job.work / "tokenizer.json"
    if not path.exists():
        said = train.texts()
        languages = job.recipe.languages
        texts = [text for language in languages for text in said[language]]
        made = learn_pieces(texts, languages, job.recipe.pieces)
        write_atomically(path, lambda beside: made.save(str(beside)))
    return Tokenizer.from_file(str(path))


def _maps(job: Job, images: Sequence[CaptionedImage], name: str) -> Any:
    job.tell(f"maps of {name}: {len(images):,} images")
    encoder = job.encoder
    side, channels = job.recipe.decoder.grid * 2, job.recipe.decoder.channels

    def one(row: int) -> NDArray[np.float32]:
        return encoder.read_map(images[row].open(encoder.image_size)).reshape(-1, channels)

    return cache_rows(
        one,
        (len(images), side * side, channels),
        to=job.work / f"{name}-maps.npy",
        threads=job.threads,
        progress=lambda done: job.tell(f"  {done:,} more") if done > 1000 else None,
    )


def _parts(job: Job, images: Sequence[CaptionedImage], name: str, maps: Any) -> list[list[Part]]:
    """Boxes with their phrases; shared phrases are given to the box that they fit best."""
    job.tell(f"phrases of {name}")
    found = find_parts(images)
    named = sorted({text for parts in found for part in parts for text in part.phrases})
    places = dict(zip(named, job.encoder.encode_texts(named), strict=True))
    side = round(maps.shape[1] ** 0.5)

    def settled(row: int) -> list[Part]:
        whole = np.asarray(maps[row], np.float32).reshape(side, side, -1)
        return settle(
            found[row],
            lambda boxes, texts: (
                job.encoder.encode_boxes(whole, boxes) @ np.stack([places[t] for t in texts]).T
            ),
        )

    return [settled(row) if len(parts) > 1 else parts for row, parts in enumerate(found)]


def _translated(job: Job, parts: Sequence[Part]) -> dict[str, str]:
    """Spanish for every phrase, kept in the work folder."""
    from mirada.training.translate import to_spanish  # noqa: PLC0415 runs another program

    path = job.work / "phrases.json"
    known: dict[str, str] = read_json(path, {})
    missing = sorted({text for part in parts for text in part.phrases} - known.keys())
    if missing:
        job.tell(f"translating {len(missing):,} phrases")
        known |= dict(zip(missing, to_spanish(missing), strict=True))
        write_json(path, known)
    return known


def _save(path: Path, array: NDArray[Any]) -> None:
    with path.open("wb") as file:
        np.save(file, array)


def _counts(images: Sequence[CaptionedImage]) -> dict[str, int]:
    names = [image.dataset for image in images]
    return {name: names.count(name) for name in sorted(set(names))}
