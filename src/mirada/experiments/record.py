"""The record of an experiment, as JSON: all that a report tells, and what it rests on."""

from __future__ import annotations

import platform
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mirada.experiments.gallery import located
from mirada.experiments.grid import label_of
from mirada.indexing.indexer import available_cores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.evaluation.compared import Measured
    from mirada.experiments.run import Answered, Bench, Compared

FORMAT: Final = 1
LIBRARIES: Final = ("mirada", "ir-measures", "matplotlib", "numpy", "onnxruntime", "pylance")
DIGITS: Final = 6

Record = dict[str, Any]


def record_of(bench: Bench, found: Sequence[Compared]) -> Record:
    """Everything that was found, and the circumstances."""
    experiment = bench.experiment
    return {
        "format": FORMAT,
        "name": experiment.name,
        "note": experiment.note,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "measures": list(experiment.report.measures),
        "limits": asdict(experiment.limits),
        "toml": experiment.text,
        "versions": {"python": platform.python_version(), **_versions()},
        "machine": machine(),
        "left_out": [{**one.system.settings, "why": one.why} for one in bench.left_out],
        "galleries": [_gallery(one, bench) for one in found],
    }


def brief(record: Record) -> Record:
    """The record without what it tells of each query."""
    galleries = [
        {
            **{key: value for key, value in gallery.items() if key != "asked"},
            "systems": [
                {key: value for key, value in one.items() if key not in ("values", "ranks", "run")}
                for one in gallery["systems"]
            ],
        }
        for gallery in record["galleries"]
    ]
    return {**record, "galleries": galleries}


def machine() -> dict[str, Any]:
    """What it ran on, without its name."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": available_cores(),
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def _gallery(found: Compared, bench: Bench) -> Record:
    gallery = found.gallery
    number = bench.galleries.index(gallery)
    dataset = asdict(bench.experiment.datasets[number])
    return {
        "name": gallery.name,
        "dataset": {
            **dataset,
            "folder": located(dataset["folder"], bench.experiment.folder).resolve().name,
        },
        "images": len(gallery.images),
        "queries": len(gallery.queries),
        "images_digest": gallery.images_digest,
        "queries_digest": gallery.queries_digest,
        "judged_only": gallery.judged_only,
        "baseline": label_of(found.baseline, bench.systems),
        "systems": [_system(one, bench) for one in found.systems],
        "asked": [asdict(query) for query in gallery.queries],
    }


def _system(one: Answered, bench: Bench) -> Record:
    models = {
        role: {
            "asked": model.asked,
            "name": model.name,
            "digest": model.digest,
            "bytes": model.size,
        }
        for role, model in one.seeing.models.items()
    }
    return {
        "label": label_of(one.system, bench.systems),
        "settings": one.system.settings,
        "models": models,
        "measures": {name: _measured(own) for name, own in one.measured.items()},
        "costs": _costs(one),
        "values": {name: _rounded(own.tolist()) for name, own in one.values.items()},
        "ranks": [int(rank) if isfinite(rank) else None for rank in one.ranks],
        "run": one.run.name,
    }


def _measured(own: Measured) -> Record:
    told: Record = _rounded(asdict(own.mean))
    if own.difference is not None:
        apart = own.difference
        told["difference"] = {
            **_rounded(asdict(apart.interval)),
            "p": apart.p,
            "holm": apart.corrected,
        }
    return told


def _costs(one: Answered) -> Record:
    """Of looking at a picture, of a query, and of keeping both; None where it is not known."""
    sizes = [model.size for model in one.seeing.models.values()]
    peaks = [kept["peak_memory"] for kept in (one.indexing, one.searching) if kept["peak_memory"]]
    images = one.indexing["images"] or 1
    return {
        "seconds_a_picture": one.indexing["seconds_a_picture"],
        "milliseconds_a_query": one.searching["milliseconds"],
        "index_bytes_a_picture": (one.indexing["bytes"] or 0) / images,
        "peak_memory": max(peaks, default=None),
        "model_bytes": None if None in sizes else sum(size or 0 for size in sizes),
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return value
