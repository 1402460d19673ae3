"""The pools of `mirada judge`: what several systems find for each query."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from mirada.cli.systems import systems_of
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
    from rich.console import Console  # noqa: PLC0415 0.1 s: only when it runs
    from rich.progress import track  # noqa: PLC0415

    systems = systems_of(collection, limit=depth)
    others = _runs(collection, topics, runs)

    def drawn(topic: Topic) -> Pool:
        own = [rank(topic.text).ids for rank in systems.values()]
        return pool(
            topic, [*own, *(run.get(topic.id, ()) for run in others)], depth=depth, seed=seed
        )

    drawn(topics[0])  # brings the models
    started = time.perf_counter()
    first = drawn(topics[0])
    minutes = (time.perf_counter() - started) * len(topics) / 60
    long = f"some {minutes:.0f} min" if minutes >= 1 else "less than a minute"
    click.echo(f"{len(topics):,} queries to search: {long}", err=True)
    console = Console(stderr=True)
    rest = track(
        topics[1:],
        "searching",
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    return [first, *(drawn(topic) for topic in rest)]


def _runs(
    collection: Collection, topics: Sequence[Topic], paths: Sequence[Path]
) -> list[dict[str, list[str]]]:
    """Of each run, query id -> the images that are indexed, best first."""
    wanted, indexed = {topic.id for topic in topics}, {*collection.store.ids()} if paths else set()
    found = []
    for path in paths:
        scores = {query: own for query, own in read_run(path).scores.items() if query in wanted}
        if not scores:
            raise DatasetError(f"{path} ranks for none of these queries: it must use their ids")
        ranked = {
            query: sorted(own.keys() & indexed, key=lambda one: (-own[one], one))
            for query, own in scores.items()
        }
        if not any(ranked.values()):
            raise DatasetError(f"{path} names no picture of the index: ids must be their sha256")
        missing = sum(len(own) - len(ranked[query]) for query, own in scores.items())
        if missing:
            click.echo(f"warning: {path}: {missing:,} results are not in the index", err=True)
        found.append(ranked)
    return found
