"""What an indexing run has to do: the files found, set against the files known."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from mirada.types import SourceFile


@dataclass(frozen=True, slots=True)
class Link:
    """A stored statement that a file holds an image."""

    image_id: str
    file: SourceFile


@dataclass(frozen=True, slots=True)
class Plan:
    """The work of one run."""

    unchanged: int  # files whose size and time are as they were
    to_read: tuple[SourceFile, ...]  # new or changed files, in scan order
    outdated: Mapping[Path, tuple[Link, ...]]  # of paths that are to be read again
    superseded: tuple[Link, ...]  # left by a killed run beside the link that holds
    gone: Mapping[str, frozenset[SourceFile]]  # image id -> its files that are no longer there


def plan_run(
    found: Iterable[SourceFile],
    known: Mapping[SourceFile, str],
    *,
    roots: Collection[Path],
    unreadable: Collection[Path] = (),
) -> Plan:
    """Compare by path, size and time.

    Known files outside `roots`, or inside a folder of `unreadable`, are left alone.
    """
    found = list(found)
    fresh = {file.path for file in found if file in known}
    to_read = tuple(file for file in found if file.path not in fresh)
    again = {file.path for file in to_read}
    present = {*found}
    outdated: dict[Path, list[Link]] = defaultdict(list)
    superseded: list[Link] = []
    gone: dict[str, set[SourceFile]] = defaultdict(set)
    for file, image_id in known.items():
        if file in present:
            continue
        if file.path in again:
            outdated[file.path].append(Link(image_id, file))
        elif file.path in fresh:
            superseded.append(Link(image_id, file))
        elif _within(file.path, roots) and not _within(file.path, unreadable):
            gone[image_id].add(file)
    return Plan(
        unchanged=len(fresh),
        to_read=to_read,
        outdated={path: tuple(links) for path, links in outdated.items()},
        superseded=tuple(superseded),
        gone={image_id: frozenset(files) for image_id, files in gone.items()},
    )


def _within(path: Path, folders: Collection[Path]) -> bool:
    return any(path == folder or folder in path.parents for folder in folders)
