"""Where other programs lay what they know beside a photo; names are tried, folders never listed."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MAX_SIDECAR = 16 * 1024 * 1024  # bytes; the largest known, with edit histories, are below 2 MiB

_TAKEOUT_NAME = 46  # characters: with ".json", 51 in all
_TAKEOUT_KIND = ".supplemental-metadata"  # since 2024
_NUMBERED = re.compile(r"(.+)\((\d{1,4})\)$", re.DOTALL)
_EDITED = re.compile(
    r"(.+)-(?:edited|editado|editada|modifié|bearbeitet|modificato|bewerkt|edytowane)$",
    re.DOTALL | re.IGNORECASE,
)


def xmp_candidates(photo: Path) -> tuple[Path, ...]:
    """`photo.jpg.xmp` (darktable, digiKam), then `photo.xmp` (Adobe)."""
    endings = (".xmp", ".XMP")
    added = [photo.with_name(photo.name + ending) for ending in endings]
    instead = [photo.with_name(photo.stem + ending) for ending in endings]
    return (*added, *instead)


def takeout_candidates(photo: Path) -> tuple[Path, ...]:
    """Names under which Google Takeout may have laid the JSON of a photo, likeliest first.

    `a.jpg` has `a.jpg.json` or `a.jpg.supplemental-metadata.json`; both are cut to 46 characters
    before `.json`. A second `a.jpg` in the same album is `a(1).jpg` with `a.jpg(1).json`, and an
    edited `a-edited.jpg` has none of its own.
    """
    stem, ending = os.path.splitext(photo.name)
    number = ""
    if numbered := _NUMBERED.match(stem):
        stem, number = numbered[1], f"({numbered[2]})"
    originals = [stem]
    if edited := _EDITED.match(stem):
        originals.append(edited[1])
    names = [name for original in originals for name in _takeout_names(original + ending, number)]
    if number:
        names[:0] = _takeout_names(photo.name, "")
    names.append(f"{stem[:_TAKEOUT_NAME]}{number}.json")  # years ago, without the ending
    return tuple(photo.with_name(name) for name in dict.fromkeys(names))


def read_sidecar(path: Path) -> bytes | None:
    """The bytes of a regular file of sane size; None when there is none."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_SIDECAR:
            return None
        return path.read_bytes()
    except (OSError, ValueError):
        return None


def _takeout_names(title: str, number: str) -> list[str]:
    """The number was seen both behind the cut and counted in it."""
    return [
        f"{full[:room]}{number}.json"
        for full in (title + _TAKEOUT_KIND, title)
        for room in (_TAKEOUT_NAME, _TAKEOUT_NAME - len(number))
    ]
