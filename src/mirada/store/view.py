"""Reads the images at one version of their table, which stays as it is while others write."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from lance.query import BooleanQuery, MatchQuery, Occur

from mirada.errors import StoreError
from mirada.store.rank import best, shortlist
from mirada.store.rows import is_image_id, matrix_from
from mirada.store.tables import lance_errors
from mirada.store.upkeep import TERMS_INDEX, VECTOR_INDEX, indexes
from mirada.types import Ranking

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import lance
    from lance.query import FullTextQuery

    from mirada.types import Matrix, Vector

VECTORS = "vectors"
TERMS = "terms"
EXACT_LIMIT = 1_000  # longer rankings would need most of the index anyway
PROBES = 20  # partitions looked into: recall@10 .976, against .807 with 5 (ENGINES.md)
OVERFETCH = 2  # candidates a result, to be compared again by their full vectors
IDS_PER_FILTER = 1_000


class View:
    """The images at one version.

    Below `exact_rows` rows the vectors stay in memory, so that only the first search reads them.
    """

    def __init__(self, table: lance.LanceDataset, folder: Path, *, exact_rows: int) -> None:
        self.table = table
        self._folder = folder
        self._exact_rows = exact_rows
        self._dim: int = table.schema.field("vector").type.list_size

    @property
    def version(self) -> int:
        """Number of the version."""
        version: int = self.table.version
        return version

    @cached_property
    def count(self) -> int:
        """Rows."""
        with lance_errors(self._folder):
            count: int = self.table.count_rows()
        return count

    def ids(self) -> list[str]:
        """All image ids, in no particular order."""
        if self._is_small:
            return list(self._loaded[0])
        ids: list[str] = self.columns(["image_id"])["image_id"].to_pylist()
        return ids

    def columns(self, names: list[str]) -> pa.Table:
        """These columns of all rows."""
        with lance_errors(self._folder):
            return self.table.to_table(columns=names)

    def rows(self, image_ids: Sequence[str], columns: list[str]) -> pa.Table:
        """The rows of these ids, in order.

        Raises:
            KeyError: an id is unknown.
        """
        if self._is_small:
            places = [self._places[one] for one in image_ids]
            with lance_errors(self._folder):
                return self.table.take(places, columns=columns)
        found = self.known_rows(image_ids, columns)
        rows = {one: row for row, one in enumerate(found["image_id"].to_pylist())}
        return found.take(pa.array([rows[one] for one in image_ids], pa.int64()))

    def known_rows(self, image_ids: Sequence[str], columns: list[str]) -> pa.Table:
        """The rows of those ids that are known, in no particular order."""
        wanted = [one for one in dict.fromkeys(image_ids) if is_image_id(one)]
        names = list(dict.fromkeys(["image_id", *columns]))
        parts = [pa.schema([self.table.schema.field(name) for name in names]).empty_table()]
        with lance_errors(self._folder):
            for start in range(0, len(wanted), IDS_PER_FILTER):
                among = ", ".join(f"'{one}'" for one in wanted[start : start + IDS_PER_FILTER])
                parts.append(self.table.to_table(columns=names, filter=f"image_id IN ({among})"))
        return pa.concat_tables(parts).combine_chunks()

    def vectors(self, image_ids: Sequence[str]) -> Matrix:
        """(n, dim) vectors of these ids, in order.

        Raises:
            KeyError: an id is unknown.
        """
        if self._is_small:
            places = self._places
            return self._loaded[1][[places[one] for one in image_ids]]
        return matrix_from(self.rows(image_ids, ["vector"])["vector"], self._dim)

    def nearest(self, vector: Vector, limit: int) -> Ranking:
        """Up to `limit` ids by falling dot product, ties by id."""
        limit = min(limit, self.count)
        if limit <= 0:
            return Ranking(VECTORS, (), np.empty(0, np.float32))
        ids, matrix = self._candidates(np.ascontiguousarray(vector, np.float32), limit)
        return Ranking(VECTORS, *best(ids, matrix, vector, limit))

    def match(self, terms: Mapping[str, float], limit: int) -> Ranking:
        """Up to `limit` ids by falling BM25 score over their words, ties by id.

        Args:
            terms: word -> factor of its score.
            limit: ids at most.
        """
        limit = min(limit, self.count)
        if limit <= 0 or not terms or not self.has_terms_index:
            return Ranking(TERMS, (), np.empty(0, np.float32))
        with lance_errors(self._folder):
            rows = self.table.to_table(
                columns=["image_id", "_score"],
                full_text_query=_any_of(terms),
                limit=limit,
            )
        found = zip(rows["image_id"].to_pylist(), rows["_score"].to_pylist(), strict=True)
        ordered = sorted(found, key=lambda pair: (-pair[1], pair[0]))
        ids = tuple(image_id for image_id, _ in ordered)
        return Ranking(TERMS, ids, np.array([score for _, score in ordered], np.float32))

    def _candidates(self, vector: Vector, limit: int) -> tuple[list[str], Matrix]:
        if self._is_small:
            return _pick(*self._loaded, vector, limit)
        if limit <= EXACT_LIMIT and self._has_vector_index and np.any(vector):
            try:
                return self._by_index(vector, limit)
            except StoreError:
                pass  # a power cut may have damaged the index; the rows need none
        return self._by_scan(vector, limit)

    def _by_index(self, vector: Vector, limit: int) -> tuple[list[str], Matrix]:
        nearest = {
            "column": "vector",
            "q": vector,
            "k": limit * OVERFETCH,
            "metric": "cosine",
            "nprobes": PROBES,
        }
        with lance_errors(self._folder):
            rows = self.table.to_table(columns=["image_id", "vector", "_distance"], nearest=nearest)
        return rows["image_id"].to_pylist(), matrix_from(rows["vector"], self._dim)

    def _by_scan(self, vector: Vector, limit: int) -> tuple[list[str], Matrix]:
        ids: list[str] = []
        matrix: Matrix = np.empty((0, self._dim), np.float32)
        with lance_errors(self._folder):
            for batch in self.table.to_batches(columns=["image_id", "vector"]):
                vectors = matrix_from(batch.column("vector"), self._dim)
                rows = shortlist(vectors, vector, limit)
                ids += batch.column("image_id").take(pa.array(rows)).to_pylist()
                matrix = np.concatenate([matrix, vectors[rows]])
                ids, matrix = _pick(ids, matrix, vector, limit)
        return ids, matrix

    @property
    def _is_small(self) -> bool:
        return self.count < self._exact_rows

    @cached_property
    def _loaded(self) -> tuple[list[str], Matrix]:
        rows = self.columns(["image_id", "vector"])
        return rows["image_id"].to_pylist(), matrix_from(rows["vector"], self._dim)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {one: row for row, one in enumerate(self._loaded[0])}

    @property
    def _has_vector_index(self) -> bool:
        return VECTOR_INDEX in self._indexes

    @property
    def has_terms_index(self) -> bool:
        """Whether words can be searched for."""
        return TERMS_INDEX in self._indexes

    @cached_property
    def _indexes(self) -> frozenset[str]:
        with lance_errors(self._folder):
            return frozenset(indexes(self.table))


def _any_of(terms: Mapping[str, float]) -> FullTextQuery:
    """Any of the terms, those of equal weight in one clause."""
    groups: dict[float, list[str]] = {}
    for term, weight in terms.items():
        groups.setdefault(weight, []).append(term)
    return BooleanQuery(
        [
            (Occur.SHOULD, MatchQuery(" ".join(group), "terms", boost=weight))
            for weight, group in groups.items()
        ]
    )


def _pick(ids: list[str], matrix: Matrix, vector: Vector, limit: int) -> tuple[list[str], Matrix]:
    rows = shortlist(matrix, vector, limit)
    return [ids[row] for row in rows], matrix[rows]
