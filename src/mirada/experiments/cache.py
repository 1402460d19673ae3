"""What was computed, each in a folder named by the digest of all that it was made from."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from mirada.errors import CollectionBusy, ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

DONE: Final = "unit.json"
PARTS: Final = "parts.jsonl"  # what each sitting came to
SHORT: Final = 20  # hexadecimal digits of a folder's name


@dataclass(frozen=True, slots=True)
class Unit:
    """Something to compute: the same `made_of` gives the same result."""

    kind: str  # folder of its kind, such as "indexes"
    made_of: Mapping[str, Any]  # as JSON

    @property
    def digest(self) -> str:
        """Of all that it is made from, hexadecimal."""
        return digest_of({"kind": self.kind, **self.made_of})


class Cache:
    """A folder of units; what is there already is not computed again, whoever asks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, unit: Unit) -> Path:
        """The folder of a unit, made if missing."""
        place = self.folder / unit.kind / unit.digest[:SHORT]
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"{place} cannot be made ({error.strerror}): say where to work with --work"
            ) from error
        return place

    def result(self, unit: Unit) -> dict[str, Any] | None:
        """What it came to; None for one that is not done."""
        try:
            kept = json.loads((self.place(unit) / DONE).read_text("utf-8"))
            found: dict[str, Any] = kept["result"]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        return found

    def finish(self, unit: Unit, result: Mapping[str, Any]) -> None:
        """Mark a unit as done, in one step."""
        kept = {"made_of": unit.made_of, "result": result}
        write_whole(self.place(unit) / DONE, json.dumps(kept, indent=1))

    def add_part(self, unit: Unit, part: Mapping[str, Any]) -> None:
        """Note what a sitting came to."""
        with (self.place(unit) / PARTS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(part) + "\n")

    def parts(self, unit: Unit) -> list[dict[str, Any]]:
        """What the sittings so far came to."""
        return read_lines(self.place(unit) / PARTS)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder alone.

        Raises:
            CollectionBusy: another experiment is running in it.
        """
        from filelock import FileLock, Timeout  # noqa: PLC0415 writers only

        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / "lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise CollectionBusy(
                f"another experiment is running in {self.folder}: wait until it ends, or stop it"
            ) from error
        try:
            yield
        finally:
            lock.release()


def digest_of(value: Any) -> str:
    """The sha256 of a value as JSON, hexadecimal; the order of keys does not matter."""
    return sha256(json.dumps(value, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


@cache
def code_digest(*packages: str) -> str:
    """The sha256 of the files of packages of mirada: results of another code are not these."""
    found = sha256()
    for package in packages:
        root = files(f"mirada.{package}")
        for path in sorted(_files_below(root), key=str):
            found.update(path.read_bytes())
    return found.hexdigest()


def _files_below(folder: Any) -> Iterator[Any]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files_below(entry) if entry.name != "__pycache__" else ()
        else:
            yield entry


def write_whole(path: Path, text: str) -> None:
    """Write a file in one step: nobody ever sees half of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON objects of a file of lines; one that was cut off ends it."""
    found: list[dict[str, Any]] = []
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return found
    for line in lines:
        try:
            found.append(json.loads(line))
        except ValueError:
            break
        if not line.endswith(b"\n"):
            found.pop()
    return found
