"""Examines a store for `mirada doctor`: what is there, what is wrong, what to do about it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc

from mirada.store.migrate import schema_version
from mirada.store.rows import UNIT_TOLERANCE, matrix_from
from mirada.store.schema import ENCODER_KEY, IMAGES, REGIONS
from mirada.store.tables import lance_errors, open_table
from mirada.store.upkeep import VECTOR_INDEX, damaged_indexes, indexes, unindexed_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mirada.store.view import View

REMEDY = "move the index away and run `mirada index` again; your photos are untouched"


def describe(view: View, home: Path) -> dict[str, Any]:
    """Sizes and states by name; counts in rows and files, sizes in bytes."""
    table = view.table
    with lance_errors(home):
        indexed = VECTOR_INDEX in indexes(table)
        files = pc.sum(pc.list_value_length(view.columns(["files"])["files"])).as_py()
        return {
            "rows": view.count,
            "files": files or 0,
            "regions": open_table(home / REGIONS).count_rows(),
            "bytes": sum(_sizes(home / IMAGES)) + sum(_sizes(home / REGIONS)),
            "versions": len(table.versions()),
            "schema_version": schema_version(table),
            "encoder": table.schema.metadata[ENCODER_KEY].decode(),
            "dim": table.schema.field("vector").type.list_size,
            "search": "approximate" if indexed else "exact",
            "unindexed_rows": unindexed_rows(table, VECTOR_INDEX) if indexed else 0,
        }


def problems(view: View, home: Path) -> list[str]:
    """What is wrong with the rows, each with what to do."""
    with lance_errors(home):
        found = [*_repeated_ids(view), *_without_files(view), *_bad_vectors(view)]
        damaged = damaged_indexes(view.table)
        open_table(home / REGIONS)
    return [
        *(f"{home}: {problem}: {REMEDY}" for problem in found),
        *(f"{home}: index {name} is damaged: `mirada index` makes it anew" for name in damaged),
    ]


def _repeated_ids(view: View) -> Iterator[str]:
    counts = Counter(view.columns(["image_id"])["image_id"].to_pylist())
    if repeated := sum(count > 1 for count in counts.values()):
        yield f"{repeated} image ids are stored more than once"


def _without_files(view: View) -> Iterator[str]:
    lengths = pc.list_value_length(view.columns(["files"])["files"])
    if empty := pc.sum(pc.equal(lengths, 0)).as_py():
        yield f"{empty} records have no file"


def _bad_vectors(view: View) -> Iterator[str]:
    dim = view.table.schema.field("vector").type.list_size
    bad = 0
    for batch in view.table.to_batches(columns=["vector"]):
        lengths = np.linalg.norm(matrix_from(batch.column("vector"), dim), axis=1)
        bad += int(np.sum(~(np.abs(lengths - 1) <= UNIT_TOLERANCE)))
    if bad:
        yield f"{bad} vectors are not of unit length"


def _sizes(folder: Path) -> Iterator[int]:
    return (path.stat().st_size for path in folder.rglob("*") if path.is_file())
