"""What the grounding learns from: boxes with their vectors, labels and names, drawn in batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mirada.evaluation.labels import likeness
from mirada.language.kinship import kin
from mirada.models import lattice
from mirada.models.boxes import box_of, corners, iou
from mirada.search.grounding import shapes
from mirada.training.captioner_data import find_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.protocols import MapEncoder
    from mirada.training.captioner_data import Part
    from mirada.training.grounding_recipe import GroundingRecipe
    from mirada.types import Box, Matrix

ARTICLE: Final = "a "
SPREADS: Final = (0.15, 0.12, 0.1, 0.08, 0.05, 0.03, 0.01)
"""Of the sides of a moved box, in lengths of the side; the first that leaves enough is taken."""
WIDER: Final = 3  # words for what a thing is a kind of, the nearest
APART: Final = 0.25  # IoU up to which a box at random does not show a thing
ALIKE: Final = 0.5  # IoU with the box that a moved one stands for


@dataclass(frozen=True, slots=True)
class Thing:
    """One box of an image with what it may be called in English."""

    box: Box
    labels: tuple[str, ...]
    phrases: tuple[str, ...]  # of the captions
    wider: tuple[str, ...] = ()  # of which it is a kind

    def names(self) -> list[str]:
        """Everything it may be called."""
        nouns = (*self.labels, *self.wider)
        return [*nouns, *(ARTICLE + noun for noun in nouns), *self.phrases]


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """A dataset as the grounding learns it; boxes of all images one after the other."""

    things: Sequence[Thing]
    first: NDArray[np.int64]  # (images + 1,) where the boxes of each image begin
    vectors: NDArray[np.float32]  # (boxes, 1 + copies, dim) as drawn, then moved
    shapes: NDArray[np.float32]  # (boxes, 1 + copies, 6)
    boxes: NDArray[np.float64]  # (boxes, 4) as drawn
    whole: Matrix  # (images, dim)
    beside: NDArray[np.float32]  # (images, pool, dim) vectors of boxes at random places
    beside_boxes: NDArray[np.float64]  # (images, pool, 4)
    spanish: Mapping[str, str]
    rows: Mapping[str, int]  # of the texts
    texts: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Boxes of some images, a text for each of the first, and boxes that no text means."""

    vectors: NDArray[np.float32]  # (n + m, dim)
    shapes: NDArray[np.float32]  # (n + m, 6)
    whole: NDArray[np.float32]  # (n + m, dim)
    texts: Matrix  # (n, dim)
    images: NDArray[np.int64]  # (n + m,)
    alike: NDArray[np.bool_]  # (n + m, n) boxes that another's text may mean as well


def things_of(images: Sequence[CaptionedImage]) -> list[list[Thing]]:
    """The boxes of each image; one with several labels counts once."""
    return [
        [_thing(image, parts, box) for box in dict.fromkeys(one.box for one in image.boxes)]
        for image, parts in zip(images, find_parts(images), strict=True)
    ]


def _thing(image: CaptionedImage, parts: Sequence[Part], box: Box) -> Thing:
    labels = sorted({one.label for one in image.boxes if one.box == box})
    wider = {noun for label in labels for noun in kin(label, "en").wider[:WIDER]}
    phrases = {text for part in parts if part.box == box for text in part.phrases}
    return Thing(box, tuple(labels), tuple(sorted(phrases)), tuple(sorted(wider - {*labels})))


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
    vectors, boxes, whole, beside, places = [], [], [], [], []
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
        places.append(lattice.BOXES[random.choice(len(lattice.BOXES), recipe.pool, replace=False)])
        beside.append(encoder.encode_boxes(told, [box_of(box) for box in places[-1]]))
    names = names_of(things)
    texts = sorted({*names, *(spanish[name] for name in names if spanish)})
    return Lessons(
        [thing for own in things for thing in own],
        np.cumsum([0, *(len(own) for own in things)]),
        np.concatenate(vectors),
        shapes(np.concatenate(boxes)),
        np.concatenate(boxes)[:, 0],
        np.stack(whole),
        np.stack(beside),
        np.stack(places).astype(np.float64),
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
    """The boxes of some images, each as drawn or moved and with one of its names, and others."""
    random = np.random.default_rng(seed)
    spans = [np.arange(lessons.first[row], lessons.first[row + 1]) for row in images]
    rows = np.concatenate(spans)
    moved = random.random(len(rows)) < recipe.moved
    copy = np.where(moved, random.integers(1, 1 + recipe.copies, len(rows)), 0)
    owners = np.repeat(images, [len(span) for span in spans])
    called = [lessons.rows[_name(lessons, row, recipe, random)] for row in rows]
    alike = alike_labels([lessons.things[row].labels for row in rows])
    chosen = random.permuted(np.tile(np.arange(recipe.pool), (len(images), 1)), axis=1)
    chosen = chosen[:, : recipe.beside]
    beside = np.repeat(images, chosen.shape[1])
    places = lessons.beside_boxes[beside, chosen.ravel()]
    near = (iou(places, lessons.boxes[rows]) > APART) & (beside[:, None] == owners)
    shown = near.astype(np.float32) @ alike.astype(np.float32) > 0
    np.fill_diagonal(alike, val=False)
    both = np.concatenate([owners, beside])
    return Batch(
        np.concatenate([lessons.vectors[rows, copy], lessons.beside[beside, chosen.ravel()]]),
        np.concatenate([lessons.shapes[rows, copy], shapes(places)]),
        lessons.whole[both],
        lessons.texts[called],
        both,
        np.concatenate([alike, shown]),
    )


def alike_labels(labels: Sequence[Sequence[str]]) -> NDArray[np.bool_]:
    """(n, n) whether what one is called may mean the other: a person may be the man."""
    known = sorted({label for own in labels for label in own})
    place = {label: row for row, label in enumerate(known)}
    has = np.zeros((len(labels), len(known)), np.float32)
    for row, own in enumerate(labels):
        has[row, [place[label] for label in own]] = 1
    kinds = np.array([[likeness(one, other) for other in known] for one in known]) > 0
    return np.asarray(has @ (kinds | kinds.T).astype(np.float32) @ has.T > 0)


def _name(lessons: Lessons, row: int, recipe: GroundingRecipe, random: np.random.Generator) -> str:
    thing = lessons.things[row]
    nouns = thing.labels
    if thing.wider and random.random() < recipe.wider:
        nouns = thing.wider
    among = [ARTICLE + noun for noun in nouns]
    if nouns is thing.labels and thing.phrases and random.random() < recipe.phrases:
        among = list(thing.phrases)
    name = among[random.integers(len(among))]
    bare = name.removeprefix(ARTICLE)
    if random.random() < recipe.bare and bare in lessons.rows:
        name = bare
    foreign = random.random() < recipe.foreign
    return lessons.spanish.get(name, name) if foreign else name
