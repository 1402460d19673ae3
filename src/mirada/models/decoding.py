"""Writes texts piece by piece: several different ones for each box, all of them in one batch.

Diverse beam search (Vijayakumar et al., AAAI 2018) with one text in each group: a text avoids the
pieces that the texts before it chose at the same step. Nothing is drawn by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DIVERSITY = 0.8  # taken from the log probability of a piece for each earlier text that chose it
LENGTH_POWER = 0.7  # of the length by which log probabilities are divided to compare texts
NEVER = -1e9  # log probability of what may not come


class Writer(Protocol):
    """Says what comes next in many texts."""

    def begin(self, owners: NDArray[np.int64]) -> None:
        """Start one text for each of these boxes; (n,) places of boxes."""
        ...

    def step(self, ids: NDArray[np.int64], parents: NDArray[np.int64]) -> NDArray[np.float32]:
        """(n, pieces) logits of the next piece.

        Args:
            ids: (n,) last piece of each text.
            parents: (n,) which text of the step before each of them goes on.
        """
        ...


@dataclass(frozen=True, slots=True)
class Rules:
    """What texts may hold."""

    end: int  # the piece that ends a text
    banned: tuple[int, ...]  # pieces that no text may hold
    length: int  # most pieces, with mark and end


@dataclass(slots=True)
class _Text:
    """A text being written."""

    owner: int  # its box
    group: int  # texts of the same box choose in this order
    ids: list[int]  # with the mark, without the end
    total: float = 0.0  # log probability
    ended: bool = False

    @property
    def likelihood(self) -> float:
        """By which texts of different lengths can be compared."""
        return float(self.total / len(self.ids) ** LENGTH_POWER)


def write(
    writer: Writer, marks: Sequence[int], candidates: Sequence[int], rules: Rules
) -> list[list[tuple[int, ...]]]:
    """Different texts for each box, likeliest first, without mark and end.

    Args:
        writer: of the boxes.
        marks: first piece for the texts of each box.
        candidates: wanted for each box, at most.
        rules: of the vocabulary.
    """
    boxes = len(marks)
    texts = [
        _Text(box, group, [marks[box]]) for box in range(boxes) for group in range(candidates[box])
    ]
    writer.begin(np.array([text.owner for text in texts], np.int64))
    alive, parents = texts, np.arange(len(texts))
    for _ in range(rules.length - 1):
        logits = writer.step(np.array([text.ids[-1] for text in alive], np.int64), parents)
        _go_on(_log_softmax(logits), alive, boxes, rules)
        parents = np.array([row for row, text in enumerate(alive) if not text.ended], np.int64)
        alive = [alive[row] for row in parents]
        if not alive:
            break
    return [_best([text for text in texts if text.owner == box]) for box in range(boxes)]


def _go_on(logs: NDArray[np.float32], texts: Sequence[_Text], boxes: int, rules: Rules) -> None:
    """Add a piece to each text, group by group; `logs` is (n, pieces)."""
    taken = np.zeros((boxes, logs.shape[1]), np.float32)
    ended: set[tuple[int, ...]] = set()
    for row in sorted(range(len(texts)), key=lambda row: texts[row].group):
        text = texts[row]
        scores = logs[row] - DIVERSITY * taken[text.owner]
        scores[_forbidden(text, rules, ended)] = NEVER
        piece = int(scores.argmax())
        taken[text.owner, piece] += 1
        text.total += float(logs[row, piece])
        if piece == rules.end:
            text.ended = True
            ended.add((text.owner, *text.ids))
        else:
            text.ids.append(piece)


def _forbidden(text: _Text, rules: Rules, ended: set[tuple[int, ...]]) -> list[int]:
    """Marks, the same two pieces a second time, nothing at all, and what another text says.

    A text of as many pieces ends at the same step, so `ended` need not reach further back.
    """
    last = text.ids[-1]
    again = [after for one, after in pairwise(text.ids) if one == last]
    too_soon = len(text.ids) == 1 or (text.owner, *text.ids) in ended
    return [*rules.banned, *again, last, *([rules.end] if too_soon else [])]


def _best(texts: Sequence[_Text]) -> list[tuple[int, ...]]:
    ranked = sorted(texts, key=lambda text: (-text.likelihood, text.ids))
    return list(dict.fromkeys(tuple(text.ids[1:]) for text in ranked))


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    shifted = logits - logits.max(axis=1, keepdims=True)
    total = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return np.asarray(shifted - total, np.float32)
