"""Turns observations into writes, in batches that are kept for good once written."""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mirada.indexing.observe import Described, Known, Observation, Observed, Rejected
from mirada.types import ImageRecord, Skipped, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirada.indexing.describe import Failure
    from mirada.indexing.plan import Link, Plan
    from mirada.protocols import Store

BATCH = 256  # images a write: a commit costs about 15 ms whatever its size
SECONDS = 5.0  # after this the next image seen triggers a write
WRITES_PER_OPTIMIZE = 100  # beyond this the unindexed tail slows searches


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What a run did, in files."""

    indexed: int
    unchanged: int
    moved: int
    copied: int
    removed: int
    described: int  # images known before that some role has looked at again
    skipped: tuple[Skipped, ...]
    seconds: float
    failed: tuple[Failure, ...] = ()  # roles that are still due, because a model had no answer

    def __str__(self) -> str:
        """One line, such as "indexed 412, unchanged 9,031, moved 2, removed 1, skipped 3"."""
        counts = {
            "indexed": self.indexed,
            "unchanged": self.unchanged,
            "moved": self.moved,
            "copied": self.copied,
            "removed": self.removed,
            "described again": self.described,
            "skipped": len(self.skipped),
        }
        seldom = ("copied", "described again")
        shown = {name: n for name, n in counts.items() if n or name not in seldom}
        return ", ".join(f"{name} {n:,}" for name, n in shown.items())


class Ledger:
    """Keeps account of which files hold which image, and writes what changed."""

    def __init__(self, store: Store, known: Iterable[tuple[SourceFile, str]], plan: Plan) -> None:
        self._store = store
        self._files: dict[str, set[SourceFile]] = defaultdict(set)
        for file, image_id in known:
            self._files[image_id].add(file)
        self._outdated = plan.outdated
        self._gone = {image_id: set(files) for image_id, files in plan.gone.items()}
        self._batch: dict[str, Observed] = {}
        self._described: dict[str, ImageRecord] = {}
        self._relinked: set[str] = set()
        self._parked: dict[str, list[Known]] = defaultdict(list)
        self._refused: dict[str, str] = {}
        self._counts: Counter[str] = Counter(unchanged=plan.unchanged)
        self._skipped: list[Skipped] = []
        for link in plan.superseded:
            self._unlink(link)
        self._writes = 0
        self._written_at = self._started_at = time.monotonic()

    def take(self, observation: Observation) -> None:
        """Account for one observation; it is kept for good at the next `write`."""
        match observation:
            case Observed():
                self._take_observed(observation)
            case Described():
                self._described[observation.record.image_id] = observation.record
                self._counts["described"] += 1
            case Known():
                self._take_known(observation)
            case Rejected():
                self._take_rejected(observation)

    def is_due(self) -> bool:
        """Whether enough has gathered, or waited long enough, to be written."""
        waiting = len(self._batch) + len(self._described) + len(self._relinked)
        age = time.monotonic() - self._written_at
        return waiting >= BATCH or (waiting > 0 and age >= SECONDS)

    def write(self) -> list[ImageRecord]:
        """Write what has gathered; returns the records that are new, now kept for good."""
        # an interrupt may have left the last one without its file: the next run reads it again
        seen = [one for one in self._batch.values() if self._files[one.record.image_id]]
        records = [self._with_files(observed.record) for observed in seen]
        if records:
            self._store.put(records, np.stack([observed.vector for observed in seen]))
        if self._described:
            self._store.update(list(self._described.values()))
        relinked = {one: _in_order(self._files[one]) for one in self._relinked - self._batch.keys()}
        # an id without files may get a new one later in this run: only `finish` removes it
        self._store.set_files({one: files for one, files in relinked.items() if files})
        self._batch.clear()
        self._described.clear()
        self._relinked.clear()
        self._written_at = time.monotonic()
        self._writes += 1
        if self._writes % WRITES_PER_OPTIMIZE == 0:
            self._store.optimize()
        return records

    def finish(self, *, keep_missing: bool) -> list[ImageRecord]:
        """Write the rest, and unless told to keep them forget files that are no longer there."""
        if not keep_missing:
            for image_id, files in self._gone.items():
                self._files[image_id] -= files
                self._relinked.add(image_id)
                self._counts["removed"] += len(files)
        records = self.write()
        self._store.set_files({one: () for one, files in self._files.items() if not files})
        return records

    def report(self) -> IndexReport:
        """What has been done so far."""
        return IndexReport(
            indexed=self._counts["indexed"],
            unchanged=self._counts["unchanged"],
            moved=self._counts["moved"],
            copied=self._counts["copied"],
            removed=self._counts["removed"],
            described=self._counts["described"],
            skipped=tuple(self._skipped),
            seconds=time.monotonic() - self._started_at,
        )

    def skip(self, skipped: Iterable[Skipped]) -> None:
        """Account for files that the scan already gave up."""
        self._skipped.extend(skipped)

    def _take_observed(self, observed: Observed) -> None:
        image_id = observed.record.image_id
        self._batch[image_id] = observed
        self._counts["indexed"] += 1
        self._link(observed.file, image_id)
        for known in self._parked.pop(image_id, ()):
            self._take_known(known)

    def _take_known(self, known: Known) -> None:
        image_id = known.image_id
        if image_id in self._refused:
            self._skipped.append(Skipped(known.file.path, self._refused[image_id]))
        elif image_id not in self._files:
            self._parked[image_id].append(known)  # another thread is still looking at these bytes
        else:
            self._counts[self._how_known(known)] += 1
            self._link(known.file, image_id)

    def _take_rejected(self, rejected: Rejected) -> None:
        self._skipped.append(Skipped(rejected.file.path, rejected.reason))
        if rejected.image_id is not None:
            self._refused[rejected.image_id] = rejected.reason
            for known in self._parked.pop(rejected.image_id, ()):
                self._take_known(known)

    def _how_known(self, known: Known) -> str:
        image_id = known.image_id
        if any(link.image_id == image_id for link in self._outdated.get(known.file.path, ())):
            return "unchanged"  # its time changed, its bytes did not
        gone = self._gone.get(image_id)
        if not gone:
            return "copied"
        self._files[image_id].discard(gone.pop())
        return "moved"

    def _link(self, file: SourceFile, image_id: str) -> None:
        for link in self._outdated.get(file.path, ()):
            self._unlink(link)
        self._files[image_id].add(file)
        self._relinked.add(image_id)

    def _unlink(self, link: Link) -> None:
        self._files[link.image_id].discard(link.file)
        self._relinked.add(link.image_id)

    def _with_files(self, record: ImageRecord) -> ImageRecord:
        return replace(record, files=_in_order(self._files[record.image_id]))


def _in_order(files: Iterable[SourceFile]) -> tuple[SourceFile, ...]:
    return tuple(sorted(files, key=lambda file: os.fsencode(file.path)))
