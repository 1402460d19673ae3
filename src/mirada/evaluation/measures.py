"""Measures of retrieval; every query counts, those without results too.

Whole galleries are measured by `first_ranks`, where of equal scores the relevant one comes last;
runs by ir_measures, under its names. `R@k` of a run is the share of the relevant images found
among the first k, `Success@k` whether any is: with one relevant image they are the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mirada.errors import ConfigError, DatasetError, ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mirada.evaluation.trec import Qrels, Run
    from mirada.types import Matrix

CHUNK = 512  # queries scored at a time: 2,000 against 100,000 vectors would take 0.8 GB

USUAL: Final = ("R@1", "R@5", "R@10", "RR", "AP", "nDCG@10")


@dataclass(frozen=True, slots=True)
class Recall:
    """How early the first relevant answer of each query came."""

    queries: int
    at: dict[int, float]  # cut-off -> share of queries answered within it
    median_rank: float  # from 1


def first_ranks(
    queries: Matrix, gallery: Matrix, relevant: Sequence[Sequence[int]]
) -> NDArray[np.int64]:
    """(n,) rank, from 1, of the first relevant vector for each query by falling dot product.

    A relevant vector that ties with others is ranked behind them, so that a model which scores
    all alike gains nothing. A query without relevant vectors ranks behind the whole gallery.

    Args:
        queries: (n, dim).
        gallery: (m, dim).
        relevant: for each query, rows of the gallery.
    """
    ranks = np.full(len(queries), len(gallery) + 1, dtype=np.int64)
    for start in range(0, len(queries), CHUNK):
        scores = queries[start : start + CHUNK] @ gallery.T
        for row, own in enumerate(relevant[start : start + CHUNK]):
            if len(own):
                best = scores[row, list(own)].max()
                tied = np.count_nonzero(scores[row, list(own)] == best)
                ahead = np.count_nonzero(scores[row] >= best) - tied
                ranks[start + row] = ahead + 1
    return ranks


def recall(ranks: NDArray[np.int64], cuts: Sequence[int] = (1, 5, 10)) -> Recall:
    """Summary of the ranks that `first_ranks` gives."""
    if not len(ranks):
        return Recall(0, dict.fromkeys(cuts, 0.0), float("nan"))
    return Recall(
        len(ranks),
        {cut: float(np.mean(ranks <= cut)) for cut in cuts},
        float(np.median(ranks)),
    )


def parse_measures(names: Sequence[str]) -> tuple[str, ...]:
    """The measures as ir_measures prints them, each once.

    Raises:
        ConfigError: naming what is no measure.
        ModelUnavailable: the extra is not installed.
    """
    library = _library()
    found = []
    for name in names:
        try:
            found.append(str(library.parse_measure(name)))
        except (NameError, ValueError, TypeError, SyntaxError) as error:
            raise ConfigError(
                f"{name!r} is no measure ({error}): write one of ir_measures, such as R@10, RR, AP"
                " or nDCG@10"
            ) from error
    return tuple(dict.fromkeys(found))


def measure_run(
    run: Run, qrels: Qrels, names: Sequence[str] = USUAL
) -> dict[str, NDArray[np.float64]]:
    """Measure -> (queries,) values in the order of the qrels; what finds nothing scores 0.

    Args:
        run: what was found; queries that nobody judged are left out.
        qrels: every query counts.
        names: as `parse_measures` gives them.

    Raises:
        ConfigError: ir_measures cannot compute a measure here.
        DatasetError: the run answers none of the queries.
    """
    library = _library()
    row = {query: place for place, query in enumerate(qrels.grades)}
    if not row.keys() & run.scores.keys():
        raise DatasetError(f"run {run.name} answers no query of the qrels: compare their ids")
    of = {library.parse_measure(name): name for name in names}
    values = {name: np.zeros(len(row)) for name in names}
    grades = {query: dict(own) for query, own in qrels.grades.items()}
    try:
        for one in library.iter_calc(list(of), grades, run.scores):
            values[of[one.measure]][row[one.query_id]] = one.value
    except (ValueError, RuntimeError) as error:
        raise ConfigError(f"ir_measures: {error}: leave that measure out") from error
    return values


def ranks_of(run: Run, qrels: Qrels) -> NDArray[np.float64]:
    """(queries,) rank, from 1, of each query's first relevant image; infinite where there is none.

    Arguments and errors are those of `measure_run`.
    """
    reciprocal = measure_run(run, qrels, ("RR",))["RR"]
    with np.errstate(divide="ignore"):
        return np.asarray(np.rint(1 / reciprocal))


def median_rank(run: Run, qrels: Qrels) -> float:
    """The median of `ranks_of`; infinite where most find none."""
    return float(np.median(ranks_of(run, qrels)))


def groups_of(qrels: Qrels) -> list[int]:
    """For each query the number of its group: queries with the same answers stand together.

    The captions of one image are such queries; they succeed and fail together.
    """
    groups: dict[Any, int] = {}
    return [
        groups.setdefault(qrels.relevant(query) or query, len(groups)) for query in qrels.grades
    ]


def _library() -> Any:
    try:
        import ir_measures  # noqa: PLC0415 an extra, and slow to load
    except ModuleNotFoundError as error:
        raise ModelUnavailable("measures need the extra: pip install 'mirada[eval]'") from error
    return ir_measures
