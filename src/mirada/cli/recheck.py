"""What a search says while the best pictures are looked at again."""

from __future__ import annotations

from contextlib import contextmanager
from logging import INFO, Handler, LogRecord, getLogger
from threading import Timer
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirada.collection import Collection

LONG: Final = 2.0  # seconds of loading after which people wonder
LOOKS: Final = "mirada.search.second"  # the logger that speaks of a second look that takes long


@contextmanager
def rechecking(collection: Collection, *, wanted: bool) -> Iterator[None]:
    """Tells on stderr of the second look that goes on inside.

    That models are loaded, or that a look goes on, is said only where it takes long, and once. What
    remote models are sent, they say themselves.

    Args:
        collection: its settings name those that look.
        wanted: whether there is to be a second look.

    Raises:
        ModelUnavailable: a model that the settings name cannot be loaded.
    """
    settings = collection.settings if wanted else None
    names = [one for one in (settings.reranker, settings.detector) if one] if settings else []
    if not names:
        yield
        return
    with _said_if_long(f"loading {' and '.join(names)} (--no-recheck does without)"):
        collection.second_look  # noqa: B018 loaded now
    looks, echo = getLogger(LOOKS), _Echo()
    looks.addHandler(echo)
    level = looks.level
    looks.setLevel(INFO)
    try:
        yield
    finally:
        looks.removeHandler(echo)
        looks.setLevel(level)


class _Echo(Handler):
    """Writes to stderr what it is told, each line once."""

    def __init__(self) -> None:
        super().__init__(INFO)
        self._said: set[str] = set()

    def emit(self, record: LogRecord) -> None:
        line = record.getMessage()
        if line not in self._said:
            self._said.add(line)
            click.secho(line, dim=True, err=True)


@contextmanager
def _said_if_long(line: str) -> Iterator[None]:
    timer = Timer(LONG, click.secho, (line,), {"dim": True, "err": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
