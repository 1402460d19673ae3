"""Progress on stderr: a bar in a terminal or, of indexing, now and then a line elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.text import Text

from mirada.cli.as_json import record_as_json
from mirada.cli.output import print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mirada.types import ImageRecord

SECONDS_A_LINE = 10.0


@contextmanager
def bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar that goes when its work is done; what it gives is told how much more was done."""
    with Bar(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=total)
        yield lambda count: shown.advance(task, count)


def spoken(seconds: float) -> str:
    """How long something will take."""
    return f"about {seconds / 60:,.0f} min" if seconds >= 60 else "less than a minute"


class RateColumn(ProgressColumn):
    """Files a second."""

    def render(self, task: Task) -> Text:
        """Nothing until there is a rate to speak of."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.1f}/s" if speed else "", style="progress.data.speed")


class Told:
    """Keeps count of what was written and, if asked to, prints each record as a JSON line."""

    def __init__(self, *, tell_records: bool = False) -> None:
        self.kept = 0
        self._tell_records = tell_records

    def wrote(self, records: Sequence[ImageRecord]) -> None:
        """Count records that are kept for good."""
        self.kept += len(records)
        if self._tell_records:
            for record in records:
                print_json(record_as_json(record))
            sys.stdout.flush()


class TerminalProgress(Told):
    """Shows a run as a bar with rate and time left."""

    def __init__(self, *, tell_records: bool = False) -> None:
        super().__init__(tell_records=tell_records)
        self._bar = Bar(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            RateColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            redirect_stdout=sys.stdout.isatty(),
        )
        self._task = self._bar.add_task("scanning", total=None)

    def __enter__(self) -> TerminalProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def planned(self, total: int, what: str) -> None:
        """Start a bar of this length."""
        if self._bar.tasks[self._task].total is None:
            self._bar.update(self._task, description=what, total=total)
        else:
            self._task = self._bar.add_task(what, total=total)

    def advanced(self) -> None:
        """Move the bar by one file."""
        self._bar.advance(self._task)


class LineProgress(Told):
    """Says every ten seconds, on a line of its own, how far the run has come."""

    def __init__(self, *, tell_records: bool = False) -> None:
        super().__init__(tell_records=tell_records)
        self._total = self._done = 0
        self._started = self._said = time.monotonic()

    def __enter__(self) -> LineProgress:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def planned(self, total: int, what: str) -> None:
        """Say how much there is to do."""
        self._total, self._done = total, 0
        self._started = self._said = time.monotonic()
        click.echo(f"{what}: {total:,}", err=True)

    def advanced(self) -> None:
        """Say how far the run is, when it is time to."""
        self._done += 1
        now = time.monotonic()
        if now - self._said >= SECONDS_A_LINE:
            self._said = now
            rate = self._done / (now - self._started)
            left = (self._total - self._done) / rate / 60
            click.echo(
                f"{self._done:,} of {self._total:,}, {rate:.1f}/s, {left:.0f} min left",
                err=True,
            )
