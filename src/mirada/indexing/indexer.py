"""The run that brings an index up to date with its folders."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from threadpoolctl import threadpool_limits

from mirada.errors import ModelMismatch, StoreError
from mirada.indexing.ledger import IndexReport, Ledger
from mirada.indexing.observe import Observer, Stale, observe_all
from mirada.indexing.plan import plan_run
from mirada.indexing.scan import scan
from mirada.protocols import batch_size_of
from mirada.types import Skipped

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    from mirada.indexing.describe import Describer
    from mirada.indexing.observe import Observation
    from mirada.protocols import Encoder, Store
    from mirada.types import ImageRecord, SourceFile


THREADS_A_CORE = 4  # at most: each holds a decoded picture
CHUNK = 64  # known images read from the store at a time

UNMOUNTED = (
    "empty: is the drive mounted? what was indexed here is kept "
    "(if it is gone for good, index the folder above)"
)


class Progress(Protocol):
    """Hears how a run gets on."""

    def planned(self, total: int, what: str) -> None:
        """A part of the run begins: `total` files are to be read, or images looked at again."""

    def advanced(self) -> None:
        """One more file has been looked at."""

    def wrote(self, records: Sequence[ImageRecord]) -> None:
        """These records are kept for good."""


class Silence:
    """The progress of a run that nobody watches."""

    def planned(self, total: int, what: str) -> None:
        """Say nothing."""

    def advanced(self) -> None:
        """Say nothing."""

    def wrote(self, records: Sequence[ImageRecord]) -> None:
        """Say nothing."""


def index_folders(
    roots: Sequence[Path],
    store: Store,
    encoder: Encoder,
    describer: Describer,
    *,
    threads: int = 0,
    keep_missing: bool = False,
    again: bool = False,
    progress: Progress | None = None,
) -> IndexReport:
    """Bring `store` up to date with `roots`; if stopped, the next run goes on from there.

    Args:
        roots: folders or single files.
        store: must hold vectors of `encoder`.
        encoder: called from `threads` threads.
        describer: likewise; what it finds due in images known before is done after the new files.
        threads: 0 means one per available core.
        keep_missing: keep files that are no longer there.
        again: hold every role for due in every known image.
        progress: told what happens, from the calling thread.

    Raises:
        ModelMismatch: the store holds vectors of another model.
        StoreError: nothing more can be written; what was written stays.
    """
    if store.encoder != encoder.name:
        raise ModelMismatch.between(store.encoder, encoder.name)
    progress = progress or Silence()
    found = scan(roots)
    known = store.files()
    tops = [Path(os.path.abspath(root)) for root in roots]
    unmounted = [top for top in tops if _looks_unmounted(top, known)]
    plan = plan_run(found.files, known, roots=tops, unreadable=[*found.unreadable, *unmounted])
    ledger = Ledger(store, known.items(), plan)
    ledger.skip(found.skipped)
    ledger.skip(Skipped(top, UNMOUNTED) for top in unmounted)
    observer = Observer(encoder, describer, known.values())
    threads = threads or usual_threads(encoder, describer)
    look = partial(observe_all, observer=observer, threads=threads)
    _run(look(plan.to_read), len(plan.to_read), "new and changed files", ledger, progress)
    if plan.to_read and not again:  # files may have turned out to hold what is known
        with _kept(ledger, progress):
            progress.wrote(ledger.write())
        known = store.files()
    due = _due(found.files, known, {} if again else store.models(), describer)
    what = ", ".join(
        role for role in describer.steps if any(role in one for _, one in due.values())
    )
    _run(look(_stale(due, store)), len(due), f"{what} of known images", ledger, progress)
    with _kept(ledger, progress):
        progress.wrote(ledger.finish(keep_missing=keep_missing))
    store.optimize()
    return replace(ledger.report(), failed=describer.failures())


def _run(
    observations: Generator[Observation], total: int, what: str, ledger: Ledger, progress: Progress
) -> None:
    if total:
        progress.planned(total, what)
    # numpy's own threads would make those that observe wait for each other
    with threadpool_limits(1, user_api="blas"), closing(observations), _kept(ledger, progress):
        for observation in observations:
            ledger.take(observation)
            progress.advanced()
            if ledger.is_due():
                progress.wrote(ledger.write())


@contextmanager
def _kept(ledger: Ledger, progress: Progress) -> Iterator[None]:
    """However it ends, what had been seen is written, unless writing is what failed."""
    try:
        yield
    except StoreError:
        raise
    except BaseException:
        progress.wrote(ledger.write())
        raise


def _due(
    found: Iterable[SourceFile],
    known: Mapping[SourceFile, str],
    models: Mapping[str, Mapping[str, str]],
    describer: Describer,
) -> dict[str, tuple[SourceFile, frozenset[str]]]:
    """Image id -> a file of it and the roles that are due, of the unchanged files found."""
    due: dict[str, tuple[SourceFile, frozenset[str]]] = {}
    for file in found:
        image_id = known.get(file)
        if image_id is not None and image_id not in due:
            roles = describer.due(models.get(image_id, {}))
            if roles:
                due[image_id] = (file, roles)
    return due


def _stale(
    due: Mapping[str, tuple[SourceFile, frozenset[str]]], store: Store
) -> Generator[SourceFile | Stale]:
    """The images that are due with all that is known of them, read in parts."""
    ids = list(due)
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        records, vectors, regions = store.get(part), store.vectors(part), store.regions(part)
        for record, vector, parts in zip(records, vectors, regions, strict=True):
            file, roles = due[record.image_id]
            yield Stale(file, replace(record, regions=parts), vector, roles)


def _looks_unmounted(top: Path, known: Iterable[SourceFile]) -> bool:
    """Whether a folder that held pictures holds nothing at all, as the place of a lost drive."""
    try:
        if not top.is_dir() or any(top.iterdir()):
            return False
    except OSError:
        return False  # the scan has listed it as unreadable
    return any(file.path.is_relative_to(top) for file in known)


def usual_threads(encoder: Encoder, describer: Describer) -> int:
    """Threads that decode and encode: one a core, or enough to fill the batches of the models."""
    cores = available_cores()
    batch = max(batch_size_of(encoder), describer.batch_size)
    return max(cores, min(batch, THREADS_A_CORE * cores))


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
