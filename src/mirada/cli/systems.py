"""The ways to search one collection that evaluations compare and that pools are drawn from."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirada.collection import Collection
    from mirada.types import Ranking


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
