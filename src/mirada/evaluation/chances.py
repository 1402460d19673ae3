"""Measures of classifiers that give probabilities: average precision, calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BINS = 15  # of equal width, as Guo et al. (ICML 2017) take for the calibration error


@dataclass(frozen=True, slots=True)
class Bin:
    """The predictions whose probability falls into one span."""

    low: float
    high: float
    count: int
    mean: float  # of the probabilities
    share: float  # of those that came true


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far probabilities can be believed."""

    error: float  # expected calibration error, in [0, 1] (Naeini et al., AAAI 2015)
    count: int
    bins: tuple[Bin, ...]  # those that hold something


def average_precision(scores: NDArray[np.float32], truth: NDArray[np.bool_]) -> float:
    """Mean precision at the rank of each hit, in [0, 1]; of equal scores the misses come first.

    NaN where nothing is true.
    """
    order = np.lexsort((truth, -scores))
    hits = truth[order]
    precisions = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precisions[hits].mean()) if hits.any() else float("nan")


def mean_average_precision(scores: NDArray[np.float32], truth: NDArray[np.bool_]) -> float:
    """Mean over the columns in which something is true; both (n, classes)."""
    columns = np.flatnonzero(truth.any(0))
    return float(np.mean([average_precision(scores[:, one], truth[:, one]) for one in columns]))


def reliability(
    chances: NDArray[np.float32], truth: NDArray[np.bool_], *, bins: int = BINS
) -> Reliability:
    """How the probabilities, of any shape, compare with what was true."""
    flat, true = chances.ravel().astype(np.float64), truth.ravel()
    where = np.minimum((flat * bins).astype(int), bins - 1)
    count = np.bincount(where, minlength=bins)
    said = np.bincount(where, flat, minlength=bins)
    came = np.bincount(where, true, minlength=bins)
    error = float(np.abs(said - came).sum() / max(1, len(flat)))
    held = tuple(
        Bin(one / bins, (one + 1) / bins, int(n), float(said[one] / n), float(came[one] / n))
        for one, n in enumerate(count)
        if n
    )
    return Reliability(error, len(flat), held)
