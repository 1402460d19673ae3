"""Makes what Lance wrote survive a power cut: it commits without asking the disk to keep it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from mirada.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MANIFEST_END = b"LANC"  # the last bytes of every whole manifest
SETTLED = 600.0  # seconds after which systems have written a file back by themselves
COMMITS = ("_transactions", "_versions")


class Flusher:
    """Asks the disk to keep the files of a table folder, each of them once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: set[str] = set()

    def flush_data(self) -> None:
        """Keep all but the commits: to be called before the commit that points there."""
        self._flush(name for name in os.listdir(self._folder) if name not in COMMITS)

    def flush_commits(self) -> None:
        """Keep the commits: once done, the write is there for good."""
        self._flush(COMMITS)
        _keep_folder(str(self._folder))

    def _flush(self, names: Iterable[str]) -> None:
        for name in names:
            self._flush_tree(str(self._folder / name))

    def _flush_tree(self, folder: str) -> None:
        fresh = [path for path in _files_below(folder) if path not in self._kept]
        for path in fresh:
            if not _is_settled(path):
                _keep_file(path)
        for parent in {os.path.dirname(path) for path in fresh} | ({folder} if fresh else set()):
            _keep_folder(parent)
        self._kept.update(fresh)


def set_aside_torn(folder: Path) -> None:
    """Go back to the last whole version of the table; the torn ones keep their bytes."""
    while (newest := _newest_manifest(folder)) and not _is_whole(newest):
        newest.replace(newest.with_suffix(".torn"))


def refuse_torn(folder: Path) -> None:
    """Raise StoreError where the newest version of the table was cut short by a power cut.

    It was never acknowledged, and older ones are whole: each is flushed before the next is made.
    """
    newest = _newest_manifest(folder)
    if newest and not _is_whole(newest):
        raise StoreError(
            f"the last write to {folder} was cut short by a power failure: "
            "run `mirada index`, which mends it; your photos are untouched"
        )


def has_manifests(folder: Path) -> bool:
    """Whether any version of a table was ever committed there."""
    return _newest_manifest(folder) is not None


def _newest_manifest(folder: Path) -> Path | None:
    manifests = (folder / "_versions").glob("*.manifest")
    return min(manifests, default=None)  # Lance numbers them downwards


def _is_whole(manifest: Path) -> bool:
    with manifest.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - len(MANIFEST_END)))
        return file.read() == MANIFEST_END


def _files_below(folder: str) -> list[str]:
    return [os.path.join(where, name) for where, _, names in os.walk(folder) for name in names]


def _is_settled(path: str) -> bool:
    try:
        return time.time() - os.stat(path).st_mtime > SETTLED
    except FileNotFoundError:
        return True  # a temporary file, gone meanwhile


def _keep_file(path: str) -> None:
    # Windows flushes only handles that may write
    _sync(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)


def _keep_folder(path: str) -> None:
    if os.name != "nt":  # where folders cannot be flushed, nor need to be
        _sync(path, os.O_RDONLY)


def _sync(path: str, flags: int) -> None:
    try:
        handle = os.open(path, flags)
    except FileNotFoundError:
        return  # a temporary file, gone meanwhile
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
