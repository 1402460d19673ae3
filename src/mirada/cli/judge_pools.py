"""The pools of `mirada judge`: what several systems find for each query."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mirada.cli.systems import search_by_all
from mirada.errors import DatasetError
from mirada.evaluation.trec import read_run
from mirada.judging.pool import pool

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mirada.collection import Collection
    from mirada.judging.pool import Pool
    from mirada.judging.topics import Topic


def draw_pools(
    collection: Collection, topics: Sequence[Topic], runs: Sequence[Path], *, depth: int, seed: int
) -> list[Pool]:
    """One pool a query, of the systems of the collection and of runs in TREC format.

    Says first on stderr how long it will take.

    Raises:
        DatasetError: a run cannot be read, or knows none of the queries or none of the images.
    """
    others = _runs(collection, topics, runs)
    found = search_by_all(collection, [topic.text for topic in topics], limit=depth)
    return [
        pool(
            topic,
            [*own.values(), *(run.get(topic.id, ()) for run in others)],
            depth=depth,
            seed=seed,
        )
        for topic, own in zip(topics, found, strict=True)
    ]


def _runs(
    collection: Collection, topics: Sequence[Topic], paths: Sequence[Path]
) -> list[dict[str, list[str]]]:
    """Of each run, query id -> the images that are indexed, best first."""
    wanted, indexed = {topic.id for topic in topics}, {*collection.store.ids()} if paths else set()
    found = []
    for path in paths:
        run = read_run(path)
        scores = {query: own for query, own in run.scores.items() if query in wanted}
        if not scores:
            raise DatasetError(f"{path} ranks for none of these queries: it must use their ids")
        ranked = {query: [one for one in run.ranking(query) if one in indexed] for query in scores}
        if not any(ranked.values()):
            raise DatasetError(f"{path} names no picture of the index: ids must be their sha256")
        missing = sum(len(own) - len(ranked[query]) for query, own in scores.items())
        if missing:
            click.echo(f"warning: {path}: {missing:,} results are not in the index", err=True)
        found.append(ranked)
    return found
