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


@dataclass(frozen=True, slots=True)
class Match:
    """The best choice of candidates in every image, and what all choices are worth together."""

    picks: NDArray[np.intp]  # (images, phrases) candidate of each phrase in the best choice
    all: NDArray[np.float64]  # (images,) logarithm of the summed exponentials of all choices


def best_match(single: NDArray[np.float64], clauses: Sequence[Clause], *, states: int) -> Match:
    """The candidates that together give the largest sum, and the sum over all choices.

    Phrases that no clause joins are matched apart. Phrases joined are taken one after the other,
    and after each the best `states` partial matches are kept. As long as candidates^(n - 1) is not
    more than that, the result for n joined phrases is the exact maximum.

    Args:
        single: (phrases, images, candidates) what each candidate gives by itself.
        clauses: what pairs and triples of them give.
        states: partial matches kept for an image.
    """
    picks = np.zeros((single.shape[1], len(single)), np.intp)
    together = np.zeros(single.shape[1])
    for group in joined(len(single), clauses):
        own = [clause for clause in clauses if clause.phrases[0] in group]
        found = _match_group(single[group], [_within(one, group) for one in own], states)
        picks[:, group] = found.picks
        together += found.all
    return Match(picks, together)


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


def _match_group(single: NDArray[np.float64], clauses: Sequence[Clause], states: int) -> Match:
    """For one group, whose phrases are numbered in the order of `single`."""
    _, images, candidates = single.shape
    rows = np.arange(images)[:, None]
    values, picks = np.zeros((images, 1)), np.zeros((images, 0, 1), np.intp)  # of each state
    for phrase, own in enumerate(single):
        wider = values[:, :, None] + own[:, None, :]
        for clause in clauses:
            *earlier, last = clause.phrases
            if last == phrase:
                wider += clause.table[(rows, *(picks[:, one] for one in earlier))]
        flat = wider.reshape(images, wider.shape[1] * candidates)
        kept = _largest(flat, 1 if phrase == len(single) - 1 else states)
        state, candidate = np.divmod(kept, candidates)
        values = np.take_along_axis(flat, kept, 1)
        picks = np.concatenate(
            [np.take_along_axis(picks, state[:, None], 2), candidate[:, None]], axis=1
        )
    return Match(picks[:, :, 0], _log_sum(flat))


def _log_sum(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(images,) logarithm of the summed exponentials of each row."""
    top = values.max(1, keepdims=True)
    return np.asarray(top[:, 0] + np.log(np.exp(values - top).sum(1)))


def _largest(values: NDArray[np.float64], limit: int) -> NDArray[np.intp]:
    """(images, up to `limit`) places of the largest values of each row; the first of equals."""
    if limit == 1:
        return np.asarray(values.argmax(1)[:, None])
    if values.shape[1] <= limit:
        return np.tile(np.arange(values.shape[1]), (len(values), 1))
    return np.asarray(np.argpartition(-values, limit - 1, axis=1)[:, :limit])
