"""Checksums of large files, which take seconds, remembered while size and time stay as they are."""

from __future__ import annotations

import json
from contextlib import suppress
from hashlib import file_digest
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Final

from mirada.paths import absolute, cache_folder

if TYPE_CHECKING:
    from pathlib import Path

KEPT: Final = "checksums.json"  # in the cache folder
LARGE: Final = 50_000_000  # bytes from which on remembering pays


def digest_of_file(path: Path) -> str:
    """Hexadecimal sha256 of the bytes of a file, which may be remembered."""
    state = path.stat()
    if state.st_size < LARGE:
        return hash_file(path)
    key = f"{absolute(path)} {state.st_size} {state.st_mtime_ns}"
    known = _known()
    if key not in known:
        known[key] = hash_file(path)
        with suppress(OSError):  # a cache that cannot be written costs time alone
            _write(known)
    return known[key]


def hash_file(path: Path) -> str:
    """Hexadecimal sha256 of the bytes of a file, which are read anew, piece by piece."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _known() -> dict[str, str]:
    with suppress(OSError, ValueError):
        found = json.loads((cache_folder() / KEPT).read_text("utf-8"))
        if isinstance(found, dict):
            return {str(key): str(value) for key, value in found.items()}
    return {}


def _write(known: dict[str, str]) -> None:
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=folder, suffix=".part", delete=False) as file:
        json.dump(known, file)
    (folder / file.name).replace(folder / KEPT)
