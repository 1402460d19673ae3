"""How the heads of a finished model learn from a few hundred pictures; no torch here."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from hashlib import sha256
from json import dumps

from mirada.training.recipe import Schedule

HEADS, LOW_RANK = "heads", "low-rank"
ADAPT = (HEADS, LOW_RANK)
SCHEDULE = Schedule(60, 128, 4e-4, averaging=0.98)


@dataclass(frozen=True, slots=True)
class OwnRecipe:
    """Everything that decides the weights, besides the model to go on from and the examples."""

    seed: int = 0
    adapt: str = (
        HEADS  # what moves: the weights of both heads, or a product of low rank beside each
    )
    rank: int = 8  # of those products
    held_out: float = 0.2  # share of the pictures that only the verdict sees
    watched: float = 0.125  # share of the rest by which the best epoch is chosen
    crops: int = 4  # parts of each map that are shown besides the whole
    whole: float = 0.5  # chance that the whole is shown
    group: int = 8  # pictures most like each other that come in one batch
    smoothing: float = 0.05  # of the labels
    kin: float = 0.3  # share of a label that goes to texts which say nearly the same
    kin_temperature: float = 0.15  # of the softmax of their cosines
    near: float = 4.0  # weight of staying near the former vectors
    broad: int = 256  # texts on all subjects a step whose vectors are to stay
    blend: float = 0.6  # of the way from the former weights to the learnt ones; see `blend`
    patience: int = 20  # epochs without a better watched part
    schedule: Schedule = SCHEDULE

    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change with any setting."""
        return sha256(dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]
