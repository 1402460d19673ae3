"""The embedded store: two Lance tables in one folder, read by many processes, written by one."""

from __future__ import annotations

import threading
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from mirada.errors import StoreError
from mirada.store import health
from mirada.store.conditions import condition_of
from mirada.store.described import models_from
from mirada.store.durable import Flusher, set_aside_torn
from mirada.store.migrate import open_migrated
from mirada.store.regions import RegionTable
from mirada.store.rows import (
    RECORD_COLUMNS,
    PathCodec,
    check_queries,
    check_query,
    check_records,
    check_vectors,
    files_column,
    files_from,
    is_image_id,
    records_from,
    rows_from,
)
from mirada.store.schema import ENCODER_KEY, IMAGES, REGIONS, images_schema, regions_schema
from mirada.store.tables import LANCE_FAILURES, is_unmade, lance_errors, make_table
from mirada.store.terms import terms_of_query
from mirada.store.upkeep import (
    compact,
    damaged_indexes,
    forget_old_versions,
    index_rows,
    index_terms,
)
from mirada.store.view import View

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    import lance
    import pyarrow as pa
    from lance.dataset import MergeInsertBuilder

    from mirada.types import (
        Filter,
        ImageRecord,
        Matrix,
        Parts,
        Ranking,
        Region,
        SourceFile,
        Vector,
    )

T = TypeVar("T")

EXACT_ROWS = 20_000  # below, comparing with every vector takes a few ms (ENGINES.md)
COMMIT_ATTEMPTS = 20  # another process can only be in the way where the lock was passed over
LOOKS = 5  # at images and regions, until both are of one moment


class LanceStore:
    """Records and vectors in a folder; reads see the newest version.

    Threads may share it. Only one process may write, which is its caller's care.
    """

    def __init__(self, home: Path, *, exact_rows: int = EXACT_ROWS) -> None:
        """Open what is in `home`; called by `open` and `create`."""
        self._folder = home / IMAGES
        self._exact_rows = exact_rows
        self._codec = PathCodec(home)
        self._view = self._look(open_migrated(home))
        schema = self._view.table.schema
        self.home = home
        self.encoder: str = schema.metadata[ENCODER_KEY].decode()
        self.dim: int = schema.field("vector").type.list_size
        self._reading = threading.Lock()
        self._writing = threading.Lock()
        self._flusher = Flusher(self._folder)
        self._regions = RegionTable(home, dim=self.dim)

    @classmethod
    def open(cls, home: Path, *, exact_rows: int = EXACT_ROWS) -> LanceStore:
        """The store in `home`; one of an older schema is brought up to date.

        Args:
            home: folder of the collection.
            exact_rows: rows from which on the vectors are indexed and searches approximate.

        Raises:
            CollectionNotFound: nothing has been stored there yet.
            SchemaTooNew: a newer mirada made it.
            StoreError: it is damaged, or something else lies there.
        """
        return cls(home.absolute(), exact_rows=exact_rows)

    @classmethod
    def create(
        cls, home: Path, *, encoder: str, dim: int, exact_rows: int = EXACT_ROWS
    ) -> LanceStore:
        """The store in `home`, made where there is none, completed where making was cut short.

        An existing one keeps its encoder and dim: compare them. Only for the one writer.
        """
        home = home.absolute()
        schemas = {REGIONS: regions_schema(encoder, dim), IMAGES: images_schema(encoder, dim)}
        with lance_errors(home):
            home.mkdir(parents=True, exist_ok=True)
        for name, schema in schemas.items():  # images last: with it the collection exists
            folder = home / name
            with lance_errors(folder):
                set_aside_torn(folder)
                if is_unmade(folder):
                    make_table(folder, schema)
                    Flusher(folder).flush_commits()
        store = cls.open(home, exact_rows=exact_rows)
        store._drop_damaged_indexes()
        return store

    def __len__(self) -> int:
        """Count of records."""
        return self._latest().count

    def ids(self) -> list[str]:
        """All image ids, in no particular order."""
        return self._latest().ids()

    def files(self) -> dict[SourceFile, str]:
        """Every known file with its image id."""
        rows = self._latest().columns(["image_id", "files"])
        return {
            file: image_id
            for batch in rows.to_batches()
            for file, image_id in files_from(batch, self._codec)
        }

    def get(self, image_ids: Sequence[str]) -> list[ImageRecord]:
        """The records of these ids, in order, without regions; KeyError for an unknown one."""
        return records_from(self._latest().rows(image_ids, RECORD_COLUMNS), self._codec)

    def regions(self, image_ids: Sequence[str]) -> list[tuple[Region, ...]]:
        """The regions of each of these ids, in order; raises KeyError for an unknown one."""

        def look(view: View) -> list[tuple[Region, ...]]:
            rows = view.rows(image_ids, ["image_id", "rev"])
            revs = dict(zip(rows["image_id"].to_pylist(), rows["rev"].to_pylist(), strict=True))
            found = self._regions.of(revs)
            return [found[one] for one in image_ids]

        return self._at_one_moment(look)

    def parts(self, image_ids: Sequence[str]) -> Parts:
        """The regions of these ids as arrays, in order; raises KeyError for an unknown one."""

        def look(view: View) -> Parts:
            arrays = self._regions.arrays(view)
            if arrays is None:
                asked = list(dict.fromkeys(image_ids))
                arrays = self._regions.arrays_of(view.rows(asked, ["image_id", "rev"]))
            return arrays.of(image_ids)

        return self._at_one_moment(look)

    def models(self) -> dict[str, dict[str, str]]:
        """Image id -> role -> what described it, of all records."""
        rows = self._latest().columns(["image_id", "models"])
        each = map(models_from, rows["models"].to_pylist())
        return dict(zip(rows["image_id"].to_pylist(), each, strict=True))

    def vectors(self, image_ids: Sequence[str]) -> Matrix:
        """(n, dim) vectors of these ids, in order; raises KeyError for an unknown one."""
        return self._latest().vectors(image_ids)

    def select(self, filters: Sequence[Filter]) -> frozenset[str]:
        """The ids of the images for which all filters hold, as `mirada.store.holds` says.

        Raises:
            ValueError: a filter has no such field, operator or value.
        """
        conditions = [condition_of(one) for one in filters]
        return self._latest().select(conditions)

    def nearest(
        self, vector: Vector, *, limit: int, among: AbstractSet[str] | None = None
    ) -> Ranking:
        """Up to `limit` ids by falling dot product, ties by id; exact below `exact_rows` rows.

        Args:
            vector: the question.
            limit: ids at most.
            among: the ids that count; None: all.
        """
        check_query(vector, dim=self.dim)
        return self._latest().nearest(vector, limit, among)

    def match(self, text: str, *, limit: int, among: AbstractSet[str] | None = None) -> Ranking:
        """Up to `limit` ids by BM25 over captions, tags, phrases, read text and metadata.

        Args:
            text: the question.
            limit: ids at most.
            among: the ids that count; None: all.
        """
        return self._latest().match(terms_of_query(text), limit, among)

    def nearest_parts(
        self, vectors: Matrix, *, limit: int, among: AbstractSet[str] | None = None
    ) -> list[Ranking]:
        """For each vector up to `limit` ids by the dot product with their best region, ties by id.

        Exact up to 100,000 regions. Images without regions are not found.

        Args:
            vectors: (n, dim), the questions.
            limit: ids at most.
            among: the ids that count; None: all.
        """
        check_queries(vectors, dim=self.dim)

        def look(view: View) -> list[Ranking]:
            arrays = self._regions.arrays(view)
            if arrays is None:
                return [self._regions.nearest(one, limit, view, among) for one in vectors]
            return [arrays.nearest(one, limit, among) for one in vectors]

        return self._at_one_moment(look)

    def put(self, records: Sequence[ImageRecord], vectors: Matrix) -> None:
        """Add records, or replace those with the same image id; vectors: (len(records), dim).

        Raises:
            ValueError: a record has no file, comes twice, or its vector is not of unit length.
            StoreError: it could not be written; nothing of it was.
        """
        check_vectors(vectors, rows=len(records), dim=self.dim)
        check_records(records)
        if records:
            self._write(records, vectors)

    def update(self, records: Sequence[ImageRecord]) -> None:
        """Replace what is known of these ids, regions included, but for files and vectors.

        Raises:
            KeyError: an id is unknown; nothing was written.
        """
        if records:
            ids = [record.image_id for record in records]
            kept = records_from(self._latest().rows(ids, RECORD_COLUMNS), self._codec)
            merged = [replace(new, files=old.files) for new, old in zip(records, kept, strict=True)]
            check_records(merged)
            self._write(merged, self.vectors(ids))

    def _write(self, records: Sequence[ImageRecord], vectors: Matrix) -> None:
        rev = uuid.uuid4().hex
        self._regions.add(records, rev)
        self._upsert(rows_from(records, vectors, rev=rev, codec=self._codec))
        if not self._latest().has_terms_index:
            self._index_first_terms()
        self._regions.forget([record.image_id for record in records], but=rev)

    def set_files(self, files: Mapping[str, Sequence[SourceFile]]) -> None:
        """Replace the files of known image ids; an id left without files is removed.

        Raises:
            KeyError: an id that is given files is unknown; nothing was written.
        """
        kept = {image_id: group for image_id, group in files.items() if group}
        if kept:
            # whole rows: Lance 14 updates one column of few rows by reading the whole table
            rows = self._latest().rows(list(kept), self._view.table.schema.names)
            column = files_column(list(kept.values()), self._codec)
            place = rows.schema.get_field_index("files")
            self._upsert(rows.set_column(place, rows.schema.field("files"), column))
        gone = [image_id for image_id, group in files.items() if not group]
        self._remove(gone)
        self._regions.forget([one for one in gone if is_image_id(one)])

    def optimize(self) -> None:
        """Merge small files, bring indexes up to date, forget versions older than an hour."""
        with self._writing, lance_errors(self._folder):
            table = self._latest().table
            table = table.checkout_version(table.version)  # ours alone: it will move on
            compact(table, self._flusher.flush_data)
            if table.count_rows():
                index_terms(table)
            if table.count_rows() >= self._exact_rows:
                index_rows(table)
            self._flusher.flush_data()
            self._flusher.flush_commits()
            forget_old_versions(table)
            self._regions.tidy()

    def health(self) -> dict[str, Any]:
        """Sizes and states, by name, as `mirada doctor` shows them."""
        return health.describe(self._latest(), self.home)

    def verify(self) -> list[str]:
        """What is wrong with the rows, each with what to do; empty when all is well."""
        return health.problems(self._latest(), self.home)

    def _index_first_terms(self) -> None:
        """From now on new words are found at once: Lance scans the rows not yet in an index."""
        with self._writing, lance_errors(self._folder):
            table = self._latest().table
            index_terms(table.checkout_version(table.version))
            self._flusher.flush_data()
            self._flusher.flush_commits()

    def _drop_damaged_indexes(self) -> None:
        """Writes would trip over them; `optimize` makes them anew."""
        with lance_errors(self._folder):
            table = self._latest().table
            for name in damaged_indexes(table):
                table.checkout_version(table.latest_version).drop_index(name)
        self._regions.drop_damaged_indexes()

    def _at_one_moment(self, look: Callable[[View], T]) -> T:
        """What a look at images and regions gives while no other process changes the images."""
        for _ in range(LOOKS):
            view = self._latest()
            seen = look(view)
            if self._latest() is view:
                break
        return seen

    def _latest(self) -> View:
        with self._reading, lance_errors(self._folder):
            newest = self._view.table.latest_version
            if newest != self._view.version:
                self._view = self._look(self._view.table.checkout_version(newest))
            return self._view

    def _look(self, table: lance.LanceDataset) -> View:
        return View(table, self._folder, self._codec, exact_rows=self._exact_rows)

    def _upsert(self, rows: pa.Table) -> None:
        self._merge(
            rows, lambda merge: merge.when_matched_update_all().when_not_matched_insert_all()
        )

    def _remove(self, image_ids: Sequence[str]) -> None:
        known = self._latest().known_rows(image_ids, ["image_id"])
        if known.num_rows:
            self._merge(known, lambda merge: merge.when_matched_delete())

    def _merge(
        self,
        rows: pa.Table,
        what: Callable[[MergeInsertBuilder], MergeInsertBuilder],
    ) -> None:
        """Write, flush, commit, flush: a commit on disk never points to rows that aren't."""
        with self._writing, lance_errors(self._folder):
            for _ in range(COMMIT_ATTEMPTS):
                table = self._latest().table
                # by its index Lance takes twice as long: the rows not yet in it are many
                merge = what(table.merge_insert("image_id").use_index(False))
                transaction, _ = merge.execute_uncommitted(rows)
                self._flusher.flush_data()
                if table.latest_version == table.version and _commit(table, transaction):
                    self._flusher.flush_commits()
                    return
        raise StoreError(
            f"another process keeps writing to {self.home}: wait until it ends, or stop it"
        )


def _commit(table: lance.LanceDataset, transaction: Any) -> bool:
    """Commit; false when another writer came first."""
    try:
        type(table).commit(table, transaction, max_retries=0)
    except LANCE_FAILURES as error:
        if "conflict" not in str(error).lower():
            raise
        return False
    return True
