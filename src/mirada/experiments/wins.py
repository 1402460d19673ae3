"""Queries that one system answers better or worse than the baseline, with what each put first."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.experiments.run import Answered, Compared

SHOWN: Final = 12  # of each


@dataclass(frozen=True, slots=True)
class Change:
    """One query under two systems; ranks count from 1, None where nothing right was found."""

    text: str
    right: str  # image id of a right picture: the best placed one
    before: int | None  # rank under the baseline
    after: int | None
    first_before: str | None  # image id that the baseline put first
    first_after: str | None
    right_first: tuple[bool, bool]  # whether what the baseline and the system put first is right


def changes(found: Compared, system: Answered) -> tuple[list[Change], list[Change]]:
    """The most telling wins and losses of a system, by the reciprocal rank of what is right."""
    base = next(one for one in found.systems if one.system == found.baseline)
    gains = (1 / system.ranks - 1 / base.ranks).tolist()
    order = sorted(range(len(gains)), key=lambda place: (-gains[place], place))
    wins = [place for place in order if gains[place] > 0][:SHOWN]
    losses = [place for place in reversed(order) if gains[place] < 0][:SHOWN]
    return _told(wins, found, base, system), _told(losses, found, base, system)


def tally(found: Compared, system: Answered) -> tuple[int, int]:
    """How many queries have a right picture earlier, and how many later."""
    base = next(one for one in found.systems if one.system == found.baseline)
    before, after = base.ranks, system.ranks
    return int((after < before).sum()), int((after > before).sum())


def _told(places: Sequence[int], found: Compared, base: Answered, system: Answered) -> list[Change]:
    gallery = found.gallery
    told = []
    for place in places:
        query = gallery.queries[place]
        right = gallery.qrels.relevant(query.id)
        before, after = (one.run.ranking(query.id) for one in (base, system))
        placed = [one for one in (*after, *before) if one in right]
        firsts = [one[0] if one else None for one in (before, after)]
        told.append(
            Change(
                query.text,
                placed[0] if placed else min(right),
                _shown(base.ranks[place]),
                _shown(system.ranks[place]),
                firsts[0],
                firsts[1],
                (firsts[0] in right, firsts[1] in right),
            )
        )
    return told


def _shown(rank: float) -> int | None:
    return int(rank) if isfinite(rank) else None
