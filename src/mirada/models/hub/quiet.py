"""Loading says nothing by itself but what is fetched; all is as it was afterwards."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING
from warnings import catch_warnings, simplefilter

import transformers
from huggingface_hub.utils import (  # type: ignore[attr-defined]  # as its manual has it
    are_progress_bars_disabled,
    disable_progress_bars,
    enable_progress_bars,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class _Loading:
    """Counts who loads: the last to leave puts back what the first has found."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._count = 0
        self._restore: Callable[[], None] = lambda: None

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            self._count += 1
            if self._count == 1:
                self._restore = _hush()
        try:
            yield
        finally:
            with self._lock:
                self._count -= 1
                if self._count == 0:
                    self._restore()


def _hush() -> Callable[[], None]:
    """Silence transformers but not the downloads of the hub; gives what undoes it."""
    told = transformers.logging
    level, bars = told.get_verbosity(), told.is_progress_bar_enabled()
    downloads = not are_progress_bars_disabled()
    told.set_verbosity_error()
    _show(bars=False, downloads=downloads)

    def restore() -> None:
        told.set_verbosity(level)
        _show(bars=bars, downloads=downloads)

    return restore


def _show(*, bars: bool, downloads: bool) -> None:
    with catch_warnings():
        simplefilter("ignore")  # HF_HUB_DISABLE_PROGRESS_BARS has the last word, and says so
        logging = transformers.logging  # which turns those of the hub on or off with its own
        (logging.enable_progress_bar if bars else logging.disable_progress_bar)()
        (enable_progress_bars if downloads else disable_progress_bars)()


quiet = _Loading()
"""While anyone is inside, transformers shows no progress and warns of nothing."""
