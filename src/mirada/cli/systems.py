"""The ways to search one collection that evaluations compare and that pools are drawn from."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mirada.collection import Collection
    from mirada.types import Ranking

    Found = dict[str, tuple[str, ...]]  # system -> image ids, best first


def systems_of(collection: Collection, *, limit: int) -> dict[str, Callable[[str], Ranking]]:
    """Name -> what ranks up to `limit` images for a text.

    By vectors alone, by words alone (BM25 over captions, tags, phrases), by both fused, and by a
    close look at every clause, as `mirada search` ranks.
    """
    from mirada.search.fuse import fused_ranking  # noqa: PLC0415 brings numpy

    store, encoder = collection.store, collection.encoder
    return {
        "vectors": lambda text: store.nearest(encoder.encode_texts([text])[0], limit=limit),
        "words": partial(store.match, limit=limit),
        "fused": lambda text: fused_ranking(
            store, text, encoder.encode_texts([text])[0], limit=limit
        ),
        "ranked": lambda text: collection.rank(text, limit=limit),
    }


def search_by_all(collection: Collection, texts: Sequence[str], *, limit: int) -> list[Found]:
    """For each text what every system finds; says first on stderr how long it will take."""
    from rich.console import Console  # noqa: PLC0415 0.1 s: only when it runs
    from rich.progress import track  # noqa: PLC0415

    from mirada.cli.progress import spoken  # noqa: PLC0415

    systems = systems_of(collection, limit=limit)

    def search(text: str) -> Found:
        return {name: rank(text).ids for name, rank in systems.items()}

    search(texts[0])  # brings the models
    started = time.perf_counter()
    first = search(texts[0])
    long = spoken((time.perf_counter() - started) * len(texts))
    click.echo(f"{len(texts):,} queries to search: {long}", err=True)
    console = Console(stderr=True)
    rest = track(
        texts[1:],
        "searching",
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    return [first, *map(search, rest)]
