"""One file to what was seen in it: read, hash, decode, encode, describe, in one thread."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from mirada.errors import UnreadableImage
from mirada.indexing.describe import Draft
from mirada.indexing.sight import Sight
from mirada.types import ImageRecord, SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from mirada.indexing.describe import Describer
    from mirada.protocols import Encoder
    from mirada.types import Vector

LOOKAHEAD = 32  # files in flight per thread, so that one slow file holds nobody up


@dataclass(frozen=True, slots=True)
class Stale:
    """An image that some roles have to look at again."""

    file: SourceFile  # one of its files
    record: ImageRecord  # with its regions
    vector: Vector
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Observed:
    """An image seen for the first time."""

    file: SourceFile
    record: ImageRecord
    vector: Vector


@dataclass(frozen=True, slots=True)
class Described:
    """A known image, described anew."""

    record: ImageRecord


@dataclass(frozen=True, slots=True)
class Known:
    """A file whose bytes another file had already."""

    file: SourceFile
    image_id: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that is no readable image; without an id when its bytes could not be read."""

    file: SourceFile
    image_id: str | None
    reason: str


Observation: TypeAlias = Observed | Described | Known | Rejected

Work = TypeVar("Work")
Seen = TypeVar("Seen")


class Observer:
    """Looks at files, at each content once; safe to call from many threads."""

    def __init__(self, encoder: Encoder, describer: Describer, known_ids: Iterable[str]) -> None:
        self._encoder = encoder
        self._describer = describer
        self._claimed = set(known_ids)
        self._lock = Lock()

    def __call__(self, seen: SourceFile | Stale) -> Observation:
        """Look at a new file with the encoder and all roles, at a stale image with some."""
        return self._renew(seen) if isinstance(seen, Stale) else self._meet(seen)

    def _meet(self, file: SourceFile) -> Observation:
        side = max(self._encoder.image_size, self._describer.side(self._describer.steps))
        sight = Sight(file.path, self._encoder, side=side, mapper=self._describer.mapper)
        try:
            image_id = sight.image_id
        except UnreadableImage as error:
            return Rejected(file, None, str(error))
        if not self._claim(image_id):
            return Known(file, image_id)
        try:
            image = sight.decoded
        except UnreadableImage as error:
            return Rejected(file, image_id, str(error))
        now = datetime.now(UTC).replace(microsecond=0)
        record = ImageRecord(image_id, (file,), image.width, image.height, image.format, now)
        draft = Draft(record, sight.vector, sight)
        described = self._describer.describe(draft, self._describer.steps)
        return Observed(file, described, sight.vector)

    def _renew(self, stale: Stale) -> Observation:
        record = stale.record
        sight = Sight(
            stale.file.path,
            self._encoder,
            side=self._describer.side(stale.roles),
            mapper=self._describer.mapper,
            image_id=record.image_id,
        )
        try:
            found = self._describer.describe(Draft(record, stale.vector, sight), stale.roles)
        except UnreadableImage as error:
            return Rejected(stale.file, None, str(error))
        return Described(found)

    def _claim(self, image_id: str) -> bool:
        with self._lock:
            if image_id in self._claimed:
                return False
            self._claimed.add(image_id)
            return True


def observe_all(
    work: Iterable[Work], observer: Callable[[Work], Seen], *, threads: int
) -> Generator[Seen]:
    """What the observer sees in each, in order, from `threads` threads.

    Closed before its end, it waits for nothing that is still being looked at.

    Decoding and encoding share a thread: measured faster on CPU than batches passed between
    threads, because both release the interpreter's lock almost all the time.
    """
    pending: deque[Future[Seen]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="observe")
    try:
        for one in work:
            pending.append(pool.submit(observer, one))
            if len(pending) > LOOKAHEAD * threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
