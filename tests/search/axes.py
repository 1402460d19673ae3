"""A world of six things, each on an axis of its own: pictures and texts lie where they say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.search.searcher import Searcher
from mirada.testing import record_of, unit
from mirada.types import Box, Calibration, Caption, Grounding, Region, Swatch
from mirada.vocabulary.entries import Entry, Vocabulary
from mirada.vocabulary.learnt import Learnt, Mixing
from mirada.vocabulary.presence import Presence
from tests.store.list_store import ListStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from mirada.search.rank import Constants
    from mirada.search.results import Results
    from mirada.types import ImageRecord, Matrix, Vector

THINGS: Final = ("dog", "cat", "man", "beach", "car", "else")  # "else": all other words
DIM: Final = len(THINGS)
AXES: Final = np.eye(DIM, dtype=np.float32)
LEFT, MIDDLE, RIGHT = (Box(x, 0.4, x + 0.2, 0.6) for x in (0.0, 0.4, 0.8))
UNTAUGHT: Final = Grounding(
    **dict.fromkeys(("text", "region", "whole"), np.zeros((DIM, 1), np.float32)),
    shape=np.zeros((6, DIM), np.float32),
    favour=np.zeros(DIM, np.float32),
    sharpness=10.0,
    distractors=AXES[-1:],
    scale=1.0,
    offset=-5.0,
)
"""A region on the axis of a text shows it with .993, one on another axis with .007."""


class PlainEncoder:
    """Puts a text on the axes of the things that it names; nothing judges how near is near."""

    name = "axes/1"
    dim = DIM
    image_size = 16

    def encode_images(self, images: Sequence[Image]) -> Matrix:
        raise AssertionError("these searches look at no picture")

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        return np.stack([on(*text.split()) for text in texts]) if texts else AXES[:0]


class AxesEncoder(PlainEncoder):
    """The same, with what turns nearness into chances."""

    calibration = Calibration(AXES[-1:], temperature=0.1, scale=10.0, offset=-4.0, prior=0.1)
    grounding = UNTAUGHT


def on(*words: str) -> Vector:
    """Between the axes of the things among the words; without any, on the last axis."""
    known = [THINGS.index(one.rstrip("s")) for one in words if one.rstrip("s") in THINGS]
    return unit(*AXES[known or [DIM - 1]].sum(0))


def part(thing: str, box: Box = MIDDLE, colour: str | None = None) -> Region:
    return Region(box, on(thing), 0.9, palette=(Swatch(colour, 0.6),) if colour else ())


def picture(name: str, *parts: Region, whole: str = "", caption: str = "") -> Picture:
    """A picture that shows some parts; `whole` says where its own vector lies, else they do."""
    made = sum(one.vector for one in parts) if parts and not whole else on(*whole.split())
    captions = (Caption(caption, "en", 0.9),) if caption else ()
    return replace(record_of(name), regions=parts, captions=captions), unit(*made)


Picture = tuple["ImageRecord", "Vector"]


def store_of(*pictures: Picture) -> ListStore:
    store = ListStore(encoder=PlainEncoder.name, dim=DIM)
    store.put([record for record, _ in pictures], np.stack([vector for _, vector in pictures]))
    return store


def learnt() -> Learnt:
    """Dog, cat and man are learnt, each by its axis; other things are judged by their text."""
    pairs = [AXES[i] + 0.4 * AXES[j] for i in range(DIM) for j in range(DIM) if i != j]
    return Learnt(
        encoder=PlainEncoder.name,
        keys=tuple(one.key for one in vocabulary().entries),
        weights=10 * AXES[:3],
        offsets=np.full(3, -5, np.float32),
        scale=10.0,
        bend=np.zeros((DIM, DIM), np.float32),
        reference=np.stack([unit(*pair) for pair in pairs]),
        prior=0.2,
        mixing=Mixing((1.0, 0.0), 0.5, 0.5, 0.0, (1.0, 0.0, 0.0), 0.5, 0.5),
    )


def vocabulary() -> Vocabulary:
    kinds = {"dog": "animal", "cat": "animal", "man": "person"}
    return Vocabulary(tuple(Entry(name, kind, "") for name, kind in kinds.items()), "abc")


def presence() -> Presence:
    return Presence(vocabulary(), learnt())


def searcher_of(*pictures: Picture, constants: Constants | None = None) -> Searcher:
    return Searcher(store_of(*pictures), AxesEncoder(), presence(), constants)


def names(results: Results) -> list[str]:
    return [hit.record.path.name for hit in results]


def names_below(results: Results) -> list[str]:
    return [hit.record.path.name for hit in results.below]
