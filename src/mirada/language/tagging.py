"""Which part of speech each word of a text is: the likeliest sequence under a bigram model.

Viterbi, IEEE Trans. Information Theory 1967; costs are -10 ln P, as the lexicon keeps them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.language.parts import Reading
    from mirada.language.words import Lexicon


def likeliest(forms: Sequence[str], lexicon: Lexicon) -> list[Reading]:
    """One reading for each form, in order."""
    if not forms:
        return []
    follows = lexicon.follows
    columns = [lexicon.readings(form) for form in forms]
    starts = follows[""]
    costs = [starts[one.part] + one.cost for one in columns[0]]
    steps: list[list[int]] = []
    for before, column in pairwise(columns):
        step, after = [], []
        for one in column:
            ways = [
                cost + follows[former.part][one.part]
                for cost, former in zip(costs, before, strict=True)
            ]
            best = min(ways)
            step.append(ways.index(best))
            after.append(best + one.cost)
        steps.append(step)
        costs = after
    return _trace(columns, steps, costs.index(min(costs)))


def _trace(
    columns: Sequence[Sequence[Reading]], steps: Sequence[Sequence[int]], last: int
) -> list[Reading]:
    path = [last]
    for step in reversed(steps):
        path.append(step[path[-1]])
    path.reverse()
    return [column[chosen] for column, chosen in zip(columns, path, strict=True)]
