"""How far two judges agree on the pictures that both have marked, beyond what chance would give."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from mirada.judging.judgements import GRADES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mirada.judging.judgements import Judgement


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two judges, in the order of their names."""

    judges: tuple[str, str]
    pictures: int  # pairs of query and picture that both have judged
    same: float  # share of them with the same grade
    kappa: float  # in [-1, 1]; NaN where both gave one and the same grade throughout
    weighted_kappa: float  # likewise; a grade apart counts half as much as two


def agreements(judgements: Iterable[Judgement]) -> list[Agreement]:
    """Every two judges that have marked a picture for the same query."""
    given: dict[str, dict[tuple[str, str], int]] = {}
    for one in judgements:
        given.setdefault(one.judge, {})[one.query_id, one.image_id] = one.grade
    found = []
    for first, second in combinations(sorted(given), 2):
        both = sorted(given[first].keys() & given[second].keys())
        if both:
            ours, theirs = ([given[judge][pair] for pair in both] for judge in (first, second))
            same = float(np.mean(np.equal(ours, theirs)))
            kappas = cohen_kappa(ours, theirs), cohen_kappa(ours, theirs, weighted=True)
            found.append(Agreement((first, second), len(both), same, *kappas))
    return found


def cohen_kappa(ours: Sequence[int], theirs: Sequence[int], *, weighted: bool = False) -> float:
    """Cohen's kappa (1960) in [-1, 1], or with linear weights (1968); NaN where it is undefined.

    Args:
        ours: (n,) grades of one judge.
        theirs: (n,) grades of the other for the same pictures.
        weighted: count how far grades lie apart, and not only that they differ.
    """
    table = np.zeros((len(GRADES), len(GRADES)))
    np.add.at(table, (list(ours), list(theirs)), 1)
    table /= table.sum()
    apart = np.abs(np.subtract.outer(np.arange(len(GRADES)), np.arange(len(GRADES))))
    cost = apart if weighted else apart > 0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0))
    by_chance = float((cost * expected).sum())
    return 1 - float((cost * table).sum()) / by_chance if by_chance else float("nan")
