"""How far candidate texts agree: what most of them say is likelier to be right.

Minimum Bayes risk among candidates (Kumar & Byrne, NAACL 2004), their words taken for the measure:
on dev, runs of several words chose no better.
"""

from __future__ import annotations

from collections import Counter
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


def agreement(texts: Sequence[str]) -> NDArray[np.float32]:
    """(n,) mean cosine of the words of each text with the others', in [0, 1]; 0 for one alone."""
    counted = [Counter(text.split()) for text in texts]
    found = np.zeros(len(texts), np.float32)
    for place, one in enumerate(counted):
        others = counted[:place] + counted[place + 1 :]
        if others:
            found[place] = sum(_cosine(one, other) for other in others) / len(others)
    return found


def _cosine(one: Mapping[str, int], other: Mapping[str, int]) -> float:
    shared = sum(count * other[word] for word, count in one.items() if word in other)
    squares = sum(n * n for n in one.values()) * sum(n * n for n in other.values())
    return shared / sqrt(squares) if shared else 0.0
