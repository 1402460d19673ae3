"""The record of an experiment as Markdown: what the page tells, without the pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirada.experiments.grid import said_of
from mirada.experiments.wording import (
    COSTS,
    HOW,
    asked,
    cost,
    difference,
    points,
    span,
    verdict,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mirada.experiments.record import Record


def markdown_of(record: Record) -> str:
    """The page."""
    parts = [f"# {record['name']}", *([record["note"]] if record["note"] else []), HOW]
    for gallery in record["galleries"]:
        parts += _gallery(gallery, record["measures"])
    parts += _circumstances(record)
    return "\n\n".join(parts) + "\n"


def _gallery(gallery: Record, measures: Sequence[str]) -> list[str]:
    first = measures[0]
    qualities = [
        [
            one["label"],
            f"{points(one['measures'][first]['mean'])} {span(one['measures'][first])}",
            difference(one["measures"][first]),
            *(points(one["measures"][name]["mean"]) for name in measures[1:]),
        ]
        for one in gallery["systems"]
    ]
    costs = [
        [one["label"], *(cost(one["costs"], name) for name in COSTS)] for one in gallery["systems"]
    ]
    others = [
        [one["label"], *(difference(one["measures"][name]) for name in measures[1:])]
        for one in gallery["systems"]
        if one["label"] != gallery["baseline"]
    ]
    return [
        f"## {gallery['name']}",
        f"{asked(gallery)}. Pictures `{gallery['images_digest'][:12]}`,"
        f" queries `{gallery['queries_digest'][:12]}`.",
        f"**{verdict(gallery, first)}**",
        rows_of(["system", first, "against the baseline", *measures[1:]], qualities),
        rows_of(["system", *COSTS.values()], costs),
        *([rows_of(["against the baseline", *measures[1:]], others)] if measures[1:] else []),
    ]


def _circumstances(record: Record) -> list[str]:
    machine = record["machine"]
    versions = ", ".join(f"{name} {one}" for name, one in record["versions"].items())
    left_out = [
        f"- {' · '.join(said_of(axis, value) for axis, value in one.items() if axis != 'why')}:"
        f" {one['why']}"
        for one in record["left_out"]
    ]
    return [
        "## How it was made",
        *(
            ["Left out, since it cannot be put together:\n\n" + "\n".join(left_out)]
            if left_out
            else []
        ),
        f"{record['made_at']}, {machine['system']}, {machine['processor']},"
        f" {machine['cores']} cores; {versions}.",
        f"```toml\n{record['toml'].rstrip()}\n```",
    ]


def rows_of(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; what would end a cell is written as an entity."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "&#124;") for cell in line) + " |" for line in lines
    )
