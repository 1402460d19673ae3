"""Queries that one system answers better or worse than the baseline, with what each put first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mirada.experiments.comparing import in_order, judged

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
    gains = [
        _reciprocal(after) - _reciprocal(before)
        for after, before in zip(system.ranks, base.ranks, strict=True)
    ]
    order = sorted(range(len(gains)), key=lambda place: (-gains[place], place))
    wins = [place for place in order if gains[place] > 0][:SHOWN]
    losses = [place for place in reversed(order) if gains[place] < 0][:SHOWN]
    return _told(wins, found, base, system), _told(losses, found, base, system)


def tally(found: Compared, system: Answered) -> tuple[int, int]:
    """How many queries have a right picture earlier, and how many later."""
    base = next(one for one in found.systems if one.system == found.baseline)
    pairs = [
        (_reciprocal(after), _reciprocal(before))
        for after, before in zip(system.ranks, base.ranks, strict=True)
    ]
    return sum(a > b for a, b in pairs), sum(a < b for a, b in pairs)


def _reciprocal(rank: int | None) -> float:
    return 1 / rank if rank else 0.0


def _told(places: Sequence[int], found: Compared, base: Answered, system: Answered) -> list[Change]:
    gallery = found.gallery
    scores = [judged(one.run, gallery) for one in (base, system)]
    told = []
    for place in places:
        query = gallery.queries[place]
        right = gallery.qrels.relevant(query.id)
        before, after = (in_order(one, query.id) for one in scores)
        placed = [one for one in (*after, *before) if one in right]
        firsts = [one[0] if one else None for one in (before, after)]
        told.append(
            Change(
                query.text,
                placed[0] if placed else min(right),
                base.ranks[place],
                system.ranks[place],
                firsts[0],
                firsts[1],
                (firsts[0] in right, firsts[1] in right),
            )
        )
    return told
