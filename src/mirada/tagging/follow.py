"""The index kept in step with photos that tags were embedded into: same pixels, another id."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mirada.types import SourceFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.protocols import Store
    from mirada.tagging.writer import Moved
    from mirada.types import ImageRecord


def follow(store: Store, moves: Sequence[Moved]) -> None:
    """Give each photo's record and vector to its new id, so that nothing is looked at again.

    Should a crash come before, `mirada index` finds the photos changed and reads them again.
    """
    files: dict[str, set[SourceFile]] = defaultdict(set)
    where: dict[object, SourceFile] = {}
    for file, image_id in store.files().items():
        files[image_id].add(file)
        where[(file.path, image_id)] = file
    known = set(files)
    heirs: dict[str, str] = {}  # new id -> old id
    touched: set[str] = set()
    for move in moves:
        former = where.get((move.path, move.before))
        if former is None:
            continue  # the index was behind already
        status = os.stat(move.path)
        files[move.before].discard(former)
        files[move.after].add(SourceFile(move.path, status.st_size, status.st_mtime_ns))
        touched |= {move.before, move.after}
        if move.after not in known:
            heirs[move.after] = move.before
    _put(store, heirs, files)
    store.set_files({one: _in_order(files[one]) for one in touched - heirs.keys()})


def _put(store: Store, heirs: dict[str, str], files: dict[str, set[SourceFile]]) -> None:
    if not heirs:
        return
    old_ids = list(heirs.values())
    parts = zip(store.get(old_ids), store.regions(old_ids), heirs, strict=True)
    records: list[ImageRecord] = [
        replace(record, image_id=new, files=_in_order(files[new]), regions=regions)
        for record, regions, new in parts
    ]
    store.put(records, np.array(store.vectors(old_ids)))


def _in_order(files: set[SourceFile]) -> tuple[SourceFile, ...]:
    return tuple(sorted(files, key=lambda file: os.fsencode(file.path)))
