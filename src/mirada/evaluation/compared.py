"""Several systems on the same queries, and whether they differ by more than chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mirada.evaluation.significance import (
    ROUNDS,
    bootstrap,
    holm,
    paired_bootstrap,
    paired_randomisation,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from mirada.evaluation.significance import Interval


@dataclass(frozen=True, slots=True)
class Difference:
    """Of one system to the baseline, in one measure."""

    interval: Interval  # 95%
    p: float  # of the paired randomisation test
    corrected: float  # the same for there being several systems, after Holm


@dataclass(frozen=True, slots=True)
class Measured:
    """One system in one measure."""

    mean: Interval  # 95%
    difference: Difference | None  # None for the baseline


@dataclass(frozen=True, slots=True)
class Comparison:
    """Systems set against one of them."""

    queries: int
    groups: int  # independent observations among them
    baseline: str
    systems: Mapping[str, Mapping[str, Measured]]  # system -> measure -> what it is worth


def compare(
    values: Mapping[str, Mapping[str, NDArray[np.float64]]],
    *,
    baseline: str,
    groups: ArrayLike,
    rounds: int = ROUNDS,
    draws: int = ROUNDS,
    seed: int = 0,
) -> Comparison:
    """Every system in every measure; the tests of one measure are corrected together.

    Args:
        values: system -> measure -> (queries,) values, all in the same order.
        baseline: the system that others are set against.
        groups: (queries,) what each query belongs to, such as its image.
        rounds: of tests.
        draws: of bootstraps.
        seed: of both.
    """
    names, owners = np.unique(np.asarray(groups), return_inverse=True)
    found: dict[str, dict[str, Measured]] = {system: {} for system in values}
    for measure in values[baseline]:
        own = {system: of[measure] for system, of in values.items()}
        apart = _differences(own, baseline, owners, rounds=rounds, draws=draws, seed=seed)
        for system, some in own.items():
            mean = bootstrap(some, rounds=draws, seed=seed, groups=owners)
            found[system][measure] = Measured(mean, apart.get(system))
    return Comparison(len(owners), len(names), baseline, found)


def _differences(
    own: Mapping[str, NDArray[np.float64]],
    baseline: str,
    owners: NDArray[np.intp],
    *,
    rounds: int,
    draws: int,
    seed: int,
) -> dict[str, Difference]:
    """Of each other system, in one measure."""
    base = own[baseline]
    others = {system: some for system, some in own.items() if system != baseline}
    p_values = [
        paired_randomisation(some, base, rounds=rounds, seed=seed, groups=owners)
        for some in others.values()
    ]
    spans = [
        paired_bootstrap(some, base, rounds=draws, seed=seed, groups=owners)
        for some in others.values()
    ]
    told = zip(spans, p_values, holm(p_values), strict=True)
    return {system: Difference(*one) for system, one in zip(others, told, strict=True)}
