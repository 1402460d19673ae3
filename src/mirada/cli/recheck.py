"""What a search says while the best pictures are looked at again: who looks, and what is sent."""

from __future__ import annotations

from contextlib import contextmanager
from logging import getLogger
from threading import Timer
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Iterator
    from logging import LogRecord

    from mirada.collection import Collection

LONG: Final = 2.0  # seconds after which people wonder


@contextmanager
def rechecking(collection: Collection, *, wanted: bool) -> Iterator[None]:
    """Tells on stderr of the second look that goes on inside.

    That it goes on is said once, if it takes long (its models may have to be loaded); what remote
    models are sent is said before they are sent anything.

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
    line = f"looking again at the best pictures with {' and '.join(names)} (--no-recheck: don't)"
    timer = Timer(LONG, click.secho, (line,), {"dim": True, "err": True})
    timer.daemon = True
    timer.start()
    log, told = getLogger("mirada"), set[str]()

    def is_news(record: LogRecord) -> bool:
        return record.getMessage() not in told

    log.addFilter(is_news)  # models may say the same when they send
    try:
        for said in collection.second_look.leaving if collection.second_look else ():
            click.echo(said, err=True)
            told.add(said)
        yield
    finally:
        timer.cancel()
        log.removeFilter(is_news)
