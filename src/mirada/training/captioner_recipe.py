"""What a training run of the captioner is made of; no torch here, as in `recipe`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from hashlib import sha256
from json import dumps

from mirada.training.recipe import Schedule

KINDS = ("human", "web", "phrase")
"""Of texts: sentences by people, alt texts of the web, and noun phrases of a part of an image."""


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """The shape of the decoder."""

    channels: int = 1280  # of the feature map
    grid: int = 6  # cells a side over which a box is pooled
    width: int = 256
    layers: int = 3
    heads: int = 4
    inner: int = 768
    length: int = 22  # word pieces a text, with one mark; longer ones are not learnt from


SCHEDULE = Schedule(epochs=7, batch=96, rate=2e-3, warmup=0.06, averaging=0.995)
FURTHER = Schedule(epochs=1, batch=96, rate=5e-4, warmup=0.06, averaging=0.99)
REWARD = Schedule(epochs=4, batch=192, rate=3e-4, warmup=0.06, averaging=0.98)


@dataclass(frozen=True, slots=True)
class CaptionerRecipe:
    """Everything that decides the weights, besides the encoder, images and captions."""

    seed: int = 0
    languages: tuple[str, ...] = ("en", "es")
    pieces: int = 5000  # of both languages, with the marks
    decoder: DecoderConfig = DecoderConfig()
    dropout: float = 0.1
    look_dropout: float = 0.1  # of the projected features
    smoothing: float = 0.1  # of the labels
    foreign: float = 0.3  # translated captions shown for each English one
    boxes: int = 2  # boxes of an image shown in an epoch
    mirrored: float = 0.5  # chance that a showing is mirrored
    decay: float = 0.05
    schedule: Schedule = SCHEDULE  # of cross-entropy
    further: Schedule = FURTHER  # the same, where a captioner was trained before
    reward: Schedule = REWARD  # of what follows it
    samples: int = 5  # sentences drawn of an image in each language
    likelihood: float = 0.5  # weight of cross-entropy beside the reward

    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change with any setting."""
        return sha256(dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]
