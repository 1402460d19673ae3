"""Saved reports side by side: systems that answered the same queries on the same pictures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mirada.errors import ConfigError
from mirada.experiments.config import AXES
from mirada.experiments.grid import said_of
from mirada.experiments.record import FORMAT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from mirada.experiments.record import Record


@dataclass(frozen=True, slots=True)
class Entry:
    """One system of one report."""

    system: str
    report: str  # its name
    made_at: str
    measures: Mapping[str, Mapping[str, Any]]  # without differences: baselines are not the same
    costs: Mapping[str, float | None]
    models: Mapping[str, Mapping[str, Any]]
    machine: str


@dataclass(frozen=True, slots=True)
class Board:
    """Those that can be compared: same pictures, same queries, same answers."""

    name: str
    images: int
    queries: int
    images_digest: str
    queries_digest: str
    entries: Sequence[Entry]  # the best first


def read_reports(paths: Iterable[Path]) -> list[Record]:
    """The records of files, and of all in the folders among them.

    Raises:
        ConfigError: a file is no report, or there is none at all.
    """
    found = []
    for path in paths:
        if path.is_dir():
            found += [one for file in sorted(path.rglob("*.json")) if (one := _read(file))]
        elif (record := _read(path)) is not None:
            found.append(record)
        else:
            raise ConfigError(f"{path} is no report: give the report.json of `mirada experiment`")
    if not found:
        raise ConfigError("no reports there: `mirada experiment FILE.toml` makes them")
    return list({_key(one): one for one in found}.values())


def boards_of(records: Iterable[Record], measure: str | None = None) -> list[Board]:
    """A board for each set of pictures and queries, its systems by falling measure.

    Args:
        records: of experiments.
        measure: to sort by; by default the first of the first record of each board.

    Raises:
        ConfigError: no report has that measure.
    """
    groups: dict[tuple[str, str], list[tuple[Record, Record]]] = {}
    for record in records:
        for gallery in record["galleries"]:
            key = gallery["images_digest"], gallery["queries_digest"]
            groups.setdefault(key, []).append((record, gallery))
    known = {name for some in groups.values() for record, _ in some for name in record["measures"]}
    if measure is not None and measure not in known:
        raise ConfigError(f"no report has the measure {measure}: {', '.join(sorted(known))}")
    return [_board(some, measure) for some in groups.values()]


def measures_of(board: Board, first: str | None) -> list[str]:
    """Names of what was measured, the one that is sorted by first."""
    names = list(dict.fromkeys(name for one in board.entries for name in one.measures))
    return sorted(names, key=lambda name: name != first) if first else names


def _board(some: Sequence[tuple[Record, Record]], measure: str | None) -> Board:
    gallery = some[0][1]
    first = measure or some[0][0]["measures"][0]
    entries = [_entry(system, record) for record, gallery in some for system in gallery["systems"]]
    entries.sort(key=lambda one: (-_mean(one, first), one.system, one.made_at))
    return Board(
        gallery["name"],
        gallery["images"],
        gallery["queries"],
        gallery["images_digest"],
        gallery["queries_digest"],
        entries,
    )


def _entry(system: Record, record: Record) -> Entry:
    machine = record["machine"]
    names = {role: model["name"] for role, model in system["models"].items()}
    told = [
        said_of(axis, names.get(axis, value))
        for axis, value in system["settings"].items()
        if axis in AXES
    ]
    return Entry(
        " · ".join(told),
        record["name"],
        record["made_at"],
        {
            name: {key: own[key] for key in ("mean", "low", "high")}
            for name, own in system["measures"].items()
        },
        system["costs"],
        system["models"],
        f"{machine['processor']}, {machine['cores']} cores",
    )


def _mean(entry: Entry, measure: str) -> float:
    own = entry.measures.get(measure)
    return float(own["mean"]) if own else float("-inf")


def _key(record: Record) -> tuple[str, str]:
    return record["name"], record["made_at"]


def _read(path: Path) -> Record | None:
    """The record of a file; None for other JSON.

    Raises:
        ConfigError: it cannot be read, or a newer mirada wrote it.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    if not isinstance(record, dict) or not {"format", "galleries", "measures"} <= record.keys():
        return None
    if record["format"] != FORMAT:
        raise ConfigError(f"{path} is of format {record['format']}: it needs another mirada")
    return record
