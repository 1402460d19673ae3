"""What was answered and what was spent, kept for good: nothing is asked or paid twice.

One SQLite file for each model of each server, in the user's cache folder (`MIRADA_CACHE` names
another); any number of threads and processes may use it. Deleting it forgets answers and spending.
"""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import uuid4

from platformdirs import user_cache_path

from mirada.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

VARIABLE: Final = "MIRADA_CACHE"
FOLDER: Final = "remote"
PATIENCE: Final = 60.0  # seconds to wait for another process that writes
SETTLED: Final = "settled"  # the row of all that is paid; others are of requests under way
TABLES: Final = """
CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS useless (key TEXT PRIMARY KEY, answers INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS spent (
    what TEXT PRIMARY KEY, tokens INTEGER NOT NULL, dollars REAL NOT NULL
);
"""
ADD: Final = (
    "INSERT INTO spent VALUES (?, ?, ?) ON CONFLICT (what) DO UPDATE SET "
    "tokens = tokens + excluded.tokens, dollars = dollars + excluded.dollars"
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a request takes."""

    tokens: int
    dollars: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.tokens + other.tokens, self.dollars + other.dollars)


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent in all; None: no bound."""

    tokens: int | None
    dollars: float | None

    def exceeded_by(self, cost: Cost) -> str:
        """The setting that forbids so much; "" where none does."""
        if self.dollars is not None and cost.dollars > self.dollars:
            return "dollars"
        if self.tokens is not None and cost.tokens > self.tokens:
            return "tokens"
        return ""


class Ledger:
    """Answers and spending of one model of one server."""

    def __init__(self, url: str, model: str, folder: Path | None = None) -> None:
        readable = re.sub(r"[^A-Za-z0-9.]+", "-", model)[-60:].strip("-.")
        digest = sha256(f"{url}\0{model}".encode("utf-8", "surrogatepass")).hexdigest()
        self.path = (folder or remote_folder()) / f"{readable}-{digest[:24]}.sqlite"

    def answer(self, key: str) -> str | None:
        """What was answered; None where nothing of use was."""
        found = self._ask("SELECT answer FROM answers WHERE key = ?", key)
        return str(found[0]) if found else None

    def useless(self, key: str) -> int:
        """How many answers to this were of no use."""
        found = self._ask("SELECT answers FROM useless WHERE key = ?", key)
        return int(str(found[0])) if found else 0

    def spent(self) -> Cost:
        """All that is paid, with the most that requests under way may cost.

        That goes for requests of processes that were killed too: the server may have answered.
        """
        return self._within(_spent)

    def reserve(self, cost: Cost, budget: Budget) -> str | None:
        """A ticket for a request of that cost; None where the budget does not allow it."""

        def book(database: sqlite3.Connection) -> str | None:
            if budget.exceeded_by(_spent(database) + cost):
                return None
            ticket = uuid4().hex
            database.execute(ADD, (ticket, cost.tokens, cost.dollars))
            return ticket

        return self._within(book)

    def settle(self, ticket: str, cost: Cost, key: str, answer: str | None = None) -> None:
        """Pay what a request took, and keep its answer in the same moment.

        Args:
            ticket: of `reserve`.
            cost: of what came in the end.
            key: of the question.
            answer: of use; None where none came.
        """

        def book(database: sqlite3.Connection) -> None:
            database.execute("DELETE FROM spent WHERE what = ?", (ticket,))
            database.execute(ADD, (SETTLED, cost.tokens, cost.dollars))
            if answer is not None:
                database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, answer))

        self._within(book)

    def note_useless(self, key: str) -> None:
        """Count an answer that was of no use."""
        put = "INSERT INTO useless VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET answers=answers+1"
        self._within(lambda database: database.execute(put, (key,)))

    def _ask(self, query: str, key: str) -> tuple[object, ...] | None:
        def ask(database: sqlite3.Connection) -> tuple[object, ...] | None:
            found: tuple[object, ...] | None = database.execute(query, (key,)).fetchone()
            return found

        return self._within(ask)

    def _within(self, what: Callable[[sqlite3.Connection], T]) -> T:
        """What a call gives within one transaction, which is on disk when this returns."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
            with closing(connection) as database:
                database.executescript(TABLES)
                database.execute("BEGIN IMMEDIATE")
                found = what(database)
                database.execute("COMMIT")
                return found
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(
                f"{self.path} keeps what remote models answered and cost, and cannot be used "
                f"({error}): delete it, which forgets both, or name another folder by {VARIABLE}"
            ) from error


def remote_folder() -> Path:
    """Where ledgers lie: below `MIRADA_CACHE`, else below the platform's cache folder."""
    named = os.environ.get(VARIABLE)
    cache = Path(named) if named else user_cache_path("mirada", appauthor=False, opinion=False)
    return cache / FOLDER


def _spent(database: sqlite3.Connection) -> Cost:
    total = "SELECT COALESCE(SUM(tokens), 0), COALESCE(SUM(dollars), 0) FROM spent"
    tokens, dollars = database.execute(total).fetchone()
    return Cost(int(tokens), float(dollars))
