"""Numbers of a report in words, as its pages in HTML and in Markdown have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirada.experiments.record import Record

UNKNOWN: Final = "–"
LEVEL: Final = 0.05  # corrected p-value from which a difference is one

COSTS: Final = {
    "pictures_a_second": "pictures/s",
    "milliseconds_a_query": "ms a query",
    "index_bytes_a_picture": "index, KB a picture",
    "peak_memory": "peak memory, MB",
    "model_bytes": "models, MB",
}
"""Cost -> what heads its column."""


def points(value: float) -> str:
    """A share in hundredths."""
    return f"{100 * value:.1f}"


def signed(value: float) -> str:
    """A difference of shares in hundredths, with its sign."""
    return f"{100 * value:+.1f}".replace("-", "−")


def span(measure: Mapping[str, float]) -> str:
    """A 95% interval."""
    return f"[{points(measure['low'])}, {points(measure['high'])}]".replace("-", "−")


def difference(measure: Mapping[str, Any]) -> str:
    """What sets a system apart from the baseline, such as "+3.1 [0.4, 5.8], p = .021"."""
    apart = measure.get("difference")
    if apart is None:
        return "the baseline"
    return f"{signed(apart['mean'])} {span(apart)}, {chance(apart['holm'])}"


def chance(p: float) -> str:
    """A p-value."""
    if p < 0.001:
        return "p < .001"
    return f"p = {p:.3f}".replace("0.", ".", 1) if p < 1 else "p = 1"


def differs(measure: Mapping[str, Any]) -> int:
    """1 for a system that is surely better than the baseline, -1 for worse, 0 for neither."""
    apart = measure.get("difference")
    if apart is None or apart["holm"] > LEVEL:
        return 0
    return 1 if apart["mean"] > 0 else -1


def cost(costs: Mapping[str, float | None], name: str) -> str:
    """A cost in the unit of its column."""
    if name == "pictures_a_second":
        seconds = costs["seconds_a_picture"]
        return f"{1 / seconds:.1f}" if seconds else UNKNOWN
    value = costs[name]
    if value is None:
        return UNKNOWN
    scale = {"index_bytes_a_picture": 1e3, "peak_memory": 1e6, "model_bytes": 1e6}.get(name, 1)
    return f"{value / scale:,.1f}" if value / scale < 100 else f"{value / scale:,.0f}"


def verdict(gallery: Record, measure: str) -> str:
    """Which system is the best one and whether that can be believed."""
    systems = gallery["systems"]
    best = max(systems, key=lambda one: one["measures"][measure]["mean"])
    own = best["measures"][measure]
    start = f"Highest {measure}: {best['label']}, {points(own['mean'])} {span(own)}"
    if "difference" not in own:
        return f"{start}, which is the baseline: nothing that was tried is better."
    told = f"{start}; {difference(own)} against the baseline, {gallery['baseline']}."
    if differs(own) > 0:
        return told
    return f"{told} That may be chance."


def asked(gallery: Record) -> str:
    """What was searched, and how often."""
    told = f"{gallery['images']:,} pictures, {gallery['queries']:,} queries"
    return f"{told}; pictures that nobody judged do not count" if gallery["judged_only"] else told


HOW: Final = (
    "Measures are means over all queries, in hundredths, with 95% bootstrap intervals; a query"
    " without an answer counts as 0. Differences are to the baseline, over the same queries; p is"
    " of a paired randomisation test, corrected for the number of systems (Holm) within each"
    " measure. Queries of one picture are drawn and flipped together. Costs are those of the"
    " machine named below, with whatever else it did; peak memory is that of the whole process."
)
