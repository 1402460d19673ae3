"""What a run of low-rank adapters is made of; no torch here, as in `mirada.training.recipe`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from hashlib import sha256
from json import dumps

from mirada.training.recipe import Schedule

SCHEDULE = Schedule(epochs=10, batch=64, rate=2e-4, warmup=0.1, averaging=0.9)


@dataclass(frozen=True, slots=True)
class LoraRecipe:
    """Everything that decides the adapters, besides the base model, images and captions."""

    seed: int = 0
    rank: int = 16
    alpha: int = 32  # the update is scaled by alpha / rank (Hu et al., ICLR 2022)
    dropout: float = 0.05  # before each adapter
    decay: float = 0.01
    smoothing: float = 0.0  # of the labels of InfoNCE
    showings: int = 1  # different captions of an image shown in an epoch, of those it has
    pieces: int = 1  # parts in which a batch is computed; the gradient is that of the whole
    patience: int = 3  # epochs without a better score on the dev set before it stops
    bfloat16: bool = False  # products in bfloat16, weights and losses in float32
    schedule: Schedule = SCHEDULE

    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change with any setting."""
        return sha256(dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]
