"""Brings tables of an older schema up to date, one version at a time."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa
from filelock import FileLock

from mirada.errors import SchemaTooNew, StoreError
from mirada.store.described import DESCRIBED
from mirada.store.schema import (
    ENCODER_KEY,
    IMAGES,
    REGIONS,
    SCHEMA_VERSION,
    VERSION_KEY,
    regions_schema,
)
from mirada.store.tables import lance_errors, make_table, open_table

if TYPE_CHECKING:
    from pathlib import Path

    import lance

Step: TypeAlias = Callable[["Path"], None]
"""Changes the tables in a home; killed half-way it is run again, so it must bear repeating."""


def describe_images(home: Path) -> None:
    """Version 1 knew an image by its vector alone and had never filled the regions table."""
    images = open_table(home / IMAGES)
    fresh = [
        (name, kind)
        for name, kind in (*DESCRIBED.items(), ("terms", pa.string()))
        if name not in images.schema.names
    ]
    if fresh:
        images.add_columns(pa.schema(fresh))
    shutil.rmtree(home / REGIONS, ignore_errors=True)
    dim = images.schema.field("vector").type.list_size
    make_table(home / REGIONS, regions_schema(images.schema.metadata[ENCODER_KEY].decode(), dim))


STEPS: dict[int, Step] = {1: describe_images}
"""Version -> what turns its tables into the next version's."""


def open_migrated(home: Path) -> lance.LanceDataset:
    """The images table in `home`, brought to the present schema; mostly it is there already.

    Raises:
        CollectionNotFound: there is none.
        SchemaTooNew: a newer mirada made it.
        StoreError: no step leads from its version, or it cannot be read or written.
    """
    table = open_table(home / IMAGES)
    if schema_version(table) == SCHEMA_VERSION:
        return table
    with lance_errors(home), FileLock(home / "migrate.lock"):
        version = schema_version(open_table(home / IMAGES))
        while version < SCHEMA_VERSION:
            if version not in STEPS:
                raise StoreError(
                    f"{home} has schema {version}, which this mirada cannot bring up to date: "
                    "move it away and run `mirada index` again; your photos are untouched"
                )
            STEPS[version](home)
            version += 1
            _mark(home, version)
    return open_table(home / IMAGES)


def schema_version(table: lance.LanceDataset) -> int:
    """Version that the images table names.

    Raises:
        SchemaTooNew: a newer mirada made it.
        StoreError: mirada did not make it.
    """
    try:
        version = int((table.schema.metadata or {})[VERSION_KEY])
    except (KeyError, ValueError) as error:
        raise StoreError(
            f"{table.uri} was not made by mirada: move it away and run `mirada index` again"
        ) from error
    if version > SCHEMA_VERSION:
        raise SchemaTooNew(
            f"{table.uri} has schema {version}, this mirada knows {SCHEMA_VERSION}: "
            "upgrade with `pip install --upgrade mirada`"
        )
    return version


def _mark(home: Path, version: int) -> None:
    open_table(home / IMAGES).update_schema_metadata({VERSION_KEY.decode(): str(version)})
