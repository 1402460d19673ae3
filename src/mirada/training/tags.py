"""Learns tags from captions: a logistic classifier for each, and how to make one for a new tag.

The weights of a tag are scale * text + text @ bend + own, where `text` is its vector by the text
tower, `bend` is shared by all tags, and `own` is held small, so that a rare tag stays near what
its text says. All are learnt together on vectors of whole images, with the tags that captions
name as labels. How the whole and the regions then make a probability is fitted on half of the
dev set, with the weights as stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mirada.evaluation.chances import reliability
from mirada.evaluation.retrieval import encode_gallery
from mirada.evaluation.tags import fold_of, mentions, see
from mirada.training.checkpoint import write_atomically
from mirada.training.tag_mixing import fit_mixing
from mirada.vocabulary.learnt import Learnt, write_learnt
from mirada.vocabulary.mixing import chance, merged, pooled
from mirada.vocabulary.packing import pack
from mirada.vocabulary.scoring import UNTRAINED, LearntScorer, text_vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.evaluation.tags import Seen
    from mirada.protocols import Encoder, Segmenter
    from mirada.types import Matrix
    from mirada.vocabulary.entries import Vocabulary

    Table = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TagRecipe:
    """What decides the outcome."""

    epochs: int = 10
    batch: int = 2048
    seed: int = 0
    hold_own: float = 3e-5  # weight of the squares of each tag's own part
    hold_bend: float = 1e-3  # of those of the shared part
    start_scale: float = 10.0
    rates: Mapping[str, float] = field(
        default_factory=lambda: {"own": 0.02, "bend": 0.01, "offsets": 0.05, "scale": 0.02}
    )
    references: int = 256  # training images kept to find the offsets of new tags


@dataclass(frozen=True, slots=True)
class TagJob:
    """One run."""

    recipe: TagRecipe
    encoder: Encoder
    segmenter: Segmenter
    vocabulary: Vocabulary
    train: Sequence[CaptionedImage]
    dev: Sequence[CaptionedImage]
    work: Path  # keeps vectors
    out: Path  # the file of weights
    tell: Callable[[str], None]


def train_tags(job: TagJob) -> None:
    """Learn, fit and write the weights."""
    job.tell(f"vectors of {len(job.train):,} images")
    vectors = _cached(
        job.work / "train-vectors.npy", lambda: encode_gallery(job.encoder, job.train)
    )
    job.tell(f"regions of {len(job.dev):,} images")
    seen = see(job.dev, job.encoder, job.segmenter)
    finish(job, vectors, seen)


def finish(job: TagJob, vectors: Matrix, seen: Seen) -> None:
    """All that follows once the images have vectors."""
    job.tell("reading captions")
    labels = mentions(job.train, job.vocabulary)
    texts = text_vectors(job.encoder, job.vocabulary.entries)
    learnt = learn(job, vectors, labels, texts)
    truth = mentions(job.dev, job.vocabulary)
    folds = np.array([fold_of(image.name) for image in job.dev])
    halves = [_fitted(job, learnt, seen, truth, folds == half) for half in (0, 1)]
    for half, own in enumerate(halves):
        error = _error(own, job.vocabulary, seen, truth, folds != half)
        job.tell(f"expected calibration error on half {1 - half}, fitted on the other: {error}")
    shipped = halves[0]
    job.tell(f"{shipped.mixing}")
    write_atomically(job.out, lambda beside: _save(shipped, beside))
    job.tell(f"wrote {job.out}: {job.out.stat().st_size / 1e6:.2f} MB")


def learn(job: TagJob, vectors: Matrix, labels: NDArray[np.bool_], texts: Matrix) -> Learnt:
    """The classifiers, as they will be stored; how they mix is still to be fitted."""
    recipe = job.recipe
    share = (labels.sum(0) + 0.5) / (len(labels) + 1)
    middle = vectors.mean(0)
    parts = {
        "own": np.zeros_like(texts),
        "bend": np.zeros((texts.shape[1],) * 2, np.float32),
        "offsets": np.log(share / (1 - share)).astype(np.float32),
        "scale": np.array(np.log(recipe.start_scale), np.float32),
    }
    descent = _Descent(parts, recipe.rates)
    batches = list(_batches(len(vectors), recipe))
    loss = 0.0
    for number, rows in enumerate(batches):
        left = min(1.0, 2 * (1 - number / len(batches)))
        loss, slopes = _loss(parts, vectors[rows] - middle, labels[rows], texts, recipe)
        descent.step(slopes, left)
        if number % max(1, len(batches) // recipe.epochs) == 0:
            job.tell(f"step {number} of {len(batches)}: loss {loss:.3f}")
    weights = pack(_weights(parts, texts)).unpack()
    random = np.random.default_rng(recipe.seed)
    chosen = random.choice(len(vectors), min(recipe.references, len(vectors)), replace=False)
    return Learnt(
        encoder=job.encoder.name,
        keys=tuple(entry.key for entry in job.vocabulary.entries),
        weights=weights,
        offsets=np.asarray(parts["offsets"] - weights @ middle, np.float32),
        scale=float(np.exp(parts["scale"])),
        bend=parts["bend"],
        reference=vectors[chosen],
        prior=float(share.mean()),
        mixing=UNTRAINED,
    )


def _weights(parts: dict[str, Table], texts: Matrix) -> Table:
    bent = np.exp(parts["scale"]) * texts + texts @ parts["bend"]
    return np.asarray(bent + parts["own"], np.float32)


def _loss(
    parts: dict[str, Table],
    shown: Table,
    labels: NDArray[np.bool_],
    texts: Matrix,
    recipe: TagRecipe,
) -> tuple[float, dict[str, Table]]:
    """Mean over images of the summed log loss, with its slope in each part."""
    logits = shown @ _weights(parts, texts).T + parts["offsets"]
    loss = float((np.logaddexp(0, logits) - labels * logits).sum() / len(shown))
    error = (chance(logits) - labels) / np.float32(len(shown))
    by_weight = error.T @ shown
    return loss, {
        "own": by_weight + 2 * recipe.hold_own * parts["own"],
        "bend": texts.T @ by_weight + 2 * recipe.hold_bend * parts["bend"],
        "offsets": error.sum(0),
        "scale": np.exp(parts["scale"]) * (by_weight * texts).sum(),
    }


class _Descent:
    """Adam (Kingma & Ba, ICLR 2015), with its usual constants."""

    def __init__(self, parts: dict[str, Table], rates: Mapping[str, float]) -> None:
        self._parts = parts
        self._rates = rates
        self._first = {name: np.zeros_like(part) for name, part in parts.items()}
        self._second = {name: np.zeros_like(part) for name, part in parts.items()}
        self._count = 0

    def step(self, slopes: dict[str, Table], left: float) -> None:
        """Move all parts, at `left` of their rates."""
        self._count += 1
        for name, slope in slopes.items():
            first, second = self._first[name], self._second[name]
            first += 0.1 * (slope - first)
            second += 0.001 * (slope**2 - second)
            steady = first / (1 - 0.9**self._count)
            size = np.sqrt(second / (1 - 0.999**self._count)) + 1e-8
            self._parts[name] -= (left * self._rates[name] * steady / size).astype(np.float32)


def _batches(count: int, recipe: TagRecipe) -> Iterator[NDArray[np.int64]]:
    random = np.random.default_rng(recipe.seed)
    for _ in range(recipe.epochs):
        order = random.permutation(count)
        for start in range(0, count, recipe.batch):
            yield order[start : start + recipe.batch]


def _scorer(learnt: Learnt, vocabulary: Vocabulary) -> LearntScorer:
    return LearntScorer("", vocabulary, learnt.mixing, learnt.weights, learnt.offsets)


def _evidence(scorer: LearntScorer, seen: Seen, rows: list[int]) -> tuple[Table, Table]:
    """(rows, tags) logits of the whole, and of the regions together."""
    whole = scorer.logits(seen.vectors[rows])
    return whole, np.stack([pooled(scorer.logits(seen.regions[row])) for row in rows])


def _fitted(
    job: TagJob, learnt: Learnt, seen: Seen, truth: NDArray[np.bool_], fit: NDArray[np.bool_]
) -> Learnt:
    scorer, rows = _scorer(learnt, job.vocabulary), np.flatnonzero(fit).tolist()
    whole, regions = _evidence(scorer, seen, rows)
    parts = [(scorer.logits(seen.regions[row]), seen.boxes[row], job.dev[row]) for row in rows]
    return replace(learnt, mixing=fit_mixing(whole, regions, truth[rows], parts, job.vocabulary))


def _error(
    learnt: Learnt,
    vocabulary: Vocabulary,
    seen: Seen,
    truth: NDArray[np.bool_],
    held_out: NDArray[np.bool_],
) -> str:
    rows, mixing = np.flatnonzero(held_out).tolist(), learnt.mixing
    whole, regions = _evidence(_scorer(learnt, vocabulary), seen, rows)
    chances = merged(whole, regions, mixing)
    kept = chances >= mixing.cut
    return (
        f"{reliability(chances, truth[rows]).error:.4f} over all pairs, "
        f"{reliability(chances[kept], truth[rows][kept]).error:.4f} over tags kept"
    )


def _cached(path: Path, make: Callable[[], Matrix]) -> Matrix:
    if not path.exists():
        made = make()
        write_atomically(path, lambda beside: _save_array(made, beside))
    return np.asarray(np.load(path), np.float32)


def _save_array(array: NDArray[Any], path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, array)


def _save(learnt: Learnt, path: Path) -> None:
    with path.open("wb") as file:
        write_learnt(learnt, file)
