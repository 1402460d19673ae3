"""An index as another encoder sees it, from one that is there: only what hangs on vectors is new.

The encoder must make the same feature maps as the former one, so parts keep their boxes. What
people decided, captions and all that files say are carried over as they are.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from threadpoolctl import threadpool_limits

from mirada.errors import StoreError, UnreadableImage
from mirada.indexing.crops import region_vectors
from mirada.indexing.describe import Draft
from mirada.indexing.sight import Sight

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from mirada.indexing.describe import Step
    from mirada.indexing.indexer import Progress
    from mirada.protocols import Encoder, Store
    from mirada.types import ImageRecord, Vector

CHUNK: Final = 64  # pictures a write
REDONE: Final = ("tags", "phrases")  # roles that go by vectors alone, or by those that do


class Renewer:
    """Sees known pictures with another encoder; safe to call from threads."""

    def __init__(self, encoder: Encoder, former: str, steps: Mapping[str, Step]) -> None:
        """Nothing is seen yet.

        Args:
            encoder: makes the new vectors.
            former: name of the encoder that made the present ones.
            steps: role -> its step, of `REDONE`.
        """
        self._encoder, self._former, self._steps = encoder, former, steps

    def __call__(self, record: ImageRecord) -> tuple[ImageRecord, Vector]:
        """The record with new vectors of its parts, and the new vector of the whole.

        Raises:
            UnreadableImage: none of its files holds the picture any more.
        """
        sight = self._sight_of(record)
        vectors = region_vectors(sight, self._encoder, [part.box for part in record.regions])
        parts = tuple(
            replace(part, vector=vector)
            for part, vector in zip(record.regions, vectors, strict=True)
        )
        models = {role: self._by(name) for role, name in record.models.items()}
        renewed = replace(record, regions=parts, models=models)
        for role, step in self._steps.items():
            if role in record.models:
                renewed = step(Draft(renewed, sight.vector, sight))
                renewed = replace(renewed, models={**renewed.models, role: step.name})
        return renewed, sight.vector

    def _sight_of(self, record: ImageRecord) -> Sight:
        for number, file in enumerate(record.files, 1):
            sight = Sight(
                file.path,
                self._encoder,
                side=self._encoder.image_size,
                image_id=record.image_id,
            )
            try:
                sight.decoded  # noqa: B018 read now: another file may hold the same picture
            except UnreadableImage:
                if number == len(record.files):
                    raise
            else:
                return sight
        raise UnreadableImage("no file of it is known")

    def _by(self, name: str) -> str:
        """What described a role, where that was told together with the encoder."""
        before, comma, encoder = name.rpartition(", ")
        return f"{before}{comma}{self._encoder.name}" if encoder == self._former else name


def fill(old: Store, new: Store, renewer: Renewer, *, threads: int, progress: Progress) -> None:
    """Bring `new` to all pictures that `old` holds; if stopped, the next call goes on from there.

    Raises:
        StoreError: pictures cannot be read, so they would be lost; those that can be are kept.
    """
    ids = sorted(old.ids())
    known = frozenset(new.ids())
    new.set_files(dict.fromkeys(known - set(ids), ()))
    due = [one for chunk in _chunks(ids) for one in _due(old, new, chunk, known)]
    progress.planned(len(due), "pictures for the new model")
    lost: list[tuple[ImageRecord, str]] = []
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        for chunk in _chunks(due):
            seen = list(pool.map(lambda record: _try(renewer, record), _whole(old, chunk)))
            found = [one for one in seen if not isinstance(one[1], str)]
            lost += [(record, why) for record, why in seen if isinstance(why, str)]
            if found:
                records = [record for record, _ in found]
                new.put(records, np.stack([vector for _, vector in found]))
                progress.wrote(records)
            for _ in seen:
                progress.advanced()
    if lost:
        record, why = lost[0]
        raise StoreError(
            f"{len(lost):,} pictures cannot be read and would be lost, such as {record.path} "
            f"({why}): mount the drive, or run `mirada index` to forget what is gone"
        )


def _try(renewer: Renewer, record: ImageRecord) -> tuple[ImageRecord, Vector | str]:
    """The picture seen anew, or why it cannot be."""
    try:
        return renewer(record)
    except UnreadableImage as error:
        return record, str(error)


def _due(old: Store, new: Store, ids: Sequence[str], known: AbstractSet[str]) -> list[str]:
    """Those of the ids that the new store, which knows some, lacks or holds as they were before."""
    there = [one for one in ids if one in known]
    pairs = zip(_whole(old, there), _whole(new, there), strict=True)
    same = {now.image_id for now, then in pairs if _carried(now) == _carried(then)}
    return [one for one in ids if one not in same]


def _carried(record: ImageRecord) -> ImageRecord:
    """What no encoder has a say in."""
    return replace(
        record,
        regions=tuple(replace(part, tags=()) for part in record.regions),
        tags=tuple(tag for tag in record.tags if tag.state != "auto" or tag.source == "user"),
        phrases=(),
        models={},
    )


def _whole(store: Store, ids: Sequence[str]) -> list[ImageRecord]:
    pairs = zip(store.get(ids), store.regions(ids), strict=True)
    return [replace(record, regions=parts) for record, parts in pairs]


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
