"""`mirada duplicates`: which files are copies of each other, and which one to keep."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mirada.cli.options import home_option
from mirada.cli.output import print_json, shown_path
from mirada.collection import Collection
from mirada.errors import MiradaError
from mirada.paths import absolute

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mirada.search.duplicates import Copy, DuplicateGroup
    from mirada.types import ImageRecord

UNITS = ("B", "kB", "MB", "GB", "TB")


@click.command(epilog="Example: mirada duplicates ~/Pictures --near")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--exact", "kind", flag_value="exact", help="Equal files alone.")
@click.option("--near", "kind", flag_value="near", help="Pictures that differ a little alone.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@home_option
def duplicates(folder: Path | None, kind: str | None, as_json: bool, home: Path | None) -> None:
    """Group the indexed pictures that are copies or near copies of each other, the best first.

    With DIR, only files below it count. Near copies are the same picture in another size, format
    or quality, edited lightly or cropped a little. Nothing is ever deleted or changed.
    """
    from mirada.search.duplicates import find_duplicates  # noqa: PLC0415 brings numpy

    collection = Collection(folder or Path.cwd(), home=home)
    records = collection.store.get(sorted(collection.store.ids()))
    if folder is not None:
        records = list(below(absolute(folder), records))
    groups = find_duplicates(
        records,
        vectors=collection.store.vectors,
        exact=kind in (None, "exact"),
        near=kind in (None, "near"),
    )
    if as_json:
        print_json(_as_json(groups))
    else:
        _print_groups(groups)
    unseen = sum(record.facts is None for record in records)
    if unseen and kind != "exact":
        click.echo(
            f"{_counted(unseen, 'picture')} could not be compared: run `mirada index --only facts`",
            err=True,
        )


def below(folder: Path, records: Iterable[ImageRecord]) -> Iterable[ImageRecord]:
    """The records with files in a folder, and those files alone; raises MiradaError for none."""
    found = False
    for record in records:
        files = tuple(file for file in record.files if file.path.is_relative_to(folder))
        if files:
            found = True
            yield replace(record, files=files)
    if not found:
        raise MiradaError(f"no indexed picture lies in {folder}: run `mirada index DIR` first")


def _print_groups(groups: Sequence[DuplicateGroup]) -> None:
    for group in groups:
        spare = f"{len(group.copies)} files, all but one take {shown_size(group.spare_bytes)}"
        click.secho(f"{group.kind}: {spare}", bold=True)
        for copy in group.copies:
            keep = copy is group.best
            click.secho(f"  {'keep' if keep else '':4}  {_line(copy)}", dim=not keep)
    others = sum(len(group.copies) - 1 for group in groups)
    bytes_ = sum(group.spare_bytes for group in groups)
    click.secho(
        f"{_counted(len(groups), 'group')}, {_counted(others, 'file')} besides the best, "
        f"{shown_size(bytes_)}",
        dim=True,
        err=True,
    )


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _line(copy: Copy) -> str:
    size = f"{copy.record.width} x {copy.record.height}"
    facts = copy.record.facts
    sharpness = f"{facts.sharpness:.2f}" if facts else "-"
    date = f"{_modified(copy):%Y-%m-%d}"
    return f"{size:>13} {shown_size(copy.file.size):>9} {sharpness:>5} {date}  " + shown_path(
        copy.file.path
    )


def shown_size(size: float) -> str:
    """A count of bytes for people, in units of 1,000."""
    for unit in UNITS[:-1]:
        if round(size, 1) < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} {UNITS[-1]}"


def _as_json(groups: Sequence[DuplicateGroup]) -> dict[str, Any]:
    return {
        "groups": [
            {
                "kind": group.kind,
                "spare_bytes": group.spare_bytes,
                "files": [_copy_as_json(copy, best=copy is group.best) for copy in group.copies],
            }
            for group in groups
        ],
        "spare_bytes": sum(group.spare_bytes for group in groups),
    }


def _copy_as_json(copy: Copy, *, best: bool) -> dict[str, Any]:
    facts = copy.record.facts
    return {
        "path": str(copy.file.path),
        "best": best,
        "image_id": copy.record.image_id,
        "size": copy.file.size,
        "width": copy.record.width,
        "height": copy.record.height,
        "format": copy.record.format,
        "sharpness": round(facts.sharpness, 4) if facts else None,
        "modified": _modified(copy).isoformat(),
    }


def _modified(copy: Copy) -> datetime:
    return datetime.fromtimestamp(copy.file.mtime_ns / 1e9, UTC)
