"""The file of one judge: every mark is on disk before the page hears of it, and none is lost."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import quote

from filelock import FileLock, Timeout

from mirada.errors import CollectionBusy, ConfigError
from mirada.judging.judgements import ENDING, line_of, read_judgements
from mirada.tagging.files import keep_folder

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from mirada.judging.judgements import Judgement

FOLDER = "judgements"  # in the home of a collection
LONGEST_NAME = 40  # characters of a judge's


class JudgementLog:
    """Only ever appended to, by one process and one thread at a time; judges have a file each.

    `former` is what the judge had said, and not taken back, when it was opened.
    """

    def __init__(self, folder: Path, judge: str) -> None:
        """Open it; use it as a context manager, so that it is closed.

        Raises:
            ConfigError: nobody can be called so, or the folder cannot be written.
            CollectionBusy: another process has it open.
            DatasetError: a line of it is not a judgement.
        """
        self.judge = checked_name(judge)
        self.path = folder / f"{quote(self.judge, safe=' ')}{ENDING}"
        self._lock = _only_process(folder, self.path, self.judge)
        try:
            self.former = read_judgements(self.path) if self.path.exists() else []
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> JudgementLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.release()

    def note(self, mark: Judgement, *, made: bool = True) -> None:
        """Append a judgement, or that it is taken back; on return it is on disk.

        Raises:
            ConfigError: the file cannot be written; what was there before stays.
        """
        line = line_of(mark, made=made)
        try:
            is_new = not self.path.exists()
            with self.path.open("ab+") as file:
                if file.tell() and not _ends_with_newline(file):
                    line = b"\n" + line  # after a line that a crash cut short
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            if is_new:
                keep_folder(self.path.parent)
        except OSError as error:
            raise ConfigError(
                f"{self.path} cannot be written ({error.strerror}): the mark was not kept"
            ) from error


def checked_name(judge: str) -> str:
    """The name as it is kept: without case, for file systems that have none.

    Raises:
        ConfigError: it is empty, too long, or holds what cannot be printed.
    """
    name = " ".join(judge.split()).casefold()
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or name.startswith("."):
        raise ConfigError(
            f"{judge!r} is no name for a judge: give one of 1 to {LONGEST_NAME} letters with "
            "--judge NAME"
        )
    return name


def _only_process(folder: Path, path: Path, judge: str) -> FileLock:
    lock = FileLock(path.with_suffix(".lock"), timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise CollectionBusy(
            f"{judge} is judging already in another process: stop it, or be someone else with "
            "--judge NAME"
        ) from error
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written ({error.strerror})") from error
    return lock


def _ends_with_newline(file: BinaryIO) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"
