"""What a training run of the grounding is made of; no torch here, as in `recipe`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from hashlib import sha256
from json import dumps

from mirada.training.recipe import Schedule

SCHEDULE = Schedule(epochs=3, batch=64, rate=2e-3, warmup=0.05, averaging=0.98)


@dataclass(frozen=True, slots=True)
class GroundingRecipe:
    """Everything that decides the weights, besides the encoder, images and boxes."""

    seed: int = 0
    languages: tuple[str, ...] = ("en", "es")
    rank: int = 64
    decay: float = 0.3
    sharpness: float = 12.0  # of the dot product, at the start
    moved: float = 0.5  # share of boxes shown as a proposal might have them
    copies: int = 2  # such boxes for each that a person drew
    phrases: float = 0.5  # share of boxes called by a phrase and not by their label
    bare: float = 0.3  # share of texts without their article
    foreign: float = 0.3  # share of texts in Spanish
    wider: float = 0.2  # share of labels in place of which a wider word stands: a man is a person
    beside: int = 6  # other boxes of each image in a batch, which no text means
    pool: int = 8  # from which these are drawn
    inside: float = 1.0  # weight of telling a text's box among those of its own image
    schedule: Schedule = SCHEDULE

    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change with any setting."""
        return sha256(dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]
