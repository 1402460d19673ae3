"""Quality against cost, as SVG to stand in a page: which systems are worth their price."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any, Final

from mirada.errors import ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

INK, MARK, FAINT = "#010203", "#010204", "#010205"  # stand-ins: a page has its own colours
COLOURS: Final = {INK: "currentColor", MARK: "var(--mark)", FAINT: "var(--line)"}
WIDTH, HEIGHT = 4.7, 3.3  # inches of a panel
APART: Final = 13.0  # points between the numbers of dots that lie close


@dataclass(frozen=True, slots=True)
class Dot:
    """One system."""

    number: int  # as a table has it
    cost: float
    quality: float
    low: float  # of the 95% interval
    high: float
    is_baseline: bool


def pareto(dots: Sequence[Dot]) -> list[Dot]:
    """Those that no other beats in quality at the same or a lower cost, cheapest first."""
    kept: list[Dot] = []
    for one in sorted(dots, key=lambda dot: (dot.cost, -dot.quality)):
        if not kept or one.quality > kept[-1].quality:
            kept.append(one)
    return kept


def plot(panels: Sequence[tuple[str, Sequence[Dot]]], quality: str, *, key: str) -> str:
    """Panels side by side as one SVG element.

    Args:
        panels: (name of the cost, the systems) of each.
        quality: name of the measure.
        key: sets the names of its parts apart from those of other plots of the page.

    Raises:
        ModelUnavailable: matplotlib is missing.
    """
    try:
        import matplotlib as mpl  # noqa: PLC0415 0.3 s
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ModelUnavailable("plots need the extra: pip install 'mirada[eval]'") from error
    style: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": key,
        "font.size": 9,
        "text.color": INK,
        "axes.edgecolor": FAINT,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
    }
    with mpl.rc_context(style):
        figure = Figure((WIDTH * len(panels), HEIGHT), layout="constrained")
        axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for place, (axis, (cost, dots)) in enumerate(zip(axes, panels, strict=True)):
            _panel(axis, dots)
            axis.set_xlabel(cost)
            if place == 0:
                axis.set_ylabel(quality)
        svg = StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(svg, format="svg", transparent=True, metadata=nothing)
    return _for_pages(svg.getvalue())


def _panel(axis: Any, dots: Sequence[Dot]) -> None:
    front = pareto(dots)
    axis.plot(
        [dot.cost for dot in front],
        [dot.quality for dot in front],
        color=MARK,
        linewidth=1.2,
        drawstyle="steps-post",
        alpha=0.7,
        zorder=1,
    )
    for dot in dots:
        axis.plot([dot.cost] * 2, [dot.low, dot.high], color=FAINT, linewidth=1.4, zorder=0)
    best = {dot.number for dot in front}
    for dot in dots:
        axis.plot(
            dot.cost,
            dot.quality,
            marker="s" if dot.is_baseline else "o",
            color=MARK if dot.number in best else INK,
            markersize=6,
            zorder=2,
        )
    if min(dot.cost for dot in dots) > 0:
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_formatter("{x:g}" if _is_narrow(dots) else "")
    axis.margins(x=0.14, y=0.08)
    axis.grid(visible=True, color=FAINT, linewidth=0.5, alpha=0.6)
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(which="both", length=0)
    _number(axis, dots)


def _is_narrow(dots: Sequence[Dot]) -> bool:
    """Whether a logarithmic axis would have hardly a tick."""
    costs = [dot.cost for dot in dots]
    return max(costs) < 8 * min(costs)


def _number(axis: Any, dots: Sequence[Dot]) -> None:
    """Write the numbers beside their dots, moved upwards where they would meet."""
    axis.figure.draw_without_rendering()
    taken: list[tuple[float, float]] = []
    for dot in sorted(dots, key=lambda one: one.quality):
        x, y = axis.transData.transform((dot.cost, dot.quality)) * 72 / axis.figure.dpi
        own = y
        while any(abs(x - a) < APART and abs(own - b) < APART * 0.8 for a, b in taken):
            own += 1
        taken.append((x, own))
        axis.annotate(
            str(dot.number),
            (dot.cost, dot.quality),
            (7, own - y),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=INK,
        )


def _for_pages(svg: str) -> str:
    """The element alone, in the colours of the page, with no address in it but its own format's."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)
    for stand_in, colour in COLOURS.items():
        svg = svg.replace(stand_in, colour)
    return svg
