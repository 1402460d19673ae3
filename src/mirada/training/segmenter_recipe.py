"""What a training run of the segmenter is made of; no torch here, as in `recipe`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from hashlib import sha256
from json import dumps

from mirada.training.recipe import Schedule

SCHEDULE = Schedule(epochs=7, batch=16, rate=2e-3, warmup=0.1, averaging=0.99)


@dataclass(frozen=True, slots=True)
class SegmenterRecipe:
    """Everything that decides the weights, besides the encoder, images and boxes."""

    seed: int = 0
    width: int = 20  # what is kept of each cell
    hidden: int = 56
    dropout: float = 0.2  # of the channels of a map
    sampled: int = 400  # boxes of the lattice that stand for all in a step
    sharpness: float = 0.05  # of the sharing of a thing among boxes, in IoU
    prior_sharpness: float = 0.1
    decay: float = 1e-3
    schedule: Schedule = SCHEDULE

    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change with any setting."""
        return sha256(dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]
