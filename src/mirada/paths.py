"""Paths as people read them, and the folder of what can be made again."""

from __future__ import annotations

import os
from pathlib import Path

CACHE_VARIABLE = "MIRADA_CACHE"


def cache_folder() -> Path:
    """Where mirada keeps what it can make again: MIRADA_CACHE, else the platform's cache folder."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    from platformdirs import user_cache_path  # noqa: PLC0415 most commands keep nothing

    return user_cache_path("mirada", appauthor=False, opinion=False)


def absolute(path: Path) -> Path:
    """The path from the root, without `..`, with its links kept; `~` is the home folder."""
    return Path(os.path.abspath(path.expanduser()))


def readable(path: str | os.PathLike[str]) -> str:
    """A path as one line that any screen can show: odd bytes and control characters escaped."""
    return "".join(c if c.isprintable() else _escaped(c) for c in str(path))


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8 (PEP 383)
        return f"\\x{code - 0xDC00:02x}"
    return repr(character)[1:-1]
