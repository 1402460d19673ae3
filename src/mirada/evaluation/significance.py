"""Whether one system is better than another, or its measure only so by the draw of the queries.

Queries of one image succeed and fail together, so wherever `groups` are given whole groups are
drawn or flipped: five captions of an image are one observation, not five.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

ROUNDS: Final = 10_000
FEWER: Final = 2_000  # rounds for reports of many intervals
AT_ONCE: Final = 1 << 20  # numbers drawn at a time, so that memory does not grow with the rounds
_ROUNDING: Final = 1e-12  # of sums that differ by the order of adding alone


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and how far it can be trusted."""

    mean: float
    low: float
    high: float

    def times(self, factor: float) -> Interval:
        """The same in another unit, such as points for shares; `factor` is positive."""
        return Interval(factor * self.mean, factor * self.low, factor * self.high)


def paired_randomisation(
    a: ArrayLike,
    b: ArrayLike,
    *,
    rounds: int = ROUNDS,
    seed: int = 0,
    groups: ArrayLike | None = None,
) -> float:
    """Two-sided p-value in (0, 1] of the mean difference, by flipping its signs at random.

    Smucker, Allan & Carterette (CIKM 2007); what was observed counts as one of the rounds, so no
    p-value is 0 (Phipson & Smyth, 2010).

    Args:
        a: (queries,) measure of one system.
        b: (queries,) of the other, in the same order.
        rounds: how often signs are flipped.
        seed: of the flips.
        groups: (queries,) what each belongs to, such as its image; None: each to itself.

    Raises:
        ValueError: a, b and groups are not equally many.
    """
    sums, _ = _by_group(_differences(a, b), groups)
    sums = sums[sums != 0]  # whatever their sign
    if not len(sums):
        return 1.0
    least = abs(sums.sum()) - _ROUNDING * np.abs(sums).sum()
    random = np.random.default_rng(seed)
    as_far = 0
    for some in _portions(rounds, len(sums)):
        signs = 2.0 * random.integers(2, size=(some, len(sums)), dtype=np.int8) - 1
        as_far += int(np.count_nonzero(np.abs(signs @ sums) >= least))
    return (as_far + 1) / (rounds + 1)


def paired_bootstrap(
    a: ArrayLike,
    b: ArrayLike,
    *,
    rounds: int = ROUNDS,
    seed: int = 0,
    level: float = 0.95,
    groups: ArrayLike | None = None,
) -> Interval:
    """Mean of a - b with its percentile interval (Efron, 1979); arguments as in `bootstrap`."""
    return bootstrap(_differences(a, b), rounds=rounds, seed=seed, level=level, groups=groups)


def bootstrap(
    values: ArrayLike,
    *,
    rounds: int = ROUNDS,
    seed: int = 0,
    level: float = 0.95,
    groups: ArrayLike | None = None,
) -> Interval:
    """Mean of the values with its percentile interval; all NaN where there are none.

    Args:
        values: (queries,).
        rounds: how often as many groups as there are get drawn, with replacement.
        seed: of the draws.
        level: share of the draws' means inside the interval, in (0, 1).
        groups: (queries,) what each belongs to, drawn with all its values; None: each to itself.

    Raises:
        ValueError: values and groups are not equally many.
    """
    own = np.asarray(values, np.float64)
    if not len(own):
        return Interval(float("nan"), float("nan"), float("nan"))
    sums, counts = _by_group(own, groups)
    random = np.random.default_rng(seed)
    means = []
    for some in _portions(rounds, len(sums)):
        drawn = random.integers(len(sums), size=(some, len(sums)))
        means.append(sums[drawn].sum(1) / counts[drawn].sum(1))
    low, high = np.quantile(np.concatenate(means), [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(own.mean()), float(low), float(high))


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values, in order, adjusted for there being several: each in [0, 1].

    Rejecting those at or below a level errs anywhere with at most that chance (Holm, 1979).
    """
    count = len(p_values)
    order = sorted(range(count), key=p_values.__getitem__)
    adjusted = [0.0] * count
    largest = 0.0
    for place, one in enumerate(order):
        largest = max(largest, min(1.0, (count - place) * p_values[one]))
        adjusted[one] = largest
    return adjusted


def _differences(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    ours, theirs = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if ours.shape != theirs.shape:
        raise ValueError(f"paired values of shapes {ours.shape} and {theirs.shape}")
    return np.asarray(ours - theirs)


def _by_group(
    values: NDArray[np.float64], groups: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Sum and count of each group, in the order of the groups' names."""
    if groups is None:
        return values, np.ones(len(values), np.int64)
    names = np.asarray(groups)
    if names.shape != values.shape:
        raise ValueError(f"{len(values)} values with {len(names)} groups")
    _, group = np.unique(names, return_inverse=True)
    return np.asarray(np.bincount(group, values), np.float64), np.bincount(group)


def _portions(rounds: int, width: int) -> Iterator[int]:
    """How many rounds of that many numbers to draw at a time."""
    size = max(1, AT_ONCE // width)
    for start in range(0, rounds, size):
        yield min(size, rounds - start)
