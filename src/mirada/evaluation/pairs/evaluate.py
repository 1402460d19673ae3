"""How often systems choose the true caption, and how well they tell true from false."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.evaluation.compared import Difference
from mirada.evaluation.pairs.measures import (
    area_draws,
    area_randomisation,
    area_under_curve,
    interval_of,
)
from mirada.evaluation.significance import (
    FEWER,
    Interval,
    bootstrap,
    holm,
    paired_bootstrap,
    paired_randomisation,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mirada.evaluation.pairs.decisions import Decided
    from mirada.evaluation.pairs.examples import Choice, Statement
    from mirada.evaluation.pairs.systems import Scored

ALL: Final = "all"  # the group of all examples
COIN: Final = 0.5  # share that chance gets right of two


@dataclass(frozen=True, slots=True)
class Told:
    """True statements told from false ones by one system; of one group or of all."""

    area: Interval  # under the ROC curve; chance is 0.5
    right: Interval | None  # share of statements; None without a threshold


@dataclass(frozen=True, slots=True)
class ChoiceReport:
    """One benchmark of choices, several systems; groups are the ways to be wrong, and all."""

    counts: Mapping[str, int]  # group -> examples
    chance: float
    found: Mapping[str, Mapping[str, Interval]]  # system -> group -> share of true captions chosen
    differences: Mapping[str, Mapping[str, Difference]]  # other system -> group -> over the first


@dataclass(frozen=True, slots=True)
class StatementReport:
    """One benchmark of statements, several systems; groups are the relations, and all."""

    counts: Mapping[str, int]  # group -> examples
    true: int
    chance: float  # share that is right when all are called what most of them are
    found: Mapping[str, Mapping[str, Told]]  # system -> group
    rules: Mapping[str, str | None]  # system -> when it calls a statement true
    differences: Mapping[str, Mapping[str, Difference]]
    """Other system -> "area" and, where both have a threshold, "right" -> over the first."""


def chosen(true: Scored, false: Scored) -> NDArray[np.bool_]:
    """(n,) whether the true caption scores higher; of equal scores, the wrong one is chosen."""
    return np.asarray(true.scores > false.scores)


def report_choices(
    choices: Sequence[Choice], right: Mapping[str, NDArray[np.bool_]], *, seed: int = 0
) -> ChoiceReport:
    """Shares by group, with intervals by a bootstrap that draws whole pictures.

    Args:
        choices: of a benchmark.
        right: system -> (n,) whether it chose the true caption; the first is what others are set
            against.
        seed: of the bootstrap and of the tests.
    """
    groups = _groups([one.group for one in choices])
    owners = np.array([one.owner for one in choices])
    first, *others = right
    found = {
        name: {
            group: bootstrap(own[rows], rounds=FEWER, seed=seed, groups=owners[rows])
            for group, rows in groups.items()
        }
        for name, own in right.items()
    }
    plain = {
        (name, group): (
            paired_bootstrap(
                right[name][rows],
                right[first][rows],
                rounds=FEWER,
                seed=seed,
                groups=owners[rows],
            ),
            paired_randomisation(
                right[name][rows], right[first][rows], seed=seed, groups=owners[rows]
            ),
        )
        for name in others
        for group, rows in groups.items()
    }
    counts = {group: len(rows) for group, rows in groups.items()}
    return ChoiceReport(counts, COIN, found, _adjusted(plain))


def report_statements(
    statements: Sequence[Statement],
    scored: Mapping[str, Scored],
    decided: Mapping[str, Decided | None],
    *,
    seed: int = 0,
) -> StatementReport:
    """Areas and shares by group, with intervals by a bootstrap that draws whole owners.

    Args:
        statements: of a benchmark.
        scored: system -> its scores; the first is what others are set against.
        decided: system -> what it calls true; None where it has no threshold.
        seed: of the bootstrap and of the tests.
    """
    sheet = _Sheet(
        np.array([one.label for one in statements]),
        np.array([one.owner for one in statements]),
        seed,
    )
    groups = _groups([one.group for one in statements])
    found = {
        name: {group: sheet.told(own.scores, decided[name], rows) for group, rows in groups.items()}
        for name, own in scored.items()
    }
    first, *others = scored
    plain = {}
    for name in others:
        plain[name, "area"] = sheet.areas_apart(scored[name].scores, scored[first].scores)
        ours, theirs = decided[name], decided[first]
        if ours is not None and theirs is not None:
            plain[name, "right"] = sheet.shares_apart(ours.true, theirs.true)
    true = int(sheet.labels.sum())
    return StatementReport(
        {group: len(rows) for group, rows in groups.items()},
        true,
        max(true, len(statements) - true) / len(statements),
        found,
        {name: one.rule if one else None for name, one in decided.items()},
        _adjusted(plain),
    )


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What is true, and what depends on what."""

    labels: NDArray[np.bool_]
    owners: NDArray[np.str_]
    seed: int

    def told(
        self, scores: NDArray[np.float64], decided: Decided | None, rows: NDArray[np.intp]
    ) -> Told:
        labels, owners = self.labels[rows], self.owners[rows]
        area = area_under_curve(scores[rows], labels)
        draws = area_draws(scores[rows], labels, owners.tolist(), seed=self.seed)
        right = None
        if decided is not None:
            hits = decided.true[rows] == labels
            right = bootstrap(hits, rounds=FEWER, seed=self.seed, groups=owners)
        return Told(interval_of(area, draws), right)

    def areas_apart(
        self, ours: NDArray[np.float64], theirs: NDArray[np.float64]
    ) -> tuple[Interval, float]:
        owners = self.owners.tolist()
        mean = area_under_curve(ours, self.labels) - area_under_curve(theirs, self.labels)
        draws = [area_draws(one, self.labels, owners, seed=self.seed) for one in (ours, theirs)]
        p_value = area_randomisation(ours, theirs, self.labels, owners, seed=self.seed)
        return interval_of(mean, draws[0] - draws[1]), p_value

    def shares_apart(
        self, ours: NDArray[np.bool_], theirs: NDArray[np.bool_]
    ) -> tuple[Interval, float]:
        hits = ours == self.labels, theirs == self.labels
        gain = paired_bootstrap(*hits, rounds=FEWER, seed=self.seed, groups=self.owners)
        return gain, paired_randomisation(*hits, seed=self.seed, groups=self.owners)


def _groups(names: Sequence[str]) -> dict[str, NDArray[np.intp]]:
    """Group -> places of its examples, the largest first, where there are several; then all."""
    own = np.array(names)
    sizes = Counter(names).most_common()
    several = {one: np.flatnonzero(own == one) for one, _ in sizes if len(sizes) > 1}
    return {**several, ALL: np.arange(len(names))}


def _adjusted(
    plain: Mapping[tuple[str, str], tuple[Interval, float]],
) -> dict[str, dict[str, Difference]]:
    found: dict[str, dict[str, Difference]] = {}
    adjusted = holm([p_value for _, p_value in plain.values()])
    for ((name, what), (gain, p_value)), one in zip(plain.items(), adjusted, strict=True):
        found.setdefault(name, {})[what] = Difference(gain, p_value, one)
    return found
