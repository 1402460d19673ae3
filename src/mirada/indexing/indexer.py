"""The run that brings an index up to date with its folders."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mirada.errors import ModelMismatch, StoreError
from mirada.indexing.ledger import IndexReport, Ledger
from mirada.indexing.observe import Observer, observe_all
from mirada.indexing.plan import plan_run
from mirada.indexing.scan import scan
from mirada.types import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mirada.protocols import Encoder, Store
    from mirada.types import ImageRecord, SourceFile


UNMOUNTED = (
    "empty: is the drive mounted? what was indexed here is kept "
    "(if it is gone for good, index the folder above)"
)


class Progress(Protocol):
    """Hears how a run gets on."""

    def planned(self, total: int) -> None:
        """Scanning is over and `total` files are to be read."""

    def advanced(self) -> None:
        """One more file has been looked at."""

    def wrote(self, records: Sequence[ImageRecord]) -> None:
        """These records are kept for good."""


class Silence:
    """The progress of a run that nobody watches."""

    def planned(self, total: int) -> None:
        """Say nothing."""

    def advanced(self) -> None:
        """Say nothing."""

    def wrote(self, records: Sequence[ImageRecord]) -> None:
        """Say nothing."""


def index_folders(
    roots: Sequence[Path],
    store: Store,
    encoder: Encoder,
    *,
    threads: int = 0,
    keep_missing: bool = False,
    progress: Progress | None = None,
) -> IndexReport:
    """Bring `store` up to date with `roots`; if stopped, the next run goes on from there.

    Args:
        roots: folders or single files.
        store: must hold vectors of `encoder`.
        encoder: called from `threads` threads.
        threads: 0 means one per available core.
        keep_missing: keep files that are no longer there.
        progress: told what happens, from the calling thread.

    Raises:
        ModelMismatch: the store holds vectors of another model.
        StoreError: nothing more can be written; what was written stays.
    """
    if store.encoder != encoder.name:
        raise ModelMismatch(
            f"the index holds vectors of {store.encoder}, the model in use is {encoder.name}: "
            "index into a new collection with --home DIR, or go back to the model of the index"
        )
    progress = progress or Silence()
    found = scan(roots)
    known = store.files()
    tops = [Path(os.path.abspath(root)) for root in roots]
    unmounted = [top for top in tops if _looks_unmounted(top, known)]
    plan = plan_run(found.files, known, roots=tops, unreadable=[*found.unreadable, *unmounted])
    ledger = Ledger(store, known.items(), plan)
    ledger.skip(found.skipped)
    ledger.skip(Skipped(top, UNMOUNTED) for top in unmounted)
    progress.planned(len(plan.to_read))
    observer = Observer(encoder, known.values())
    observations = observe_all(plan.to_read, observer, threads=threads or available_cores())
    try:
        for observation in observations:
            ledger.take(observation)
            progress.advanced()
            if ledger.is_due():
                progress.wrote(ledger.write())
        progress.wrote(ledger.finish(keep_missing=keep_missing))
    except StoreError:
        raise
    except BaseException:
        observations.close()
        progress.wrote(ledger.write())  # an interrupted run keeps all that it had seen
        raise
    store.optimize()
    return ledger.report()


def _looks_unmounted(top: Path, known: Iterable[SourceFile]) -> bool:
    """Whether a folder that held pictures holds nothing at all, as the place of a lost drive."""
    try:
        if not top.is_dir() or any(top.iterdir()):
            return False
    except OSError:
        return False  # the scan has listed it as unreadable
    return any(file.path.is_relative_to(top) for file in known)


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
