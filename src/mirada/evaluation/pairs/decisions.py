"""When a score is called true: by a threshold from other examples, or by the cut of the search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mirada.errors import DatasetError
from mirada.evaluation.pairs.measures import best_threshold
from mirada.search.rank import Constants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mirada.evaluation.pairs.benchmark import Benchmark
    from mirada.evaluation.pairs.examples import Statement
    from mirada.evaluation.pairs.systems import Scored


@dataclass(frozen=True, slots=True)
class Decided:
    """What a system calls true, and why."""

    true: NDArray[np.bool_]  # (n,)
    rule: str


def by_cut(scored: Scored) -> Decided | None:
    """As `mirada search` shows a picture or not; None for a system without probabilities."""
    if scored.confidences is None:
        return None
    cut = Constants().cut
    return Decided(scored.confidences >= cut, f"confidence >= {cut:g}, the calibrated cut")


def by_threshold(
    scored: Scored, tuned: Scored, statements: Sequence[Statement], source: str
) -> Decided:
    """With the threshold that gets the most right of other statements.

    Args:
        scored: of the statements under test.
        tuned: scores of the other ones.
        statements: those other ones.
        source: where they come from, for the rule.
    """
    least = best_threshold(tuned.scores, np.array([one.label for one in statements]))
    return Decided(scored.scores >= least, f"score >= {least:.4g}, chosen on {source}")


def refuse_leaks(test: Benchmark, tune: Benchmark) -> None:
    """A threshold must not be chosen on what is tested.

    Raises:
        DatasetError: the other benchmark is of another kind, has no statements, or shares some.
    """
    file = tune.files[0]
    if tune.kind != test.kind or not tune.statements:
        raise DatasetError(
            f"{file} is of {tune.kind} and cannot tune {test.kind}: give statements of the same"
        )
    asked = {(one.pictures, one.text) for one in test.statements}
    shared = sum((one.pictures, one.text) in asked for one in tune.statements)
    if shared:
        raise DatasetError(
            f"{shared:,} statements of {file} are among those tested: tune on others"
        )
