"""The regions table: the described parts of images, each set marked by the rev of its image."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import lance
import numpy as np
import pyarrow as pa
from lance.fragment import write_fragments

from mirada.errors import StoreError
from mirada.store.described import (
    REGION_PARTS,
    captions_from,
    palette_from,
    plain,
    tags_from,
)
from mirada.store.durable import Flusher
from mirada.store.parts import PART_COLUMNS, RegionArrays, owners_of
from mirada.store.rank import scores_of, shortlist
from mirada.store.rows import matrix_from
from mirada.store.schema import REGIONS
from mirada.store.tables import is_unmade, lance_errors, open_table
from mirada.store.upkeep import (
    PARTITION_ROWS,
    VECTOR_INDEX,
    compact,
    damaged_indexes,
    forget_old_versions,
    index_ids,
    index_rows,
    indexes,
)
from mirada.store.view import (
    EXACT_LIMIT,
    GROWTH,
    IDS_PER_FILTER,
    MOST_CANDIDATES,
    filters_of,
)
from mirada.types import Box, Region

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from mirada.store.view import View
    from mirada.types import ImageRecord, Ranking, Vector

COLUMNS = ("image_id", "rev", "x0", "y0", "x1", "y1", "vector", "confidence", *REGION_PARTS)
INDEXED_ROWS = 50_000  # below, a scan of the ids takes a few ms
MEMORY_ROWS = 100_000  # up to which all lie in memory: 160 MB with vectors of 384 numbers
OVERFETCH = 4  # regions an image: the best ones are often of the same images
BEST = 2  # images a result, to be compared again by all their regions
PROBES = 100
"""Partitions looked into: of 120,000 regions, recall@200 is .975 with 64 of the 117 partitions and
.89 with 20, at the same 30 ms, for most of the time goes into reading all regions of the best."""
SCANNED_ROWS = 32_768  # at a time


class RegionTable:
    """Regions of the images in a home.

    Only those count whose rev is that of their image's row; others were left by a killed run.
    """

    def __init__(self, home: Path, *, dim: int) -> None:
        self._folder = home / REGIONS
        self._dim = dim
        self._table: lance.LanceDataset | None = None
        self._loading = threading.Lock()
        self._loaded: tuple[tuple[int, int], RegionArrays] | None = None
        self._flusher = Flusher(self._folder)

    def of(self, revs: Mapping[str, str]) -> dict[str, tuple[Region, ...]]:
        """Image id -> its regions, largest first, for images given with the rev of their row."""
        found: dict[str, list[Region]] = {one: [] for one in revs}
        for image_id, rev, region in self._read(list(revs)):
            if rev == revs[image_id]:
                found[image_id].append(region)
        return {one: tuple(sorted(group, key=_by_size)) for one, group in found.items()}

    def arrays(self, view: View) -> RegionArrays | None:
        """The regions of all images, kept in memory; None where they are too many."""
        with self._loading, lance_errors(self._folder):  # one thread reads, the others wait for it
            table = self._latest()
            key = (view.version, table.version)
            if self._loaded and self._loaded[0] == key:
                return self._loaded[1]
            self._loaded = None
            if table.count_rows() > MEMORY_ROWS:
                return None
            arrays = RegionArrays.read(
                view.columns(["image_id", "rev"]), table.to_table(columns=PART_COLUMNS)
            )
            self._loaded = (key, arrays)
            return arrays

    def arrays_of(self, images: pa.Table) -> RegionArrays:
        """The regions of some images, given with image_id and rev."""
        with lance_errors(self._folder):
            table = self._latest()
            none = pa.schema([table.schema.field(name) for name in PART_COLUMNS]).empty_table()
            found = [
                table.to_table(columns=PART_COLUMNS, filter=among)
                for among in filters_of(images["image_id"].to_pylist())
            ]
        return RegionArrays.read(images, pa.concat_tables([none, *found]))

    def nearest(
        self, vector: Vector, limit: int, view: View, among: AbstractSet[str] | None
    ) -> Ranking:
        """Up to `limit` images by their best region, of too many regions for memory."""
        likely = self._likely(vector, limit, view, among) if limit > 0 else []
        images = view.known_rows(likely, ["image_id", "rev"])
        return self.arrays_of(images).nearest(vector, limit, None)

    def _likely(
        self, vector: Vector, limit: int, view: View, among: AbstractSet[str] | None
    ) -> Sequence[str]:
        """Images with the best regions, in any order, and others."""
        if among is not None and len(among) <= IDS_PER_FILTER:
            return list(among)
        if limit <= EXACT_LIMIT and np.any(vector):
            try:
                likely = self._by_index(vector, limit, view, among)
            except StoreError:
                pass  # a power cut may have damaged the index; the rows need none
            else:
                if len(likely) >= limit:
                    return likely[: BEST * limit]
        return self._by_scan(vector, limit, view, among)

    def _by_index(
        self, vector: Vector, limit: int, view: View, among: AbstractSet[str] | None
    ) -> list[str]:
        """Images of the best regions by the index; too few where they are hard to find."""
        rarity = 1 if among is None else -(-view.count // len(among))
        wanted = OVERFETCH * rarity * limit
        likely: list[str] = []
        with lance_errors(self._folder):
            table = self._latest()
            if VECTOR_INDEX not in indexes(table):
                return likely
            while len(likely) < limit and wanted <= MOST_CANDIDATES:
                nearest = {
                    "column": "vector",
                    "q": vector,
                    "k": wanted,
                    "metric": "cosine",
                    "nprobes": PROBES + GROWTH * wanted // PARTITION_ROWS,
                }
                rows = table.to_table(columns=["image_id", "_distance"], nearest=nearest)
                found = dict.fromkeys(rows["image_id"].to_pylist())
                likely = [one for one in found if among is None or one in among]
                wanted *= GROWTH
        return likely

    def _by_scan(
        self, vector: Vector, limit: int, view: View, among: AbstractSet[str] | None
    ) -> list[str]:
        images = view.columns(["image_id", "rev"]).combine_chunks()
        ids = images["image_id"].to_pylist()
        best = np.full(len(ids), -np.inf, np.float32)
        with lance_errors(self._folder):
            batches = self._latest().to_batches(
                columns=["image_id", "rev", "vector"], batch_size=SCANNED_ROWS
            )
            for batch in batches:
                owners = owners_of(images, batch.column("image_id"), batch.column("rev"))
                scores = scores_of(matrix_from(batch.column("vector"), self._dim), vector)
                np.maximum.at(best, owners[owners >= 0], scores[owners >= 0])
        rows = np.flatnonzero(best > -np.inf)
        if among is not None:
            rows = rows[[ids[row] in among for row in rows]]
        return [ids[row] for row in rows[shortlist(best[rows], vector, limit)]]

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
            for among in filters_of(image_ids):
                doomed = f"{among} AND rev != '{but}'" if but else among
                if table.count_rows(filter=doomed):
                    table.delete(doomed)
                    self._flusher.flush_data()
                    self._flusher.flush_commits()

    def tidy(self) -> None:
        """Merge small files, index a large table, forget old versions."""
        if is_unmade(self._folder):
            return
        with lance_errors(self._folder):
            table = self._latest()
            compact(table, self._flusher.flush_data)
            rows = table.count_rows()
            if rows > MEMORY_ROWS:
                index_rows(table)
            elif rows >= INDEXED_ROWS:
                index_ids(table)
            self._flusher.flush_data()
            self._flusher.flush_commits()
            forget_old_versions(table)

    def drop_damaged_indexes(self) -> None:
        """`tidy` makes them anew."""
        with lance_errors(self._folder):
            table = self._latest()
            for name in damaged_indexes(table):
                table.drop_index(name)
                table = self._latest()

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
            for among in filters_of(image_ids):
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
