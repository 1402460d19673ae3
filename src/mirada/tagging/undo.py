"""The last run of `mirada tag --write` taken back, byte by byte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirada.tagging.files import digest, read_if_there, remove_file, replace_file
from mirada.tagging.writer import Moved

if TYPE_CHECKING:
    from pathlib import Path

    from mirada.tagging.journal import Change, Journal

SIDECAR = ".xmp"


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of one change."""

    path: Path
    problem: str | None = None  # why it was left alone
    moved: Moved | None = None  # the photo's id, where its bytes changed


def undo_last(journal: Journal) -> list[Undone]:
    """Take back the newest run that can be, the last change first; [] when there is none.

    A file that was changed by others since is refused, and stays as it is.
    """
    runs = journal.runs()
    if not runs:
        return []
    run = next((one for one in runs if any(map(_stands, one))), runs[0])
    return [_undo(change, journal) for change in reversed(run)]


def _stands(change: Change) -> bool:
    current = read_if_there(change.path)
    return current is not None and digest(current) == change.after


def _undo(change: Change, journal: Journal) -> Undone:
    """Restore, then log that: killed in between, the next run finds it restored already."""
    try:
        current = read_if_there(change.path)
        now = None if current is None else digest(current)
        if now == change.before:  # restored before, or never changed
            journal.mark_undone(change)
            return Undone(change.path)
        if current is None or now != change.after or change.path.is_symlink():
            return Undone(change.path, "changed since mirada wrote it: left as it is")
        moved = _restore(change, current)
    except OSError as error:
        return Undone(change.path, f"cannot be restored: {(error.strerror or str(error)).lower()}")
    journal.mark_undone(change)
    return Undone(change.path, moved=moved)


def _restore(change: Change, current: bytes) -> Moved | None:
    if change.before is None:
        remove_file(change.path)
        return None
    is_photo = change.path.suffix.lower() != SIDECAR
    former = change.former(current)
    if digest(former) != change.before:
        raise OSError("the log does not hold its former bytes")
    replace_file(change.path, former, keep_time=is_photo)
    return Moved(change.path, change.after, change.before) if is_photo else None
