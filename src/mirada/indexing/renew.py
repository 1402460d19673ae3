"""An index as another encoder sees it, from one that is there: what hangs on vectors is new.

Roles that have nothing to do with the encoder (facts, metadata, read text) are carried over with
what people decided; the others look again.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
from threadpoolctl import threadpool_limits

from mirada.errors import StoreError, UnreadableImage
from mirada.indexing.describe import Draft, with_fed
from mirada.indexing.ledger import SECONDS
from mirada.indexing.observe import observe_all
from mirada.indexing.sight import Sight
from mirada.paths import readable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from mirada.indexing.describe import Describer
    from mirada.indexing.indexer import Progress
    from mirada.protocols import Encoder, Store
    from mirada.types import ImageRecord, Tag, Vector

CHUNK: Final = 64  # pictures a write, at most
OF_ENCODER: Final = with_fed(["regions"])  # roles in which an encoder has a say


class Renewer:
    """Sees known pictures with another encoder; safe to call from threads."""

    def __init__(self, encoder: Encoder, describer: Describer) -> None:
        """Nothing is seen yet.

        Args:
            encoder: makes the new vectors.
            describer: of the new index.
        """
        self._encoder, self._describer = encoder, describer
        self.roles = frozenset(describer.steps)  # that look again

    def __call__(self, record: ImageRecord) -> tuple[ImageRecord, Vector]:
        """The record as the roles see it now, and the new vector of the whole.

        Raises:
            UnreadableImage: none of its files holds the picture any more.
        """
        record = _without(record, OF_ENCODER - self.roles)  # the other encoder let them pass
        due = self._describer.due(record.models)
        sight = self._sight_of(record, max(self._encoder.image_size, self._describer.side(due)))
        draft = Draft(record, sight.vector, sight)
        return self._describer.describe(draft, due), sight.vector

    def _sight_of(self, record: ImageRecord, side: int) -> Sight:
        for number, file in enumerate(record.files, 1):
            sight = Sight(
                file.path,
                self._encoder,
                side=side,
                mapper=self._describer.mapper,
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


def fill(
    old: Store,
    new: Store,
    renewer: Renewer,
    *,
    threads: int,
    keep_missing: bool = False,
    progress: Progress,
) -> None:
    """Bring `new` to all pictures that `old` holds; if stopped, the next call goes on from there.

    Pictures whose files are certainly gone are left behind, as an indexing run would forget them.

    Args:
        old: stays as it is.
        new: with vectors of the renewer's encoder.
        renewer: sees pictures.
        threads: that call it.
        keep_missing: pictures whose files are gone must not be left behind either.
        progress: told what happens.

    Raises:
        StoreError: pictures cannot be read, so they would be lost. Where their files are not there,
            this is told before anything is done; else those that can be read are kept.
    """
    gone = _gone(old, keep_missing=keep_missing)
    ids = sorted(set(old.ids()) - gone)
    known = frozenset(new.ids())
    new.set_files(dict.fromkeys(known - set(ids), ()))
    due = [one for chunk in _chunks(ids) for one in _due(old, new, chunk, known, renewer.roles)]
    progress.planned(len(due), "pictures for the new model")
    lost: list[tuple[ImageRecord, str]] = []
    writing = _Writing(new, progress)
    work = (record for chunk in _chunks(due) for record in _whole(old, chunk))
    seen = observe_all(work, partial(_try, renewer), threads=threads)
    with threadpool_limits(1, user_api="blas"), closing(seen), writing:
        for record, vector in seen:
            progress.advanced()
            if isinstance(vector, str):
                lost.append((record, vector))
            else:
                writing.add(record, vector)
    if lost:
        record, why = lost[0]
        raise StoreError(_LOST.format(len(lost), readable(record.path), why))


_LOST: Final = (
    "{:,} pictures cannot be read and would be lost, such as {} ({}): mount the drive or mend the "
    "files, or run `mirada index` to forget what is gone, and then change the model"
)


def _gone(old: Store, *, keep_missing: bool) -> set[str]:
    """Ids of which no file is there any more, though the folders are that held them.

    Raises:
        StoreError: of others it cannot be told, or they are to be kept.
    """
    places: dict[str, list[Path]] = defaultdict(list)
    for file, image_id in old.files().items():
        places[image_id].append(file.path)
    missing = {
        image_id: paths
        for image_id, paths in places.items()
        if not any(map(os.path.lexists, paths))
    }
    lost = [
        paths[0]
        for paths in missing.values()
        if keep_missing or not all(_holds_others(path.parent) for path in paths)
    ]
    if lost:
        raise StoreError(_LOST.format(len(lost), readable(lost[0]), "it is not there"))
    return set(missing)


def _holds_others(folder: Path) -> bool:
    """Whether a folder is there and not empty, as the place of a drive without it would be."""
    try:
        return any(folder.iterdir())
    except OSError:
        return False


class _Writing:
    """Writes what was seen in batches, and the rest however it ends."""

    def __init__(self, store: Store, progress: Progress) -> None:
        self._store, self._progress = store, progress
        self._waiting: list[tuple[ImageRecord, Vector]] = []
        self._written_at = time.monotonic()

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None or not issubclass(kind, StoreError):
            self._write()

    def add(self, record: ImageRecord, vector: Vector) -> None:
        """Take one more, and write them when there are many or the first has waited long."""
        self._waiting.append((record, vector))
        if len(self._waiting) >= CHUNK or time.monotonic() - self._written_at >= SECONDS:
            self._write()

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting:
            records = [record for record, _ in waiting]
            self._store.put(records, np.stack([vector for _, vector in waiting]))
            self._progress.wrote(records)
        self._written_at = time.monotonic()


def _try(renewer: Renewer, record: ImageRecord) -> tuple[ImageRecord, Vector | str]:
    """The picture seen anew, or why it cannot be."""
    try:
        return renewer(record)
    except UnreadableImage as error:
        return record, str(error)


def _due(
    old: Store, new: Store, ids: Sequence[str], known: AbstractSet[str], roles: AbstractSet[str]
) -> list[str]:
    """Those of the ids that the new store, which knows some, lacks or holds as they were before."""
    there = [one for one in ids if one in known]
    pairs = zip(_whole(old, there), _whole(new, there), strict=True)
    same = {now.image_id for now, then in pairs if _carried(now, roles) == _carried(then, roles)}
    return [one for one in ids if one not in same]


def _carried(record: ImageRecord, roles: AbstractSet[str]) -> tuple[object, ...]:
    """What is not said anew by these roles, and may have changed while the new index was filled."""
    own = roles | OF_ENCODER
    others = {role: by for role, by in record.models.items() if role not in own}
    return record.files, _decided(record), others


def _without(record: ImageRecord, roles: AbstractSet[str]) -> ImageRecord:
    """The record without what these roles said; what people decided stays."""
    regions = () if "regions" in roles else record.regions
    if "captions" in roles:
        regions = tuple(replace(region, captions=()) for region in regions)
    if "tags" in roles:
        regions = tuple(replace(region, tags=()) for region in regions)
    return replace(
        record,
        regions=regions,
        tags=_decided(record) if "tags" in roles else record.tags,
        captions=() if "captions" in roles else record.captions,
        phrases=() if "phrases" in roles else record.phrases,
        models={role: by for role, by in record.models.items() if role not in roles},
    )


def _decided(record: ImageRecord) -> tuple[Tag, ...]:
    return tuple(tag for tag in record.tags if tag.state != "auto" or tag.source == "user")


def _whole(store: Store, ids: Sequence[str]) -> list[ImageRecord]:
    pairs = zip(store.get(ids), store.regions(ids), strict=True)
    return [replace(record, regions=parts) for record, parts in pairs]


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
