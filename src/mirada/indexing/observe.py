"""One file to what a model saw in it: read, hash, decode, encode, in one thread."""

from __future__ import annotations

import hashlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

from mirada.errors import UnreadableImage
from mirada.indexing.images import decode_image
from mirada.indexing.scan import read_file

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from mirada.protocols import Encoder
    from mirada.types import SourceFile, Vector

LOOKAHEAD = 32  # files in flight per thread, so that one slow file holds nobody up


@dataclass(frozen=True, slots=True)
class Observed:
    """An image seen for the first time."""

    file: SourceFile
    image_id: str
    width: int  # pixels, after orientation
    height: int
    format: str
    vector: Vector


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


Observation: TypeAlias = Observed | Known | Rejected


class Observer:
    """Looks at files, at each content once; safe to call from many threads."""

    def __init__(self, encoder: Encoder, known_ids: Iterable[str]) -> None:
        self._encoder = encoder
        self._claimed = set(known_ids)
        self._lock = Lock()

    def __call__(self, file: SourceFile) -> Observation:
        """Read, hash, and unless the content is known already, decode and encode."""
        try:
            raw = read_file(file.path)
        except UnreadableImage as error:
            return Rejected(file, None, str(error))
        image_id = hashlib.sha256(raw).hexdigest()
        if not self._claim(image_id):
            return Known(file, image_id)
        try:
            image = decode_image(raw, self._encoder.image_size)
        except UnreadableImage as error:
            return Rejected(file, image_id, str(error))
        (vector,) = self._encoder.encode_images([image.pixels])
        return Observed(file, image_id, image.width, image.height, image.format, vector)

    def _claim(self, image_id: str) -> bool:
        with self._lock:
            if image_id in self._claimed:
                return False
            self._claimed.add(image_id)
            return True


def observe_all(
    files: Iterable[SourceFile], observer: Observer, *, threads: int
) -> Generator[Observation]:
    """Observations of all files, in order, from `threads` threads.

    Decoding and encoding share a thread: measured faster on CPU than batches passed between
    threads, because both release the interpreter's lock almost all the time.
    """
    pending: deque[Future[Observation]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="observe") as pool:
        try:
            for file in files:
                pending.append(pool.submit(observer, file))
                if len(pending) > LOOKAHEAD * threads:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
