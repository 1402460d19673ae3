"""Brings tables of an older schema up to date, one version at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from filelock import FileLock

from mirada.errors import SchemaTooNew, StoreError
from mirada.store.schema import IMAGES, SCHEMA_VERSION, VERSION_KEY
from mirada.store.tables import open_table

if TYPE_CHECKING:
    from pathlib import Path

Step: TypeAlias = Callable[["Path"], None]
"""Changes the tables in a home; killed half-way it is run again, so it must bear repeating."""

STEPS: dict[int, Step] = {}  # version -> what turns its tables into the next version's


def migrate(home: Path) -> None:
    """Bring the tables in `home` to the present schema; nothing to do is the usual case.

    Raises:
        SchemaTooNew: a newer mirada made them.
        StoreError: no step leads from their version, or they cannot be written.
    """
    if schema_version(home) == SCHEMA_VERSION:
        return
    with FileLock(home / "migrate.lock"):
        version = schema_version(home)
        while version < SCHEMA_VERSION:
            if version not in STEPS:
                raise StoreError(
                    f"{home} has schema {version}, which this mirada cannot bring up to date: "
                    "move it away and run `mirada index` again; your photos are untouched"
                )
            STEPS[version](home)
            version += 1
            _mark(home, version)


def schema_version(home: Path) -> int:
    """Version of the tables in `home`.

    Raises:
        SchemaTooNew: a newer mirada made them.
    """
    metadata = open_table(home / IMAGES).schema.metadata or {}
    try:
        version = int(metadata[VERSION_KEY])
    except (KeyError, ValueError) as error:
        raise StoreError(
            f"{home / IMAGES} was not made by mirada: move it away and run `mirada index` again"
        ) from error
    if version > SCHEMA_VERSION:
        raise SchemaTooNew(
            f"{home} has schema {version}, this mirada knows {SCHEMA_VERSION}: "
            "upgrade with `pip install --upgrade mirada`"
        )
    return version


def _mark(home: Path, version: int) -> None:
    open_table(home / IMAGES).update_schema_metadata({VERSION_KEY.decode(): str(version)})
