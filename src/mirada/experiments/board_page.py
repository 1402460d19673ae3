"""A leaderboard as one HTML page that needs no other file and no network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirada.experiments.frame import page, table
from mirada.experiments.leaderboard import measures_of
from mirada.experiments.wording import COSTS, UNKNOWN, cost, points, span
from mirada.show.html import element, join

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.experiments.leaderboard import Board, Entry
    from mirada.show.html import Html

TITLE = "Leaderboard"


def board_page(boards: Sequence[Board], measure: str | None) -> str:
    """The page; each board is a table of its own, sorted as it is."""
    told = (
        "Systems stand in one table only where they answered the same queries on the same"
        " pictures. Measures are in hundredths, with 95% intervals; whether one system is surely"
        " better than another is told by a report that holds both."
    )
    head = element("header", element("h1", TITLE), element("p", told, class_="dim"))
    return page(TITLE, join(head, *(_board(one, measure) for one in boards)))


def _board(board: Board, measure: str | None) -> Html:
    measures = measures_of(board, measure)
    rows = [_row(number, one, measures) for number, one in enumerate(board.entries, 1)]
    digests = f"pictures {board.images_digest[:12]}, queries {board.queries_digest[:12]}"
    return element(
        "section",
        element("h2", board.name),
        element(
            "p",
            f"{board.images:,} pictures, {board.queries:,} queries. Digests: {digests}.",
            class_="dim",
        ),
        table(["system", *measures, *COSTS.values()], rows, class_="board"),
    )


def _row(number: int, entry: Entry, measures: Sequence[str]) -> list[Html | str]:
    name = join(
        element("span", str(number), class_="no"),
        entry.system,
        element("small", f"{entry.report}, {entry.made_at[:10]}"),
    )
    first, *others = measures
    return [
        name,
        join(value(entry, first), element("small", span(entry.measures[first])))
        if first in entry.measures
        else UNKNOWN,
        *(value(entry, one) for one in others),
        *(cost(entry.costs, one) for one in COSTS),
    ]


def value(entry: Entry, measure: str) -> str:
    """A measure of a system."""
    own = entry.measures.get(measure)
    return points(own["mean"]) if own else UNKNOWN
