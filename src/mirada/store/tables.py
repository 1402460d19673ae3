"""Opens and makes Lance tables, and turns every failure of theirs into a StoreError."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

os.environ.setdefault("LANCE_LOG", "error")  # read at import; its warnings are for developers

import lance
import pyarrow as pa

from mirada.errors import CollectionNotFound, StoreError
from mirada.store.durable import has_manifests, refuse_torn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INDEX_CACHE = 256 << 20  # bytes; without a cap long runs grow
METADATA_CACHE = 64 << 20  # bytes

LANCE_FAILURES = (OSError, ValueError, RuntimeError, NotImplementedError, pa.ArrowException)


@contextmanager
def lance_errors(folder: Path) -> Iterator[None]:
    """Turn what Lance raises, panics included, into a StoreError about `folder`."""
    try:
        yield
    except LANCE_FAILURES as error:
        raise _store_error(folder, error) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of pyo3, which exports no such name
            raise
        raise _store_error(folder, error) from error


def open_table(folder: Path) -> lance.LanceDataset:
    """The newest version of the table in `folder`.

    Raises:
        CollectionNotFound: no table has been made there yet.
        StoreError: there is something else, or it is damaged.
    """
    uri = _uri(folder)
    if is_unmade(folder):
        raise CollectionNotFound(f"no index in {folder.parent}: make one with `mirada index DIR`")
    if not has_manifests(folder):
        raise StoreError(
            f"{folder} holds no table of mirada's, or a damaged one: move it away and run "
            "`mirada index` again; your photos are untouched"
        )
    refuse_torn(folder)
    with lance_errors(folder):
        return lance.dataset(
            uri, index_cache_size_bytes=INDEX_CACHE, metadata_cache_size_bytes=METADATA_CACHE
        )


def make_table(folder: Path, schema: pa.Schema) -> None:
    """Make an empty table; one whose making was cut short is completed."""
    uri = _uri(folder)
    with lance_errors(folder):
        lance.write_dataset(schema.empty_table(), uri, schema=schema, mode="create")


def is_unmade(folder: Path) -> bool:
    """Whether `folder` holds no table: it is missing, or its making was cut short."""
    if not folder.exists():
        return True
    if not folder.is_dir() or has_manifests(folder):
        return False
    # rows without a version are damage, foreign files none of ours: both must not be built upon
    makings = {folder / "_versions", folder / "_transactions"}
    return all(path in makings or path.parent in makings for path in folder.rglob("*"))


def _uri(folder: Path) -> str:
    try:
        str(folder).encode()
    except UnicodeEncodeError as error:
        raise StoreError(
            f"the name of {str(folder)!r} is not UTF-8, so that no index can lie there: "
            "keep it elsewhere with --home DIR or MIRADA_HOME"
        ) from error
    return str(folder)


def _store_error(folder: Path, error: BaseException) -> StoreError:
    reason = str(error).split(", /")[0].splitlines()[0] if str(error) else type(error).__name__
    return StoreError(
        f"{folder} cannot be read or written ({reason}): check the disk and its free space; if the "
        "index is damaged, move it away and run `mirada index` again; your photos are untouched"
    )
