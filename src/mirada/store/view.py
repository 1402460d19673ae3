"""Reads the images at one version of their table, which stays as it is while others write."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from lance.query import BooleanQuery, MatchQuery, Occur

from mirada.errors import StoreError
from mirada.store.rank import best, scores_of, shortlist
from mirada.store.rows import is_image_id, matrix_from
from mirada.store.select import Columns, columns_of, rows_where
from mirada.store.tables import lance_errors
from mirada.store.upkeep import PARTITION_ROWS, TERMS_INDEX, VECTOR_INDEX, indexes
from mirada.types import Ranking

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    import lance
    from lance.query import FullTextQuery
    from numpy.typing import NDArray

    from mirada.store.conditions import Condition
    from mirada.store.rows import PathCodec
    from mirada.types import Matrix, Vector

VECTORS = "vectors"
TERMS = "terms"
EXACT_LIMIT = 1_000  # longer rankings would need most of the index anyway
PROBES = 20  # partitions looked into: recall@10 .976, against .807 with 5 (ENGINES.md)
OVERFETCH = 2  # candidates a result, to be compared again by their full vectors
IDS_PER_FILTER = 1_000
KEPT_ROWS = 100_000  # up to which the columns that filters need stay in memory: 1 kB a row
MOST_CANDIDATES = 20_000  # rows by an index or by their ids; more take longer than a scan
GROWTH = 4  # of the rows asked for, where too few of them were chosen ones


class View:
    """The images at one version.

    Below `exact_rows` rows the vectors stay in memory, so that only the first search reads them.
    """

    def __init__(
        self, table: lance.LanceDataset, folder: Path, codec: PathCodec, *, exact_rows: int
    ) -> None:
        self.table = table
        self._codec = codec
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
        wanted = dict.fromkeys(image_ids)
        names = list(dict.fromkeys(["image_id", *columns]))
        parts = [pa.schema([self.table.schema.field(name) for name in names]).empty_table()]
        with lance_errors(self._folder):
            parts += [self.table.to_table(columns=names, filter=one) for one in filters_of(wanted)]
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

    def select(self, conditions: Sequence[Condition]) -> frozenset[str]:
        """The images that meet all conditions."""
        if self.count <= KEPT_ROWS:
            return _ids_where(conditions, self._columns)
        names = list(dict.fromkeys(["image_id", *columns_of(conditions)]))
        with lance_errors(self._folder):
            batches = map(self._columns_of, self.table.to_batches(columns=names))
            return frozenset().union(*(_ids_where(conditions, batch) for batch in batches))

    def nearest(self, vector: Vector, limit: int, among: AbstractSet[str] | None = None) -> Ranking:
        """Up to `limit` ids by falling dot product, ties by id; only of those `among`."""
        limit = min(limit, self.count if among is None else len(among))
        if limit <= 0:
            return Ranking(VECTORS, (), np.empty(0, np.float32))
        ids, matrix = self._candidates(np.ascontiguousarray(vector, np.float32), limit, among)
        return Ranking(VECTORS, *best(ids, matrix, vector, limit))

    def match(
        self, terms: Mapping[str, float], limit: int, among: AbstractSet[str] | None = None
    ) -> Ranking:
        """Up to `limit` ids by falling BM25 score over their words, ties by id.

        Args:
            terms: word -> factor of its score.
            limit: ids at most.
            among: the ids that count; None: all.
        """
        limit = min(limit, self.count if among is None else len(among))
        if limit <= 0 or not terms or not self.has_terms_index:
            return Ranking(TERMS, (), np.empty(0, np.float32))
        found = self._matching(_any_of(terms), limit, among)
        ordered = sorted(found, key=lambda pair: (-pair[1], pair[0]))[:limit]
        ids = tuple(image_id for image_id, _ in ordered)
        return Ranking(TERMS, ids, np.array([score for _, score in ordered], np.float32))

    def _matching(
        self, query: FullTextQuery, limit: int, among: AbstractSet[str] | None
    ) -> list[tuple[str, float]]:
        """The ids with most of the words, and their scores."""
        if among is None:
            return self._by_words(query, limit)
        if len(among) <= IDS_PER_FILTER:
            (chosen,) = filters_of(among) or ("false",)
            return self._by_words(query, limit, chosen)
        wanted = self._overfetched(limit, among)
        while True:
            rows = self._by_words(query, wanted)
            found = [row for row in rows if row[0] in among]
            if len(found) >= limit or len(rows) < wanted:
                return found
            wanted *= GROWTH

    def _by_words(
        self, query: FullTextQuery, limit: int, chosen: str | None = None
    ) -> list[tuple[str, float]]:
        with lance_errors(self._folder):
            rows = self.table.to_table(
                columns=["image_id", "_score"],
                full_text_query=query,
                limit=limit,
                filter=chosen,
                prefilter=True,
            )
        return list(zip(rows["image_id"].to_pylist(), rows["_score"].to_pylist(), strict=True))

    def _candidates(
        self, vector: Vector, limit: int, among: AbstractSet[str] | None
    ) -> tuple[list[str], Matrix]:
        if self._is_small:
            return _pick(*self._loaded, vector, limit, self._rows_of(among))
        if among is not None and len(among) <= IDS_PER_FILTER:
            return self._by_ids(among)
        if limit <= EXACT_LIMIT and self._has_vector_index and np.any(vector):
            try:
                found = self._by_index(vector, limit, among)
            except StoreError:
                pass  # a power cut may have damaged the index; the rows need none
            else:
                if among is None or len(found[0]) >= limit:
                    return found
        if among is not None and len(among) <= MOST_CANDIDATES:
            return self._by_ids(among)
        return self._by_scan(vector, limit, among)

    def _by_ids(self, image_ids: AbstractSet[str]) -> tuple[list[str], Matrix]:
        rows = self.known_rows(list(image_ids), ["vector"])
        return rows["image_id"].to_pylist(), matrix_from(rows["vector"], self._dim)

    def _by_index(
        self, vector: Vector, limit: int, among: AbstractSet[str] | None
    ) -> tuple[list[str], Matrix]:
        """Of all candidates those among the chosen ones; they may be too few."""
        wanted = OVERFETCH * (limit if among is None else self._overfetched(limit, among))
        if wanted > MOST_CANDIDATES:
            return [], np.empty((0, self._dim), np.float32)
        nearest = {
            "column": "vector",
            "q": vector,
            "k": wanted,
            "metric": "cosine",
            "nprobes": PROBES + GROWTH * wanted // PARTITION_ROWS,
        }
        with lance_errors(self._folder):
            rows = self.table.to_table(columns=["image_id", "vector", "_distance"], nearest=nearest)
        ids = rows["image_id"].to_pylist()
        matrix = matrix_from(rows["vector"], self._dim)
        if among is None:
            return ids, matrix
        kept = [row for row, one in enumerate(ids) if one in among]
        return [ids[row] for row in kept], matrix[kept]

    def _by_scan(
        self, vector: Vector, limit: int, among: AbstractSet[str] | None
    ) -> tuple[list[str], Matrix]:
        ids: list[str] = []
        matrix: Matrix = np.empty((0, self._dim), np.float32)
        with lance_errors(self._folder):
            for batch in self.table.to_batches(columns=["image_id", "vector"]):
                vectors = matrix_from(batch.column("vector"), self._dim)
                names = batch.column("image_id").to_pylist()
                chosen = _rows_among(names, among)
                some, rows = _pick(names, vectors, vector, limit, chosen)
                ids, matrix = _pick(ids + some, np.concatenate([matrix, rows]), vector, limit)
        return ids, matrix

    def _overfetched(self, limit: int, among: AbstractSet[str]) -> int:
        """Rows of all among which that many of the chosen ones should be."""
        return min(-(-limit * self.count // len(among)), self.count)

    def _rows_of(self, image_ids: Iterable[str] | None) -> list[int] | None:
        if image_ids is None:
            return None
        places = self._places
        return [places[one] for one in image_ids if one in places]

    @cached_property
    def _columns(self) -> Columns:
        return Columns(self.count, self.columns, self._codec)

    def _columns_of(self, batch: pa.RecordBatch) -> Columns:
        return Columns(batch.num_rows, pa.Table.from_batches([batch]).select, self._codec)

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


def filters_of(image_ids: Iterable[str]) -> list[str]:
    """Filters of a table that let these ids through, for some of them at a time."""
    good = [one for one in image_ids if is_image_id(one)]  # nothing else may stand in a filter
    groups = (good[start : start + IDS_PER_FILTER] for start in range(0, len(good), IDS_PER_FILTER))
    return [f"image_id IN ({', '.join(map(repr, group))})" for group in groups]


def _rows_among(ids: Sequence[str], among: AbstractSet[str] | None) -> list[int] | None:
    return None if among is None else [row for row, one in enumerate(ids) if one in among]


def _ids_where(conditions: Sequence[Condition], columns: Columns) -> frozenset[str]:
    rows = rows_where(conditions, columns)
    return frozenset(columns.column("image_id").filter(pa.array(rows)).to_pylist())


def _pick(
    ids: Sequence[str],
    matrix: Matrix,
    vector: Vector,
    limit: int,
    chosen: Sequence[int] | None = None,
) -> tuple[list[str], Matrix]:
    """The rows that may be among the `limit` best, all of them or those chosen."""
    scores = scores_of(matrix, vector)
    rows: NDArray[np.intp]
    if chosen is None:
        rows = shortlist(scores, vector, limit)
    else:
        among = np.array(chosen, np.intp)
        rows = among[shortlist(scores[among], vector, limit)]
    return [ids[row] for row in rows], matrix[rows]
