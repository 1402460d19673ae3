"""What evaluations computed, kept on disk by content so that nothing is computed twice.

Values lie in one SQLite file for each maker, in the user's cache folder (`MIRADA_CACHE` names
another); any number of processes may read and write it. Losing it costs time alone.
"""

from __future__ import annotations

import io
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import numpy as np

from mirada.errors import ConfigError
from mirada.paths import CACHE_VARIABLE, cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

Value = TypeVar("Value")
Answer = TypeVar("Answer")

FOLDER: Final = "evaluation"  # in the cache folder, so that emptying it touches nothing else
PATIENCE: Final = 60.0  # seconds to wait for another process that writes
AT_ONCE: Final = 500  # keys a query: older SQLite takes 999 at most


@dataclass(frozen=True, slots=True)
class Maker:
    """What makes values out of inputs: another one's values are never mixed with these."""

    name: str  # for readers, such as "mirada-small/2 images"
    facts: tuple[str, ...]  # all that decides a value besides its input: digests, revisions


@dataclass(frozen=True, slots=True)
class Size:
    """What is kept for one maker."""

    name: str
    bytes: int  # on disk


class Kept(Generic[Value]):
    """Values of one maker by key; safe to share between threads and processes."""

    def __init__(
        self,
        maker: Maker,
        dump: Callable[[Value], bytes],
        load: Callable[[bytes], Value],
        folder: Path | None = None,
    ) -> None:
        self._dump, self._load = dump, load
        self._path = (folder or kept_folder()) / _file_name(maker)

    def find(self, keys: Sequence[str]) -> dict[str, Value]:
        """The values of those keys that are kept.

        Raises:
            ConfigError: the folder cannot be used.
        """
        if not self._path.exists():
            return {}
        wanted = list(dict.fromkeys(keys))
        raw = self._ask(lambda database: dict(_rows(database, wanted)))
        return {key: self._load(value) for key, value in raw.items()}

    def keep(self, values: Mapping[str, Value]) -> None:
        """Keep all of them or, should this be interrupted, none; raises as `find`."""
        rows = [(key, self._dump(value)) for key, value in values.items()]
        put = "INSERT OR REPLACE INTO kept VALUES (?, ?)"
        self._ask(lambda database: database.executemany(put, rows))

    def _ask(self, what: Callable[[sqlite3.Connection], Answer]) -> Answer:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                return self._within(what)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:  # damaged: what was in it is made again
                self._path.unlink(missing_ok=True)
                return self._within(what)
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(
                f"{self._path} cannot be used ({error}): name a folder that can by {CACHE_VARIABLE}"
            ) from error

    def _within(self, what: Callable[[sqlite3.Connection], Answer]) -> Answer:
        with closing(sqlite3.connect(self._path, timeout=PATIENCE)) as database, database:
            database.execute("CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value BLOB)")
            return what(database)


def kept_arrays(maker: Maker, folder: Path | None = None) -> Kept[NDArray[Any]]:
    """Arrays of any shape and kind of number; the folder is `kept_folder` if not named."""
    return Kept(maker, _dump_array, _load_array, folder)


def kept_texts(maker: Maker, folder: Path | None = None) -> Kept[str]:
    """Texts, such as translations; the folder is `kept_folder` if not named."""
    return Kept(maker, _dump_text, _load_text, folder)


def key_of(content: bytes | str) -> str:
    """The key of an encoded image or of a text: its sha256, hexadecimal."""
    raw = content if isinstance(content, bytes) else _dump_text(content)
    return sha256(raw).hexdigest()


def kept_folder() -> Path:
    """Where values are kept: below `MIRADA_CACHE`, else below the platform's cache folder."""
    return cache_folder() / FOLDER


def sizes(folder: Path | None = None) -> list[Size]:
    """How much is kept, maker by maker, by name."""
    return [
        Size(path.stem.rpartition("-")[0], path.stat().st_size)
        for path in sorted((folder or kept_folder()).glob("*.sqlite"))
    ]


def empty(folder: Path | None = None) -> int:
    """Forget all that is kept; how many bytes that frees.

    Raises:
        ConfigError: a file cannot be deleted, for example because an evaluation uses it.
    """
    freed = 0
    for path in (folder or kept_folder()).glob("*.sqlite*"):  # with journals of killed processes
        try:
            freed += path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ConfigError(f"{path} cannot be deleted: {error.strerror}") from error
    return freed


def _rows(database: sqlite3.Connection, keys: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        marks = ",".join("?" * len(some))
        # nothing but question marks is put into the text of the query
        yield from database.execute(f"SELECT key, value FROM kept WHERE key IN ({marks})", some)  # noqa: S608


def _file_name(maker: Maker) -> str:
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", maker.name)
    digest = sha256("\0".join((maker.name, *maker.facts)).encode()).hexdigest()
    return f"{readable}-{digest[:24]}.sqlite"


def _dump_array(array: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def _load_array(raw: bytes) -> NDArray[Any]:
    array: NDArray[Any] = np.load(io.BytesIO(raw), allow_pickle=False)
    return array


def _dump_text(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _load_text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")
