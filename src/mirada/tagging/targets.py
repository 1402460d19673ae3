"""Which file takes the tags of a photo, and whether it may be touched."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mirada.errors import ConfigError
from mirada.metadata.sidecars import xmp_candidates
from mirada.paths import readable
from mirada.tagging.files import can_replace
from mirada.tagging.packet import Untaggable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


def sidecar_of(photo: Path) -> Path:
    """The sidecar to write: the one that is there, else `photo.jpg.xmp`.

    `photo.xmp` counts only where no other file has that name: beside a raw file it is the raw's.
    """
    candidates = xmp_candidates(photo)
    found = next((one for one in candidates if os.path.lexists(one)), None)
    if found is None or (found.stem == photo.stem and _shares_its_name(photo)):
        return candidates[0]
    return found


def check_target(target: Path, photo: Path, roots: Sequence[Path]) -> None:
    """Refuse what a link leads to, and what lies outside of `roots`.

    Raises:
        Untaggable: with the reason.
    """
    for path in (photo, target):
        if path.is_symlink():
            raise Untaggable("a link, and links are not followed: tag what it points to")
    folder = os.path.realpath(target.parent)
    tops = [os.path.realpath(root if root.is_dir() else root.parent) for root in roots]
    if not any(folder == top or folder.startswith(os.path.join(top, "")) for top in tops):
        raise Untaggable("reached through a link that leads elsewhere: tag it where it lies")
    if os.path.lexists(target) and not target.is_file():
        raise Untaggable(f"{readable(target.name)} is no regular file")


def refuse_read_only(targets: Iterable[Path]) -> None:
    """Nothing is written unless everything can be.

    Raises:
        ConfigError: names the first that cannot be replaced.
    """
    fixed = [path for path in targets if not can_replace(path)]
    if fixed:
        more = f" and {len(fixed) - 1:,} more" if len(fixed) > 1 else ""
        raise ConfigError(
            f"read-only: {readable(fixed[0])}{more}; nothing was written. "
            "Allow writing there, or name the folders to be tagged"
        )


def _shares_its_name(photo: Path) -> bool:
    own = {photo.name, *(one.name for one in xmp_candidates(photo))}
    with os.scandir(photo.parent) as listing:
        return any(
            os.path.splitext(entry.name)[0] == photo.stem and entry.name not in own
            for entry in listing
        )
