"""Small tables of numbers in four bits each: rows of weights, stored an eighth as large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_MOST = 7  # steps on either side of nought


@dataclass(frozen=True, slots=True)
class Packed:
    """A table of (rows, columns), columns even: two numbers to a byte, a scale for each row."""

    nibbles: NDArray[np.uint8]  # (rows, columns / 2)
    scales: NDArray[np.float32]  # (rows,)

    def unpack(self) -> NDArray[np.float32]:
        """(rows, columns) numbers."""
        high, low = self.nibbles >> 4, self.nibbles & 15
        steps = np.stack([high, low], axis=-1).reshape(len(self.nibbles), -1)
        return np.asarray((steps.astype(np.float32) - 8) * self.scales[:, None], np.float32)

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """To be stored under names that start with `name`."""
        return {f"{name}_nibbles": self.nibbles, f"{name}_scales": self.scales}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]], name: str) -> Packed:
        """What `arrays` has given; raises KeyError where it is missing."""
        return cls(arrays[f"{name}_nibbles"], arrays[f"{name}_scales"].astype(np.float32))


def pack(table: NDArray[np.float32]) -> Packed:
    """The nearest of 15 steps for each number; the scale of a row is that with the least error."""
    most = np.abs(table).max(1, keepdims=True) + 1e-12
    best = np.full(len(table), np.inf)
    scales = np.zeros(len(table), np.float32)
    for share in np.linspace(0.4, 1, 25):  # to cut off the ends pays: most numbers are small
        scale = (most * share / _MOST).astype(np.float32)
        error = ((_steps(table, scale) * scale - table) ** 2).sum(1)
        scales = np.where(error < best, scale[:, 0], scales).astype(np.float32)
        best = np.minimum(error, best)
    steps = (_steps(table, scales[:, None]) + 8).astype(np.uint8)
    return Packed(np.asarray(steps[:, ::2] * 16 + steps[:, 1::2], np.uint8), scales)


def _steps(table: NDArray[np.float32], scale: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.clip(np.round(table / scale), -_MOST, _MOST), np.float32)
