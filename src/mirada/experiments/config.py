"""What an experiment compares and on what: its TOML file, read and checked."""

from __future__ import annotations

import tomllib
from dataclasses import MISSING, dataclass, field, fields
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, TypeVar

from mirada.errors import ConfigError
from mirada.search.fuse import WORDS_WEIGHT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

NONE: Final = "none"  # in place of a segmenter or a captioner
QUERIES: Final = ("captions", "spatial", "judged")
LANGUAGES: Final = ("en", "es")
AXES: Final = ("encoder", "segmenter", "captioner", "words_weight", "rerank")
"""What a system is told apart by."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Pictures and what is asked of them."""

    folder: str
    split: str = ""
    language: str = "en"
    queries: str = "captions"  # of QUERIES
    captions: str = ""  # JSONL file with rows {file, captions}
    topics: str = ""
    qrels: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """Every combination is a system."""

    encoders: tuple[str, ...] = ("mirada-small",)
    segmenters: tuple[str, ...] = ("feature-map",)
    captioners: tuple[str, ...] = ("mirada-small-captioner",)
    words_weights: tuple[float, ...] = (WORDS_WEIGHT,)
    rerank: tuple[bool, ...] = (True,)


@dataclass(frozen=True, slots=True)
class Telling:
    """What the report is about."""

    measures: tuple[str, ...] = ("R@10", "R@1", "R@5", "RR", "nDCG@10")
    baseline: Mapping[str, Any] = field(default_factory=dict)  # axis -> value; the rest: the first


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of it."""

    images: int = 0  # of each dataset; 0: all
    queries: int = 0  # the same
    depth: int = 100  # of the rankings
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Experiment:
    """A whole file."""

    name: str
    datasets: tuple[Dataset, ...]
    grid: Grid
    report: Telling
    limits: Limits
    folder: Path  # that paths in it are relative to
    text: str  # of the file
    note: str = ""  # that readers of the report should know


Kind = TypeVar("Kind", Dataset, Grid, Telling, Limits)


def example() -> str:
    """A file with every key and what it means."""
    return files("mirada.experiments").joinpath("example.toml").read_text(encoding="utf-8")


def read_experiment(path: Path) -> Experiment:
    """The experiment of a file.

    Raises:
        ConfigError: it is not TOML, a key is unknown or a value is wrong; the message names both.
    """
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path}: {error}") from error
    _refuse_unknown(table, ("name", "note", "datasets", "grid", "report", "limits"), str(path))
    rows = table.get("datasets")
    if not isinstance(rows, list) or not rows:
        raise ConfigError(f"{path}: no [[datasets]]: see `mirada experiment --example`")
    experiment = Experiment(
        _of_type(table.get("name", path.stem), "", f"{path}: name"),
        tuple(
            _table(Dataset, row, f"{path}, dataset {number}") for number, row in enumerate(rows, 1)
        ),
        _table(Grid, table.get("grid", {}), f"{path}, [grid]"),
        _table(Telling, table.get("report", {}), f"{path}, [report]"),
        _table(Limits, table.get("limits", {}), f"{path}, [limits]"),
        path.parent,
        text,
        _of_type(table.get("note", ""), "", f"{path}: note"),
    )
    _check(experiment, path)
    return experiment


def _table(kind: type[Kind], table: object, where: str) -> Kind:
    if not isinstance(table, dict):
        raise ConfigError(f"{where} must be a table, not {table!r}")
    known = {one.name: one for one in fields(kind)}
    _refuse_unknown(table, tuple(known), where)
    values = {}
    for key, value in table.items():
        one = known[key]
        usual = one.default_factory() if one.default_factory is not MISSING else one.default
        values[key] = _of_type(value, "" if usual is MISSING else usual, f"{where}: {key}")
    missing = [
        name
        for name, one in known.items()
        if one.default is one.default_factory is MISSING and name not in values
    ]
    if missing:
        raise ConfigError(f"{where}: lacks {missing[0]}")
    return kind(**values)


def _refuse_unknown(table: Mapping[str, object], known: Sequence[str], where: str) -> None:
    for key in table:
        if key not in known:
            raise ConfigError(f"{where}: unknown key {key!r}; known: {', '.join(sorted(known))}")


def _of_type(value: Any, usual: Any, where: str) -> Any:
    """The value, of the type of `usual`; lists come as tuples and must hold something."""
    if isinstance(usual, tuple):
        if not isinstance(value, list) or not value:
            raise ConfigError(f"{where} must be a list with something in it, not {value!r}")
        found = tuple(_of_type(one, usual[0], f"{where}, value {n}") for n, one in enumerate(value))
        if len(set(found)) < len(found):
            raise ConfigError(f"{where} names something twice: {value!r}")
        return found
    if isinstance(usual, float) and type(value) is int:
        value = float(value)
    if type(value) is not type(usual):
        raise ConfigError(f"{where} must be of type {type(usual).__name__}, not {value!r}")
    return value


def _check(experiment: Experiment, path: Path) -> None:
    for number, one in enumerate(experiment.datasets, 1):
        _check_dataset(one, f"{path}, dataset {number}")
    for weight in experiment.grid.words_weights:
        if not 0 <= weight <= 1:
            raise ConfigError(f"{path}, [grid]: words_weights are in [0, 1], not {weight}")
    _refuse_unknown(experiment.report.baseline, AXES, f"{path}, [report]: baseline")
    limits = experiment.limits
    if min(limits.images, limits.queries, limits.seed) < 0 or limits.depth < 1:
        raise ConfigError(f"{path}, [limits]: no number may be negative, and depth is 1 or more")


def _check_dataset(one: Dataset, where: str) -> None:
    for key, value, known in (
        ("queries", one.queries, QUERIES),
        ("language", one.language, LANGUAGES),
    ):
        if value not in known:
            raise ConfigError(f"{where}: {key} is one of {', '.join(known)}, not {value!r}")
    judged = one.queries == "judged"
    if judged != bool(one.topics) or judged != bool(one.qrels):
        raise ConfigError(f'{where}: topics and qrels go with queries = "judged", all three')
    if one.captions and one.queries != "captions":
        raise ConfigError(f'{where}: captions go with queries = "captions"')
    if one.queries == "spatial" and one.language != "en":
        raise ConfigError(f"{where}: spatial queries are in English")
