"""Measures of true against false: the area under the ROC curve, thresholds, and their errors.

Of equal scores the false one wins, so that a system which scores all alike gains nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.evaluation.significance import AT_ONCE, FEWER, Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_SURE: Final = 0.025, 0.975
_ROUNDING: Final = 1e-12


def area_under_curve(scores: NDArray[np.floating], labels: NDArray[np.bool_]) -> float:
    """Share in [0, 1] of pairs of a true and a false one in which the true one scores higher.

    That is the area under the ROC curve (Hanley & McNeil, 1982) with no credit for equal scores;
    NaN where all are true or all are false.

    Args:
        scores: (n,).
        labels: (n,) which are true.
    """
    return float(_areas(scores, labels, np.ones((1, len(scores))))[0])


def area_draws(
    scores: NDArray[np.floating],
    labels: NDArray[np.bool_],
    owners: Sequence[str],
    *,
    seed: int,
    rounds: int = FEWER,
) -> NDArray[np.float64]:
    """(rounds,) areas of bootstrap draws of whole owners; of one seed, draws are the same.

    Draws without a true or without a false one are NaN.
    """
    _, group = np.unique(list(owners), return_inverse=True)
    count = int(group.max(initial=-1)) + 1
    if not count:
        return np.full(rounds, np.nan)
    random = np.random.default_rng(seed)
    size = max(1, AT_ONCE // len(group))
    return np.concatenate(
        [
            _areas(scores, labels, _draws(random, count, min(size, rounds - start))[:, group])
            for start in range(0, rounds, size)
        ]
    )


def interval_of(mean: float, draws: NDArray[np.float64]) -> Interval:
    """The 95% percentile interval of draws, those left out that are NaN."""
    known = draws[~np.isnan(draws)]
    if not len(known):
        return Interval(mean, float("nan"), float("nan"))
    low, high = np.quantile(known, _SURE)
    return Interval(mean, float(low), float(high))


def area_randomisation(
    ours: NDArray[np.floating],
    theirs: NDArray[np.floating],
    labels: NDArray[np.bool_],
    owners: Sequence[str],
    *,
    seed: int,
    rounds: int = FEWER,
) -> float:
    """Two-sided p-value in (0, 1] of the difference of two areas.

    The ranks that two systems give are exchanged at random, for whole owners at a time (Venkatraman
    & Begg, 1996); what was observed counts as one of the rounds.
    """
    a, b = _ranks(ours), _ranks(theirs)
    _, group = np.unique(list(owners), return_inverse=True)
    ones = np.ones((1, len(a)))

    def apart(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
        return abs(float(_areas(one, labels, ones)[0] - _areas(other, labels, ones)[0]))

    observed = apart(a, b) - _ROUNDING
    if np.isnan(observed):
        return 1.0
    random = np.random.default_rng(seed)
    as_far = 0
    for _ in range(rounds):
        swap = random.integers(2, size=int(group.max()) + 1).astype(bool)[group]
        as_far += apart(np.where(swap, b, a), np.where(swap, a, b)) >= observed
    return (as_far + 1) / (rounds + 1)


def best_threshold(scores: NDArray[np.floating], labels: NDArray[np.bool_]) -> float:
    """The lowest score to call true with the most right answers; of several, the highest.

    Infinity where calling all false is best. It lies on a score that was seen.

    Args:
        scores: (n,).
        labels: (n,) which are true.
    """
    steps = np.unique(scores)
    order = np.sort(scores[labels]), np.sort(scores[~labels])
    right = len(order[0]) - np.searchsorted(order[0], steps) + np.searchsorted(order[1], steps)
    all_false = len(order[1])
    if not len(steps) or all_false > right.max():
        return float("inf")
    return float(steps[np.flatnonzero(right == right.max())[-1]])


def _draws(random: np.random.Generator, count: int, draws: int) -> NDArray[np.float64]:
    """(draws, count) how often each of `count` comes when as many are drawn with replacement."""
    drawn = random.multinomial(count, np.full(count, 1 / count), size=draws)
    return np.asarray(drawn, np.float64)


def _areas(
    scores: NDArray[np.floating], labels: NDArray[np.bool_], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(draws,) areas with weights (draws, n)."""
    order = np.argsort(scores, kind="stable")
    ranked, true = scores[order], labels[order]
    weights = weights[:, order]
    false = np.where(true, 0.0, weights)
    below = np.concatenate([np.zeros((len(weights), 1)), np.cumsum(false, 1)], 1)
    lower = below[:, np.searchsorted(ranked, ranked, side="left")]  # false ones that score less
    won = np.where(true, weights * lower, 0.0).sum(1)
    pairs = np.where(true, weights, 0.0).sum(1) * false.sum(1)
    known = pairs > 0
    return np.asarray(np.where(known, won / np.where(known, pairs, 1), np.nan))


def _ranks(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Of equal scores, the same rank."""
    ranked = np.sort(scores)
    return np.asarray(
        (np.searchsorted(ranked, scores, "left") + np.searchsorted(ranked, scores, "right")) / 2,
        np.float64,
    )
