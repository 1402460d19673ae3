"""From vectors of images or regions to a logit for each tag of a vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol
from zipfile import BadZipFile

import numpy as np

from mirada.protocols import origin_of
from mirada.vocabulary.learnt import Mixing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mirada.protocols import Encoder
    from mirada.types import Matrix
    from mirada.vocabulary.entries import Entry, Vocabulary
    from mirada.vocabulary.learnt import Learnt

CACHE: Final = "tag-vectors.npz"  # in the home of a collection
UNTRAINED: Final = Mixing(
    alone=(1.1, -6.2),
    whole=0.5,
    regions=0.7,
    offset=-6.7,
    part=(0.6, 0.7, -7.0),
    cut=0.1,
    part_cut=0.1,
)
"""For encoders that nothing was learnt for, whose logits are standard scores.

Fitted with mirada-small, as if nothing had been learnt for it either.
"""
_STEPS: Final = 60  # of the search for an offset: it halves its span in each


class Scorer(Protocol):
    """Says how well each tag of a vocabulary fits vectors."""

    @property
    def name(self) -> str:
        """With all that decides what it says."""
        ...

    @property
    def vocabulary(self) -> Vocabulary:
        """The tags, in the order of the logits."""
        ...

    @property
    def mixing(self) -> Mixing:
        """How logits become probabilities."""
        ...

    def logits(self, vectors: Matrix) -> NDArray[np.float32]:
        """(n, tags), before mixing."""
        ...


@dataclass(frozen=True, slots=True)
class LearntScorer:
    """A logistic classifier for each tag."""

    name: str
    vocabulary: Vocabulary
    mixing: Mixing
    weights: NDArray[np.float32]  # (tags, dim)
    offsets: NDArray[np.float32]  # (tags,)

    def logits(self, vectors: Matrix) -> NDArray[np.float32]:
        """(n, tags) log odds that a person would name the tag."""
        return np.asarray(vectors @ self.weights.T + self.offsets, np.float32)


@dataclass(frozen=True, slots=True)
class UntrainedScorer:
    """For any encoder: how far a tag stands out among all tags for one image.

    The standard score asks for no statistics of images, and an image that is near to every text
    gains nothing by it.
    """

    name: str
    vocabulary: Vocabulary
    mixing: Mixing
    texts: Matrix  # (tags, dim)

    def logits(self, vectors: Matrix) -> NDArray[np.float32]:
        """(n, tags) standard scores over the tags of one image."""
        scores = vectors @ self.texts.T
        spread = scores.std(1, keepdims=True) + 1e-6
        return np.asarray((scores - scores.mean(1, keepdims=True)) / spread, np.float32)


def make_scorer(
    encoder: Encoder, vocabulary: Vocabulary, learnt: Learnt | None, cache: Path | None = None
) -> Scorer:
    """The scorer of a vocabulary for an encoder.

    Args:
        encoder: whose vectors are to be scored; it encodes the texts of tags not seen before.
        vocabulary: the tags.
        learnt: used where it is of the same encoder, or of the one that this was tuned from.
        cache: folder that keeps the vectors of those texts.
    """
    if learnt is None or learnt.encoder != origin_of(encoder):
        texts = _texts(encoder, vocabulary.entries, cache)
        return UntrainedScorer(
            f"tags/{vocabulary.digest}, {encoder.name}", vocabulary, UNTRAINED, texts
        )
    weights, offsets = _classifiers(encoder, vocabulary.entries, learnt, cache)
    name = f"tags/{vocabulary.digest}-{learnt.digest}, {encoder.name}"
    return LearntScorer(name, vocabulary, learnt.mixing, weights, offsets)


def text_vectors(encoder: Encoder, entries: Sequence[Entry]) -> Matrix:
    """(n, dim) unit rows: of each entry the mean over its texts."""
    if not entries:
        return np.empty((0, encoder.dim), np.float32)
    counts = [len(entry.texts) for entry in entries]
    rows = encoder.encode_texts([text for entry in entries for text in entry.texts])
    sums = np.add.reduceat(rows, np.cumsum([0, *counts[:-1]]), axis=0)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.asarray(sums / np.maximum(lengths, 1e-12), np.float32)


def offsets_for(
    weights: NDArray[np.float32], reference: Matrix, priors: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(tags,) offsets with which the mean probability over the reference images is the prior."""
    scores = reference @ weights.T
    low, high = -30 - scores.max(0), 30 - scores.min(0)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        over = (1 / (1 + np.exp(-(scores + middle)))).mean(0) > priors
        low, high = np.where(over, low, middle), np.where(over, middle, high)
    return np.asarray((low + high) / 2, np.float32)


def _classifiers(
    encoder: Encoder, entries: Sequence[Entry], learnt: Learnt, cache: Path | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    row = {key: number for number, key in enumerate(learnt.keys)}
    places = np.array([row.get(entry.key, -1) for entry in entries])
    new = [entry for entry, place in zip(entries, places, strict=True) if place < 0]
    weights, offsets = learnt.weights[places], learnt.offsets[places]
    if new:
        texts = _texts(encoder, new, cache)
        made = learnt.scale * texts + texts @ learnt.bend
        priors = np.full(len(new), learnt.prior, np.float32)
        weights[places < 0] = made
        offsets[places < 0] = offsets_for(made, learnt.reference, priors)
    return weights, offsets


def _texts(encoder: Encoder, entries: Sequence[Entry], cache: Path | None) -> Matrix:
    """The vectors of entries; those in the cache are not made again."""
    known = _read_cache(cache / CACHE, encoder) if cache else {}
    missing = [entry for entry in entries if entry.key not in known]
    if missing:
        made = text_vectors(encoder, missing)
        known |= {entry.key: row for entry, row in zip(missing, made, strict=True)}
        if cache:
            kept = {entry.key: known[entry.key] for entry in entries}
            _write_cache(cache / CACHE, encoder, kept)
    return np.stack([known[entry.key] for entry in entries])


def _read_cache(path: Path, encoder: Encoder) -> dict[str, NDArray[np.float32]]:
    """Key of an entry -> its vector; empty where the file is missing, damaged or another's."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            if str(arrays["encoder"]) != encoder.name:
                return {}
            return dict(zip(arrays["keys"].tolist(), arrays["vectors"], strict=True))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return {}


def _write_cache(path: Path, encoder: Encoder, known: dict[str, NDArray[np.float32]]) -> None:
    beside = path.with_name(f"{path.stem}.new.npz")
    np.savez(
        beside,
        encoder=np.array(encoder.name),
        keys=np.array(list(known)),
        vectors=np.stack(list(known.values())),
    )
    beside.replace(path)
