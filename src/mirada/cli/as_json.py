"""Results, hits and records as data, ready for `json.dumps`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mirada.search.parsing.as_json import parsed_as_json

if TYPE_CHECKING:
    from mirada.search.results import Results
    from mirada.types import Evidence, Hit, ImageRecord


def results_as_json(results: Results, *, below: bool = False) -> dict[str, Any]:
    """Query, its parse, hits and time; with `below` also the nearest pictures below the cut."""
    shown = {
        "query": str(results.query),
        "parsed": parsed_as_json(results.parsed) if results.parsed else None,
        "hits": [hit_as_json(hit) for hit in results.hits],
        "closest": _closest(results),
        "cut": results.cut,
        "removed": results.removed,
        "recheck": _recheck(results),
        "considered": results.considered,
        "took_ms": round(results.took_ms, 2),
    }
    if below:
        shown["below"] = [hit_as_json(hit) for hit in results.below]
    return shown


def hit_as_json(hit: Hit) -> dict[str, Any]:
    """A hit with its evidence and the whole record behind it."""
    return {
        "path": str(hit.record.path),
        "score": round(hit.score, 6),
        "confidence": _rounded(hit.confidence),
        "again": _rounded(hit.again),
        "rank": hit.rank,
        "evidence": [evidence_as_json(one) for one in hit.evidence],
        **record_as_json(hit.record),
    }


def evidence_as_json(one: Evidence) -> dict[str, Any]:
    """How far a clause is met, and where."""
    return {
        "kind": one.kind,
        "clause": one.clause,
        "degree": round(one.degree, 4),
        "source": one.source,
        "boxes": [
            [round(side, 4) for side in (box.x0, box.y0, box.x1, box.y1)] for box in one.boxes
        ],
    }


def record_as_json(record: ImageRecord) -> dict[str, Any]:
    """A record."""
    return {
        "image_id": record.image_id,
        "paths": [str(file.path) for file in record.files],
        "width": record.width,
        "height": record.height,
        "format": record.format,
        "indexed_at": record.indexed_at.isoformat(),
        "captions": {one.language: one.text for one in record.captions},
        "tags": [tag.name for tag in record.tags if tag.state != "rejected"],
    }


def _closest(results: Results) -> dict[str, Any] | None:
    """The nearest picture and what is wrong with it, where none is an answer."""
    from mirada.search.explain import failed  # noqa: PLC0415 brings numpy
    from mirada.search.wording import closest, fault  # noqa: PLC0415

    hit = closest(results)
    if hit is None:
        return None
    worst = failed(hit.evidence)
    return {
        "path": str(hit.record.path),
        "confidence": _rounded(hit.confidence),
        "failed": evidence_as_json(worst) if worst else None,
        "reason": fault(hit),
    }


def _recheck(results: Results) -> dict[str, Any] | None:
    """Which models looked at how many of the hits again."""
    if results.recheck is None:
        return None
    one = results.recheck
    return {"models": one.models, "pictures": one.pictures, "warnings": one.warnings}


def _rounded(confidence: float | None) -> float | None:
    return None if confidence is None else round(confidence, 4)
