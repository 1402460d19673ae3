"""Fits how scores turn into probabilities, on queries of which the right image is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mirada.errors import ConfigError
from mirada.search.calibrate import confidence, margin
from mirada.types import Calibration
from mirada.vocabulary.subjects import subjects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mirada.protocols import Encoder, Store
    from mirada.types import ImageRecord, Matrix

PRIOR = 0.01
"""One image in a hundred is taken to match a query: a subject in a collection of photos."""

NEGATIVES = 60  # images of others drawn for each query
TEMPERATURES = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2)
NEWTON_STEPS = 30
BINS = 10
MOST = 2_000  # pictures of a collection that are looked at
FEWEST = 100  # with a text: fewer say nothing of rare errors


@dataclass(frozen=True, slots=True)
class Pairs:
    """Queries with images, matching or not."""

    scores: NDArray[np.float32]  # (n,)
    images: Matrix  # (n, dim)
    match: NDArray[np.bool_]  # (n,)
    weights: NDArray[np.float64]  # (n,) sum to 1; the matching ones to the prior


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far the probabilities can be believed."""

    error: float  # expected calibration error (Naeini et al., AAAI 2015)
    bins: tuple[tuple[float, float, float], ...]  # mean confidence, share matching, weight


def fit_collection(store: Store, encoder: Encoder, *, seed: int) -> tuple[Calibration, Reliability]:
    """Fitted on the pictures of a collection and what is said of them.

    Args:
        store: the collection.
        encoder: of its vectors.
        seed: of the draws.

    Raises:
        ConfigError: fewer than `FEWEST` pictures have a description or caption.
    """
    random = np.random.default_rng(seed)
    ids = [str(one) for one in random.permutation(sorted(store.ids()))[:MOST]]
    said = [(one.image_id, text) for one in store.get(ids) if (text := _said_of(one))]
    if len(said) < FEWEST:
        raise ConfigError(
            f"only {len(said)} pictures have a description or caption, {FEWEST} are needed: "
            "run `mirada index --only captions`"
        )
    gallery = store.vectors([image_id for image_id, _ in said])
    queries = encoder.encode_texts([text for _, text in said])
    distractors = encoder.encode_texts(subjects())
    owners = range(len(said))
    fitted = fit(draw_pairs(queries, gallery, owners, seed=seed), distractors)
    return fitted, reliability(draw_pairs(queries, gallery, owners, seed=seed + 1), fitted)


def _said_of(record: ImageRecord) -> str:
    written = record.metadata.description or record.metadata.title if record.metadata else None
    return written or next((one.text for one in record.captions), "")


def draw_pairs(queries: Matrix, gallery: Matrix, owners: Sequence[int], *, seed: int) -> Pairs:
    """Each query with its own image and some of the others.

    Args:
        queries: (q, dim).
        gallery: (m, dim).
        owners: for each query, the row of its image.
        seed: of the draw.
    """
    random = np.random.default_rng(seed)
    own = np.asarray(owners)
    others = random.integers(0, len(gallery) - 1, (len(queries), NEGATIVES))
    others += others >= own[:, None]  # never the own one
    rows = np.concatenate([own[:, None], others], axis=1)
    match = np.zeros(rows.shape, bool)
    match[:, 0] = True
    share = np.where(match, PRIOR, (1 - PRIOR) / NEGATIVES) / len(queries)
    scores = np.einsum("qd,qnd->qn", queries, gallery[rows])
    return Pairs(scores.ravel(), gallery[rows.ravel()], match.ravel(), share.ravel())


def fit(pairs: Pairs, distractors: Matrix) -> Calibration:
    """The temperature and logistic with the least weighted log loss."""
    best, least = None, np.inf
    for temperature in TEMPERATURES:
        start = Calibration(distractors, temperature, 1.0, 0.0, PRIOR)
        x = margin(pairs.scores, pairs.images, start).astype(np.float64)
        scale, offset = logistic(x, pairs.match, pairs.weights)
        fitted = replace(start, scale=scale, offset=offset)
        loss = _log_loss(scale * x + offset, pairs)
        if loss < least:
            best, least = fitted, loss
    if best is None:
        raise ValueError("no temperature gave a finite loss: the scores are not numbers")
    return best


def reliability(pairs: Pairs, calibration: Calibration) -> Reliability:
    """The calibration on pairs, best other ones than it was fitted on."""
    sure = confidence(pairs.scores, pairs.images, calibration).astype(np.float64)
    where = np.minimum((sure * BINS).astype(int), BINS - 1)
    bins = []
    for index in range(BINS):
        inside = where == index
        weight = float(pairs.weights[inside].sum())
        if weight > 0:
            mean = float(np.average(sure[inside], weights=pairs.weights[inside]))
            share = float(np.average(pairs.match[inside], weights=pairs.weights[inside]))
            bins.append((mean, share, weight))
    error = sum(weight * abs(mean - share) for mean, share, weight in bins)
    return Reliability(error, tuple(bins))


def logistic(
    x: NDArray[np.float64], match: NDArray[np.bool_], weights: NDArray[np.float64]
) -> tuple[float, float]:
    """(scale, offset) of a weighted logistic regression, by damped Newton steps.

    Args:
        x: (n,).
        match: (n,).
        weights: (n,) that sum to 1.
    """
    middle, spread = float(np.average(x, weights=weights)), float(x.std()) + 1e-9
    design = np.stack([(x - middle) / spread, np.ones_like(x)], axis=1)
    solution = np.array([1.0, np.log(PRIOR / (1 - PRIOR))])
    for _ in range(NEWTON_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(design @ solution, -30, 30)))
        slope = design.T @ (weights * (chance - match))
        bend = (design * (weights * chance * (1 - chance))[:, None]).T @ design
        step = np.linalg.solve(bend + 1e-9 * np.eye(2), slope)
        solution -= step * min(1.0, 2.0 / (np.abs(step).max() + 1e-12))
    scale = float(solution[0] / spread)
    return scale, float(solution[1] - scale * middle)


def _log_loss(logits: NDArray[np.float64], pairs: Pairs) -> float:
    signed = np.where(pairs.match, logits, -logits)
    return float((pairs.weights * np.logaddexp(0, -signed)).sum())
