"""Rankings of which not all is judged: how much of them is, and what is left without the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirada.evaluation.trec import Run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mirada.evaluation.trec import Qrels

DEPTH: Final = 10  # results of each query that people look at


def run_of(name: str, rankings: Mapping[str, Sequence[str]]) -> Run:
    """Rankings, query -> image ids best first, as a run that keeps their order in ties too."""
    return Run(
        name,
        {
            query: {image: float(len(ids) - place) for place, image in enumerate(ids)}
            for query, ids in rankings.items()
        },
    )


def unjudged_share(
    rankings: Mapping[str, Sequence[str]], qrels: Qrels, *, depth: int = DEPTH
) -> float:
    """Share, in [0, 1], of the first `depth` results of all queries that nobody has judged.

    They count as not relevant, so a system unlike those that were pooled is worth more than it
    seems (Buckley, Dimmick, Soboroff & Voorhees, Information Retrieval 10, 2007).
    """
    seen = [
        image in qrels.grades.get(query, {})
        for query, ids in rankings.items()
        for image in ids[:depth]
    ]
    return 1 - sum(seen) / len(seen) if seen else 0.0


def condensed(run: Run, qrels: Qrels) -> Run:
    """The run without what nobody judged: condensed lists, after Sakai (SIGIR 2007)."""
    return Run(
        run.name,
        {
            query: {
                image: score for image, score in own.items() if image in qrels.grades.get(query, {})
            }
            for query, own in run.scores.items()
        },
    )
