"""Images and texts of a dataset to vectors: what is kept is not encoded again."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import numpy as np

from mirada.evaluation.kept import Maker, kept_arrays, key_of
from mirada.protocols import Digested

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.evaluation.kept import Kept
    from mirada.protocols import Encoder
    from mirada.types import Matrix, Vector

Input = TypeVar("Input")

THREADS: Final = os.cpu_count() or 1
TEXTS_A_CALL: Final = 64
TIMED: Final = 2  # calls a thread whose time tells how long the others will take
PORTION: Final = 512  # inputs after which what was made is kept: an interrupted run goes on there
PIXELS: Final = "pixels/1"
"""Revision of all that lies between the bytes of an image and the encoder: raise it with them."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What encoding took."""

    kept: int  # inputs whose vector was kept from before, or that came twice
    made: int  # inputs encoded now
    seconds: float  # wall time of encoding those
    a_second: float | None  # inputs, once the model is loaded; None where too few were encoded


@dataclass(frozen=True, slots=True)
class Encoded:
    """Vectors of some inputs, in their order."""

    rows: Matrix  # (n, dim) of unit length
    cost: Cost


@dataclass(frozen=True, slots=True)
class Telling:
    """What hears of progress."""

    advance: Callable[[int], None] = lambda _: None  # inputs done since the last call
    tell: Callable[[str], None] = lambda _: None  # how much there is to do, once


SILENT: Final = Telling()


def encode_images(
    encoder: Encoder, images: Sequence[CaptionedImage], telling: Telling = SILENT
) -> Encoded:
    """Each image decoded and encoded in one of as many threads as cores.

    Vectors are kept for encoders that are `Digested`: others may change without a sign.

    Raises:
        DatasetError: an image is missing or cannot be decoded.
    """

    def some(chosen: Sequence[CaptionedImage]) -> Matrix:
        return encoder.encode_images([image.open(encoder.image_size) for image in chosen])

    facts = PIXELS, f"pillow {version('pillow')}"  # which decodes
    work = _Work(encoder, "images", facts, some, 1)
    return work.run(images, [key_of(image.source.read()) for image in images], telling)


def encode_texts(encoder: Encoder, texts: Sequence[str], telling: Telling = SILENT) -> Encoded:
    """Each text, in as many threads as cores; kept as those of `encode_images`."""
    work = _Work(encoder, "texts", (), encoder.encode_texts, TEXTS_A_CALL)
    return work.run(texts, [key_of(text) for text in texts], telling)


@dataclass(frozen=True, slots=True)
class _Work(Generic[Input]):
    """One kind of input through one encoder."""

    encoder: Encoder
    kind: str
    facts: tuple[str, ...]
    make: Callable[[Sequence[Input]], Matrix]
    together: int  # inputs a call

    def run(self, inputs: Sequence[Input], keys: Sequence[str], telling: Telling) -> Encoded:
        kept = self._kept()
        known: dict[str, Vector] = kept.find(keys) if kept else {}
        given = zip(keys, inputs, strict=True)
        missing = list({key: one for key, one in given if key not in known}.items())
        telling.advance(len(keys) - len(missing))
        times = []
        for start, stop in (spans := _spans(len(missing), self.together)):
            made, seconds = self._make(missing[start:stop], telling)
            known |= made
            if kept:
                kept.keep(made)
            times.append(seconds)
            if len(times) == 2 < len(spans):
                left = seconds / (stop - start) * (len(missing) - stop)
                telling.tell(f"{len(missing):,} {self.kind} to encode, about {_spoken(left)}")
        rows = np.array([known[key] for key in keys], np.float32).reshape(-1, self.encoder.dim)
        loaded = len(missing) - spans[0][1] if len(spans) > 1 else 0
        rate = loaded / sum(times[1:]) if loaded else None
        return Encoded(rows, Cost(len(keys) - len(missing), len(missing), sum(times), rate))

    def _kept(self) -> Kept[Vector] | None:
        if not isinstance(self.encoder, Digested):
            return None
        facts = self.encoder.digest, *self.facts
        return kept_arrays(Maker(f"{self.encoder.name} {self.kind}", facts))

    def _make(
        self, some: Sequence[tuple[str, Input]], telling: Telling
    ) -> tuple[dict[str, Vector], float]:
        """Vectors by key, and the seconds that they took."""

        def call(chosen: Sequence[tuple[str, Input]]) -> Matrix:
            rows = self.make([one for _, one in chosen])
            telling.advance(len(chosen))
            return rows

        calls = [some[at : at + self.together] for at in range(0, len(some), self.together)]
        started = time.perf_counter()
        with ThreadPoolExecutor(THREADS) as pool:
            made = [row for rows in pool.map(call, calls) for row in rows]
        seconds = time.perf_counter() - started
        return {key: row for (key, _), row in zip(some, made, strict=True)}, seconds


def _spans(count: int, together: int) -> list[tuple[int, int]]:
    """Spans over so many inputs: one call that loads the model, some to be timed, the rest."""
    timed = together * (1 + TIMED * THREADS)
    marks = [0, *(mark for mark in (together, timed) if mark < count)]
    marks = [*marks, *range(timed + PORTION, count, PORTION), count]
    return [(start, stop) for start, stop in pairwise(marks) if start < stop]


def _spoken(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
