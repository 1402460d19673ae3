"""Single files replaced whole: after a crash, the old bytes or the new ones are there."""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SECOND = 1_000_000_000  # nanoseconds


def digest(data: bytes) -> str:
    """The sha256, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def read_if_there(path: Path) -> bytes | None:
    """The bytes of a file; None when there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def replace_file(path: Path, data: bytes, *, keep_time: bool) -> None:
    """Put new bytes in the place of a file, with its permissions, or make it.

    Args:
        path: of the file.
        data: all its bytes.
        keep_time: let it look as old as before, as it is the date of a photo without another;
            a second later where its size is the same, so that it is seen to have changed.
    """
    former = os.stat(path) if os.path.exists(path) else None
    draft = _draft(path)
    with suppress(FileNotFoundError):
        draft.unlink()  # of a run that was killed
    try:
        with open(draft, "xb", opener=_private if former else None) as file:
            file.write(data)
            file.flush()
            if former is not None:
                shutil.copystat(path, draft)
                _keep_owner(draft, former)
                _set_time(draft, former, data, keep_time=keep_time)
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
    keep_folder(path.parent)


def remove_file(path: Path) -> None:
    """Delete a file for good."""
    path.unlink()
    keep_folder(path.parent)


def keep_folder(folder: Path) -> None:
    """Ask the disk to keep the names in a folder."""
    if os.name == "nt":
        return  # where folders cannot be flushed, nor need to be
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def can_replace(path: Path) -> bool:
    """Whether the folder may be written, and the file where it is there."""
    return os.access(path.parent, os.W_OK | os.X_OK) and (
        not os.path.exists(path) or os.access(path, os.W_OK)
    )


def _draft(path: Path) -> Path:
    """Always the same hidden name, so that a killed run leaves one file at most, for a while."""
    return path.with_name(f".mirada-{digest(os.fsencode(path.name))[:16]}.tmp")


def _private(path: str, flags: int) -> int:
    """Open so that nobody else can read it before it has the permissions of the former file."""
    return os.open(path, flags, 0o600)


def _keep_owner(draft: Path, former: os.stat_result) -> None:
    if hasattr(os, "chown"):
        with suppress(OSError):  # only the administrator may give files away
            os.chown(draft, former.st_uid, former.st_gid)


def _set_time(draft: Path, former: os.stat_result, data: bytes, *, keep_time: bool) -> None:
    if not keep_time:
        os.utime(draft)
    elif len(data) == former.st_size:
        os.utime(draft, ns=(former.st_atime_ns, former.st_mtime_ns + SECOND))
