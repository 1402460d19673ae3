"""The log of every change to a file, written before the change, from which it can be undone.

Lines of JSON, only ever appended. A change keeps the bytes that it replaces: those between what
the old file and the new one have in common at their start and at their end, so that embedding tags
into a photo of megabytes logs some kilobytes.
"""

from __future__ import annotations

import base64
import json
import os
from bisect import bisect_left
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from mirada.errors import ConfigError
from mirada.tagging.files import digest, keep_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LOG_NAME = "tagging.jsonl"


@dataclass(frozen=True, slots=True)
class Change:
    """One file before and after."""

    number: int  # of its line in the log
    run: str  # moment at which the run began, UTC; sorts by time
    path: Path
    before: str | None  # sha256; None: there was no file
    after: str  # sha256
    head: int  # bytes at the start that both have
    tail: int  # bytes at the end that both have
    middle: bytes  # what the old file had in between

    def former(self, current: bytes) -> bytes:
        """The old bytes, out of the new ones."""
        return current[: self.head] + self.middle + current[len(current) - self.tail :]


class Journal:
    """The log in a collection's home."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._log = home / LOG_NAME
        self._run = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"

    def note(self, path: Path, before: bytes | None, after: bytes) -> None:
        """Log a change that is about to be made; on return it is on disk.

        Raises:
            ConfigError: the log cannot be written.
        """
        head, tail = common_ends(before or b"", after)
        middle = (before or b"")[head : len(before or b"") - tail]
        self._append(
            {
                "run": self._run,
                "path": self._shortened(path),
                "before": None if before is None else digest(before),
                "after": digest(after),
                "head": head,
                "tail": tail,
                "middle": base64.b64encode(middle).decode(),
            }
        )

    def mark_undone(self, change: Change) -> None:
        """Log that a change is no more."""
        self._append({"undone": change.number})

    def runs(self) -> list[list[Change]]:
        """Changes not undone yet, run by run and each in order, the newest run first."""
        undone: set[int] = set()
        runs: dict[str, list[Change]] = {}
        for number, line in self._lines():
            if "undone" in line:
                undone.add(line["undone"])
            else:
                runs.setdefault(line["run"], []).append(self._change(number, line))
        kept = [[one for one in run if one.number not in undone] for run in runs.values()]
        return [run for run in reversed(kept) if run]

    def _append(self, line: dict[str, Any]) -> None:
        text = json.dumps(line).encode() + b"\n"
        is_new = not self._log.exists()
        try:
            with open(self._log, "ab+") as log:
                if log.tell() and not _ends_with_newline(log):
                    text = b"\n" + text  # after a line that a crash cut short
                log.write(text)
                log.flush()
                os.fsync(log.fileno())
        except OSError as error:
            raise ConfigError(
                f"{self._log} cannot be written ({error.strerror}), and without it nothing could "
                "be undone: nothing more was changed"
            ) from error
        if is_new:
            keep_folder(self._home)

    def _lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        if not self._log.exists():
            return
        with open(self._log, "rb") as log:
            for number, raw in enumerate(log):
                with suppress(ValueError):  # cut short by a crash, so its change was never made
                    yield number, json.loads(raw)

    def _change(self, number: int, line: dict[str, Any]) -> Change:
        return Change(
            number=number,
            run=line["run"],
            path=self._home.parent / line["path"],
            before=line["before"],
            after=line["after"],
            head=line["head"],
            tail=line["tail"],
            middle=base64.b64decode(line["middle"]),
        )

    def _shortened(self, path: Path) -> str:
        """Relative where it lies beside the home: a library can be moved together with it."""
        base = self._home.parent
        return str(path.relative_to(base)) if path.is_relative_to(base) else str(path)


def common_ends(one: bytes, other: bytes) -> tuple[int, int]:
    """How many bytes two files share at their start, and at their end after those."""
    shorter = min(len(one), len(other))
    head = _reach(shorter, lambda n: one[:n] == other[:n])
    tail = _reach(shorter - head, lambda n: one[len(one) - n :] == other[len(other) - n :])
    return head, tail


def _reach(limit: int, holds: Callable[[int], bool]) -> int:
    """The largest count up to `limit` for which something holds that holds for all below."""
    return bisect_left(range(1, limit + 1), True, key=lambda n: not holds(n))


def _ends_with_newline(log: BinaryIO) -> bool:
    log.seek(-1, os.SEEK_END)
    return log.read(1) == b"\n"
