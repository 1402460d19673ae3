"""Which candidate to take for each phrase so that all clauses together are met best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Clause:
    """What a relation adds to the score for every choice of candidates."""

    phrases: tuple[int, ...]  # two or three different ones
    table: NDArray[np.float64]  # (images, candidates, ...), an axis for each phrase, in order


def best_match(
    single: NDArray[np.float64], clauses: Sequence[Clause], *, states: int
) -> NDArray[np.intp]:
    """(images, phrases) candidate of each phrase that together give the largest sum.

    Phrases that no clause joins are matched apart. Phrases joined are taken one after the other,
    and after each the best `states` partial matches are kept. As long as (candidates)^(n - 1) is
    not more than that, the result for n joined phrases is the exact maximum.

    Args:
        single: (phrases, images, candidates) what each candidate gives by itself.
        clauses: what pairs and triples of them give.
        states: partial matches kept for an image.
    """
    picks = np.zeros((single.shape[1], len(single)), np.intp)
    for group in joined(len(single), clauses):
        own = [clause for clause in clauses if clause.phrases[0] in group]
        picks[:, group] = _match_group(single[group], [_within(one, group) for one in own], states)
    return picks


def joined(phrases: int, clauses: Sequence[Clause]) -> list[list[int]]:
    """The phrases in groups joined by clauses, in an order in which each meets an earlier one."""
    groups: list[list[int]] = []
    left = list(range(phrases))
    while left:
        group = [left.pop(0)]
        for known in group:  # grows while it is read
            near = {one for clause in clauses if known in clause.phrases for one in clause.phrases}
            group += sorted(near.intersection(left))
            left = [one for one in left if one not in near]
        groups.append(group)
    return groups


def _within(clause: Clause, group: Sequence[int]) -> Clause:
    """The clause with the places of its phrases in the group, its axes by rising place."""
    places = [group.index(one) for one in clause.phrases]
    order = np.argsort(places)
    table = clause.table.transpose(0, *(int(axis) + 1 for axis in order))
    return Clause(tuple(sorted(places)), table)


def _match_group(
    single: NDArray[np.float64], clauses: Sequence[Clause], states: int
) -> NDArray[np.intp]:
    """(images, phrases) for one group, whose phrases are numbered in the order of `single`."""
    _, images, candidates = single.shape
    rows = np.arange(images)[:, None]
    values = single[0]
    picks = np.arange(candidates).reshape(1, 1, -1).repeat(images, 0)  # (phrases, states) each
    for phrase, own in enumerate(single[1:], 1):
        if values.shape[1] > states:
            kept = np.argpartition(-values, states - 1, axis=1)[:, :states]
            values, picks = values[rows, kept], np.take_along_axis(picks, kept[:, None], 2)
        wider = values[:, :, None] + own[:, None, :]
        for clause in clauses:
            *earlier, last = clause.phrases
            if last == phrase:
                wider += clause.table[(rows, *(picks[:, one] for one in earlier))]
        values = wider.reshape(images, wider.shape[1] * candidates)
        added = np.arange(candidates).reshape(1, 1, -1).repeat(images, 0)
        picks = np.concatenate(
            [picks.repeat(candidates, 2), np.tile(added, (1, 1, wider.shape[1]))], axis=1
        )
    best = values.argmax(1)
    return np.asarray(picks[np.arange(images), :, best])
