"""Keeps a table quick: few files, indexes that cover the rows, no versions nobody reads."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from lance.optimize import Compaction, CompactionOptions
from lance.query import MatchQuery

from mirada.store.tables import LANCE_FAILURES

if TYPE_CHECKING:
    from collections.abc import Callable

    import lance

VECTOR_INDEX = "vector_ivf"
ID_INDEX = "image_id_btree"
TERMS_INDEX = "terms_inverted"

AS_WRITTEN: dict[str, Any] = {  # `mirada.language` has normalised the words already
    "base_tokenizer": "whitespace",
    "lower_case": False,
    "stem": False,
    "remove_stop_words": False,
    "ascii_folding": False,
    "with_position": False,
}

FRAGMENT_ROWS = 65_536  # files of about 130 MB: larger ones would be rewritten for few new rows
PARTITION_ROWS = 1_024  # 100,000 rows: 9 ms a query, against 21 ms with Lance's 8,192
RETRAIN_GROWTH = 4  # partitions four times as full no longer keep a query short
MOST_SEGMENTS = 4  # each is searched on its own
KEEP_VERSIONS = timedelta(hours=1)  # a reader may still be on an old one

SCORES = {"nearest": "_distance", "full_text_query": "_score"}

TRAINED_ROWS = "mirada.vector_index_rows"  # in the table's config


def compact(table: lance.LanceDataset, flush_data: Callable[[], None]) -> None:
    """Merge small files; the new ones are on disk before the commit that points to them."""
    options = CompactionOptions(target_rows_per_fragment=FRAGMENT_ROWS)
    results = [task.execute(table) for task in Compaction.plan(table, options).tasks]
    if results:
        flush_data()
        Compaction.commit(table, results)
        table.checkout_version(table.latest_version)


def index_rows(table: lance.LanceDataset) -> None:
    """Create the indexes that are missing and take new rows into the others."""
    rows = table.count_rows()
    present = indexes(table)
    if VECTOR_INDEX not in present or rows >= RETRAIN_GROWTH * _trained_rows(table):
        table.create_index(
            "vector",
            "IVF_SQ",
            name=VECTOR_INDEX,
            metric="cosine",
            replace=True,
            target_partition_size=PARTITION_ROWS,
        )
        table.update_config({TRAINED_ROWS: str(rows)})
    index_ids(table)
    _catch_up(table, VECTOR_INDEX)


def index_ids(table: lance.LanceDataset) -> None:
    """Make rows quick to find by their image id."""
    if ID_INDEX not in indexes(table):
        table.create_scalar_index("image_id", "BTREE", name=ID_INDEX)
    _catch_up(table, ID_INDEX)


def index_terms(table: lance.LanceDataset) -> None:
    """Make rows searchable by their words; the table must not be empty (ENGINES.md)."""
    if TERMS_INDEX not in indexes(table):
        table.create_scalar_index("terms", "INVERTED", name=TERMS_INDEX, **AS_WRITTEN)
    _catch_up(table, TERMS_INDEX)


def _catch_up(table: lance.LanceDataset, name: str) -> None:
    if unindexed_rows(table, name):
        table.optimize.optimize_indices(index_names=[name])
    segments = len(indexes(table)[name].segments)
    if segments > MOST_SEGMENTS:
        table.optimize.optimize_indices(index_names=[name], num_indices_to_merge=segments)


def damaged_indexes(table: lance.LanceDataset) -> list[str]:
    """Indexes that cannot be read; a power cut may do that, for Lance commits before it flushes."""
    dim = table.schema.field("vector").type.list_size
    vector = np.ones(dim, np.float32)
    questions: dict[str, dict[str, Any]] = {
        VECTOR_INDEX: {"nearest": {"column": "vector", "q": vector, "k": 1, "metric": "cosine"}},
        ID_INDEX: {"filter": f"image_id = '{'0' * 64}'"},
        TERMS_INDEX: {"full_text_query": MatchQuery("a", "terms")},
    }
    present = indexes(table)
    return [
        name
        for name, question in questions.items()
        if name in present and not _can_answer(table, question)
    ]


def indexes(table: lance.LanceDataset) -> dict[str, Any]:
    """The indexes of the table by name, described as Lance does."""
    return {index.name: index for index in table.describe_indices()}


def unindexed_rows(table: lance.LanceDataset, name: str) -> int:
    """Rows that a search by this index has to scan; all of them where there is no such index."""
    index = indexes(table).get(name)
    covered = {one for segment in index.segments for one in segment.fragment_ids} if index else ()
    return sum(
        fragment.count_rows()
        for fragment in table.get_fragments()
        if fragment.fragment_id not in covered
    )


def forget_old_versions(table: lance.LanceDataset) -> None:
    """Remove versions that no reader can still be on, and the files that only they need."""
    table.cleanup_old_versions(older_than=KEEP_VERSIONS)


def _can_answer(table: lance.LanceDataset, question: dict[str, Any]) -> bool:
    columns = ["image_id", *(SCORES[key] for key in question if key in SCORES)]
    try:
        table.to_table(columns=columns, **question)
    except LANCE_FAILURES:
        return False
    return True


def _trained_rows(table: lance.LanceDataset) -> int:
    return int(table.config().get(TRAINED_ROWS, 1))
