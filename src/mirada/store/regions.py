"""The regions table: the described parts of images, each set marked by the rev of its image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lance
import numpy as np
import pyarrow as pa
from lance.fragment import write_fragments

from mirada.store.described import (
    REGION_PARTS,
    captions_from,
    palette_from,
    plain,
    tags_from,
)
from mirada.store.durable import Flusher
from mirada.store.rows import matrix_from
from mirada.store.schema import REGIONS
from mirada.store.tables import is_unmade, lance_errors, open_table
from mirada.store.upkeep import compact, forget_old_versions, index_ids
from mirada.types import Box, Region

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from mirada.types import ImageRecord

COLUMNS = ("image_id", "rev", "x0", "y0", "x1", "y1", "vector", "confidence", *REGION_PARTS)
IDS_PER_FILTER = 1_000
INDEXED_ROWS = 50_000  # below, a scan of the ids takes a few ms


class RegionTable:
    """Regions of the images in a home.

    Only those count whose rev is that of their image's row; others were left by a killed run.
    """

    def __init__(self, home: Path, *, dim: int) -> None:
        self._folder = home / REGIONS
        self._dim = dim
        self._table: lance.LanceDataset | None = None
        self._flusher = Flusher(self._folder)

    def of(self, revs: Mapping[str, str]) -> dict[str, tuple[Region, ...]]:
        """Image id -> its regions, largest first, for images given with the rev of their row."""
        found: dict[str, list[Region]] = {one: [] for one in revs}
        for image_id, rev, region in self._read(list(revs)):
            if rev == revs[image_id]:
                found[image_id].append(region)
        return {one: tuple(sorted(group, key=_by_size)) for one, group in found.items()}

    def add(self, records: Sequence[ImageRecord], rev: str) -> None:
        """Keep the regions of these images for good, for when their rows carry `rev`."""
        rows = self._rows(records, rev)
        if not rows.num_rows:
            return
        with lance_errors(self._folder):
            table = self._latest()
            fragments = write_fragments(rows, str(self._folder), schema=table.schema)
            self._flusher.flush_data()
            lance.LanceDataset.commit(
                table, lance.LanceOperation.Append(fragments), read_version=table.version
            )
            self._flusher.flush_commits()

    def forget(self, image_ids: Sequence[str], *, but: str | None = None) -> None:
        """Remove the regions of these images, except those that carry the rev `but`."""
        if is_unmade(self._folder):
            return
        with lance_errors(self._folder):
            table = self._latest()
            for among in _filters(image_ids):
                doomed = f"{among} AND rev != '{but}'" if but else among
                if table.count_rows(filter=doomed):
                    table.delete(doomed)
                    self._flusher.flush_data()
                    self._flusher.flush_commits()

    def tidy(self) -> None:
        """Merge small files, index the ids of a large table, forget old versions."""
        if is_unmade(self._folder):
            return
        with lance_errors(self._folder):
            table = self._latest()
            compact(table, self._flusher.flush_data)
            if table.count_rows() >= INDEXED_ROWS:
                index_ids(table)
            self._flusher.flush_data()
            self._flusher.flush_commits()
            forget_old_versions(table)

    def _latest(self) -> lance.LanceDataset:
        if self._table is None:
            self._table = open_table(self._folder)
        self._table = self._table.checkout_version(self._table.latest_version)
        return self._table

    def _read(self, image_ids: Sequence[str]) -> Iterator[tuple[str, str, Region]]:
        if is_unmade(self._folder):
            return
        with lance_errors(self._folder):
            table = self._latest()
            for among in _filters(image_ids):
                rows = table.to_table(columns=list(COLUMNS), filter=among)
                vectors = matrix_from(rows["vector"], self._dim)
                for vector, row in zip(vectors, rows.drop(["vector"]).to_pylist(), strict=True):
                    yield (
                        row["image_id"],
                        row["rev"],
                        Region(
                            Box(row["x0"], row["y0"], row["x1"], row["y1"]),
                            np.array(vector),
                            row["confidence"],
                            tags_from(row["tags"]),
                            captions_from(row["captions"]),
                            palette_from(row["palette"]),
                        ),
                    )

    def _rows(self, records: Sequence[ImageRecord], rev: str) -> pa.Table:
        pairs = [(record.image_id, region) for record in records for region in record.regions]
        schema = self._latest().schema
        regions = [region for _, region in pairs]
        corners = np.array([_corners(one.box) for one in regions], np.float64).reshape(-1, 4)
        x0, y0, x1, y1 = corners.T
        numbers = {
            "x0": x0,
            "y0": y0,
            "x1": x1,
            "y1": y1,
            "cx": (x0 + x1) / 2,
            "cy": (y0 + y1) / 2,
            "area": (x1 - x0) * (y1 - y0),
            "confidence": np.array([one.confidence for one in regions], np.float64),
        }
        flat = np.array([one.vector for one in regions], np.float32).reshape(-1)
        columns = {
            "image_id": pa.array([image_id for image_id, _ in pairs], pa.string()),
            "rev": pa.array([rev] * len(pairs), pa.string()),
            **{name: pa.array(values, pa.float64()) for name, values in numbers.items()},
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(flat), self._dim),
            **{
                name: pa.array([plain(getattr(one, name)) for one in regions], kind)
                for name, kind in REGION_PARTS.items()
            },
        }
        return pa.Table.from_arrays(
            [columns[name] for name in schema.names], schema=schema.remove_metadata()
        )


def _corners(box: Box) -> tuple[float, float, float, float]:
    return box.x0, box.y0, box.x1, box.y1


def _by_size(region: Region) -> tuple[float, ...]:
    return (-region.box.area, *_corners(region.box))


def _filters(image_ids: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(image_ids), IDS_PER_FILTER):
        among = ", ".join(f"'{one}'" for one in image_ids[start : start + IDS_PER_FILTER])
        yield f"image_id IN ({among})"
