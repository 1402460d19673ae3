"""What is put before judges: the first results of several systems, without a trace of them.

Pooling is how TREC judges collections too large to judge whole (Spärck Jones & van Rijsbergen,
1975; Voorhees & Harman, TREC, MIT Press 2005): what no system brings forward counts as not fitting.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mirada.judging.topics import Topic

DEPTH: Final = 10  # results that each system brings


@dataclass(frozen=True, slots=True)
class Pool:
    """A query and the pictures to judge for it, in an order that says nothing."""

    topic: Topic
    image_ids: tuple[str, ...]


def pool(topic: Topic, rankings: Iterable[Sequence[str]], *, depth: int, seed: int) -> Pool:
    """The first `depth` ids of every ranking, each once, in an order drawn by `seed`.

    Args:
        topic: the query that was ranked for.
        rankings: image ids, best first, one sequence a system.
        depth: results taken of each.
        seed: of the order; the place of an id among others does not hang on who else is there.
    """
    found = {image_id for ranking in rankings for image_id in ranking[:depth]}
    return Pool(topic, tuple(sorted(found, key=lambda one: _lot(seed, topic.id, one))))


def _lot(seed: int, topic_id: str, image_id: str) -> bytes:
    return sha256(f"{seed}\t{topic_id}\t{image_id}".encode()).digest()
