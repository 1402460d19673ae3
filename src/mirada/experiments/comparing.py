"""Every system on every query, and whether it differs from the baseline by more than chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mirada.errors import ConfigError, ModelUnavailable
from mirada.evaluation.significance import (
    FEWER,
    bootstrap,
    holm,
    paired_bootstrap,
    paired_randomisation,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mirada.evaluation.significance import Interval
    from mirada.evaluation.trec import Run
    from mirada.experiments.gallery import Gallery

    Values = Mapping[str, NDArray[np.float64]]  # measure -> (queries,)


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


def check_measures(names: Sequence[str]) -> None:
    """See that each is a measure.

    Raises:
        ConfigError: naming the one that is not.
        ModelUnavailable: the library of measures is missing.
    """
    library = _library()
    for name in names:
        try:
            library.parse_measure(name)
        except (NameError, ValueError, TypeError, SyntaxError) as error:
            raise ConfigError(
                f"{name!r} is no measure ({error}): write one of ir-measures, such as R@10, RR, AP,"
                " nDCG@10"
            ) from error


def values_of(run: Run, gallery: Gallery, names: Sequence[str]) -> Values:
    """Measure -> (queries,) values in the order of the queries; without an answer it is 0."""
    library = _library()
    scores = judged(run, gallery)
    found = {name: np.zeros(len(gallery.queries)) for name in names}
    row = {query.id: place for place, query in enumerate(gallery.queries)}
    by_measure = {library.parse_measure(name): name for name in names}
    for one in library.iter_calc(list(by_measure), _grades(gallery), scores):
        found[by_measure[one.measure]][row[one.query_id]] = one.value
    return found


def first_ranks(run: Run, gallery: Gallery) -> list[int | None]:
    """For each query the rank, from 1, of the first picture that answers it; None for none."""
    scores = judged(run, gallery)
    found: list[int | None] = []
    for query in gallery.queries:
        right = gallery.qrels.relevant(query.id)
        places = (rank for rank, one in enumerate(in_order(scores, query.id), 1) if one in right)
        found.append(next(places, None))
    return found


def in_order(scores: Mapping[str, Mapping[str, float]], query: str) -> list[str]:
    """What was found for a query, best first, ties by id."""
    own = scores.get(query, {})
    return sorted(own, key=lambda one: (-own[one], one))


def compare(
    values: Sequence[Values], baseline: int, groups: Sequence[str], *, seed: int
) -> list[dict[str, Measured]]:
    """Each system's measures with what sets it apart from the baseline.

    Args:
        values: of the systems.
        baseline: place of the one that the others are set against.
        groups: (queries,) of the queries that are one observation.
        seed: of the tests.
    """
    found: list[dict[str, Measured]] = [{} for _ in values]
    others = [place for place in range(len(values)) if place != baseline]
    for name in values[baseline]:
        own = [one[name] for one in values]
        base = own[baseline]
        p_values = [
            paired_randomisation(own[place], base, seed=seed, groups=groups) for place in others
        ]
        corrected = dict(zip(others, zip(p_values, holm(p_values), strict=True), strict=True))
        for place, some in enumerate(own):
            mean = bootstrap(some, rounds=FEWER, seed=seed, groups=groups)
            apart = None
            if place != baseline:
                span = paired_bootstrap(some, base, rounds=FEWER, seed=seed, groups=groups)
                apart = Difference(span, *corrected[place])
            found[place][name] = Measured(mean, apart)
    return found


def judged(run: Run, gallery: Gallery) -> Mapping[str, Mapping[str, float]]:
    """The scores, without those of pictures of which nobody knows where that is asked for.

    Condensed lists, after Sakai (SIGIR 2007).
    """
    if not gallery.judged_only:
        return run.scores
    return {
        query: {one: score for one, score in own.items() if one in gallery.qrels.grades[query]}
        for query, own in run.scores.items()
    }


def _grades(gallery: Gallery) -> dict[str, dict[str, int]]:
    return {query: dict(own) for query, own in gallery.qrels.grades.items()}


def _library() -> Any:
    try:
        import ir_measures  # noqa: PLC0415 0.5 s
    except ModuleNotFoundError as error:
        raise ModelUnavailable("measures need the extra: pip install 'mirada[eval]'") from error
    return ir_measures
