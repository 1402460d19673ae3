"""What the grounding learns from: boxes with their vectors, labels and names, drawn in batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mirada.models.boxes import box_of, corners, iou
from mirada.search.grounding import shapes
from mirada.training.captioner_data import find_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.protocols import MapEncoder
    from mirada.training.grounding_recipe import GroundingRecipe
    from mirada.types import Box, Matrix

ARTICLE: Final = "a "
SPREADS: Final = (0.15, 0.12, 0.1, 0.08, 0.05, 0.03, 0.01)
"""Of the sides of a moved box, in lengths of the side; the first that leaves enough is taken."""
ALIKE: Final = 0.5  # IoU with the box that a moved one stands for


@dataclass(frozen=True, slots=True)
class Thing:
    """One box of an image with what it may be called in English."""

    box: Box
    labels: tuple[str, ...]
    phrases: tuple[str, ...]  # of the captions

    def names(self) -> list[str]:
        """Everything it may be called."""
        return [*self.labels, *(ARTICLE + label for label in self.labels), *self.phrases]


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """A dataset as the grounding learns it; boxes of all images one after the other."""

    things: Sequence[Thing]
    first: NDArray[np.int64]  # (images + 1,) where the boxes of each image begin
    vectors: NDArray[np.float32]  # (boxes, 1 + copies, dim) as drawn, then moved
    shapes: NDArray[np.float32]  # (boxes, 1 + copies, 6)
    whole: Matrix  # (images, dim)
    kinds: NDArray[np.float32]  # (boxes, labels) 1 where a box has the label
    spanish: Mapping[str, str]
    rows: Mapping[str, int]  # of the texts
    texts: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Boxes of some images, and one text for each."""

    vectors: NDArray[np.float32]  # (n, dim)
    shapes: NDArray[np.float32]  # (n, 6)
    whole: NDArray[np.float32]  # (n, dim)
    texts: Matrix  # (n, dim)
    images: NDArray[np.int64]  # (n,)
    alike: NDArray[np.bool_]  # (n, n) other boxes with a label in common


def things_of(images: Sequence[CaptionedImage]) -> list[list[Thing]]:
    """The boxes of each image; one with several labels counts once."""
    return [
        [
            Thing(
                box,
                tuple(sorted({one.label for one in image.boxes if one.box == box})),
                tuple(sorted({text for part in parts if part.box == box for text in part.phrases})),
            )
            for box in dict.fromkeys(one.box for one in image.boxes)
        ]
        for image, parts in zip(images, find_parts(images), strict=True)
    ]


def names_of(things: Iterable[Sequence[Thing]]) -> list[str]:
    """All different names, sorted."""
    return sorted({name for own in things for thing in own for name in thing.names()})


def gather(
    things: Sequence[Sequence[Thing]],
    maps: Any,
    encoder: MapEncoder,
    spanish: Mapping[str, str],
    recipe: GroundingRecipe,
) -> Lessons:
    """Vectors of boxes and texts.

    Args:
        things: of each image.
        maps: (images, rows * columns, channels) of the encoder, square.
        encoder: whose head and text tower run.
        spanish: of all names; empty where only English is taught.
        recipe: how many copies, and the seed that moves them.
    """
    vectors, boxes, whole = [], [], []
    for row, own in enumerate(things):
        random = np.random.default_rng([recipe.seed, row])
        drawn = corners([thing.box for thing in own])
        copies = [np.stack([move(box, random) for box in drawn]) for _ in range(recipe.copies)]
        shown = np.stack([drawn, *copies], axis=1)  # (boxes, 1 + copies, 4)
        told = square(maps[row])
        flat = [box_of(box) for box in shown.reshape(-1, 4)]
        vectors.append(encoder.encode_boxes(told, flat).reshape(*shown.shape[:2], -1))
        boxes.append(shown)
        whole.append(encoder.encode_map(told))
    names = names_of(things)
    texts = sorted({*names, *(spanish[name] for name in names if spanish)})
    every = [thing for own in things for thing in own]
    return Lessons(
        every,
        np.cumsum([0, *(len(own) for own in things)]),
        np.concatenate(vectors),
        shapes(np.concatenate(boxes)),
        np.stack(whole),
        _kinds(every),
        spanish,
        {text: row for row, text in enumerate(texts)},
        encoder.encode_texts(texts),
    )


def move(box: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """The box with its sides moved at random, as a proposal might have it."""
    sides = np.tile(box[2:] - box[:2], 2)
    for spread in SPREADS:
        moved = np.clip(box + spread * sides * random.normal(size=4), 0, 1)
        if iou(box[None], moved[None])[0, 0] > ALIKE:
            return np.asarray(moved, np.float64)
    return box


def square(flat: NDArray[np.floating]) -> NDArray[np.float32]:
    """The (side, side, channels) map of (side * side, channels) cells."""
    side = round(len(flat) ** 0.5)
    return np.asarray(flat, np.float32).reshape(side, side, -1)


def draw(
    lessons: Lessons, images: NDArray[np.int64], seed: Sequence[int], recipe: GroundingRecipe
) -> Batch:
    """The boxes of some images, each as drawn or moved, and with one of its names."""
    random = np.random.default_rng(seed)
    spans = [np.arange(lessons.first[row], lessons.first[row + 1]) for row in images]
    rows = np.concatenate(spans)
    moved = random.random(len(rows)) < recipe.moved
    copy = np.where(moved, random.integers(1, 1 + recipe.copies, len(rows)), 0)
    owners = np.repeat(images, [len(span) for span in spans])
    called = [lessons.rows[_name(lessons, row, recipe, random)] for row in rows]
    alike = lessons.kinds[rows] @ lessons.kinds[rows].T > 0
    np.fill_diagonal(alike, val=False)
    return Batch(
        lessons.vectors[rows, copy],
        lessons.shapes[rows, copy],
        lessons.whole[owners],
        lessons.texts[called],
        owners,
        alike,
    )


def _name(lessons: Lessons, row: int, recipe: GroundingRecipe, random: np.random.Generator) -> str:
    thing = lessons.things[row]
    among = [ARTICLE + label for label in thing.labels]
    if thing.phrases and random.random() < recipe.phrases:
        among = list(thing.phrases)
    name = among[random.integers(len(among))]
    bare = name.removeprefix(ARTICLE)
    if random.random() < recipe.bare and bare in lessons.rows:
        name = bare
    foreign = random.random() < recipe.foreign
    return lessons.spanish[name] if foreign and lessons.spanish else name


def _kinds(things: Sequence[Thing]) -> NDArray[np.float32]:
    place = {label: row for row, label in enumerate(sorted({x for t in things for x in t.labels}))}
    table = np.zeros((len(things), len(place)), np.float32)
    for row, thing in enumerate(things):
        table[row, [place[label] for label in thing.labels]] = 1
    return table
