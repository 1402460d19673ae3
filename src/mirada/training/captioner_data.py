"""What the captioner is shown: boxes of images with texts about them, drawn anew each epoch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch

from mirada.models.maps import pool_boxes, tiles
from mirada.training.captioner_text import Phrases
from mirada.training.views import SIDES
from mirada.types import WHOLE, Box

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.training.captioner_recipe import CaptionerRecipe

Fits: TypeAlias = "Callable[[Sequence[Box], Sequence[str]], NDArray[np.float32]]"

SMALLEST = 0.01  # share of the image below which a box is no region


@dataclass(frozen=True, slots=True)
class Part:
    """A labelled box with what the captions call it."""

    box: Box
    phrases: tuple[str, ...]  # English


@dataclass(frozen=True, slots=True)
class Text:
    """One text that a box is to bring forth."""

    words: str
    language: str
    kind: str  # of KINDS


@dataclass(frozen=True, slots=True)
class Showing:
    """One box of one image with some texts about it."""

    row: int  # of the image
    box: Box
    mirrored: bool
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Lessons:
    """A dataset as the captioner learns it."""

    images: Sequence[CaptionedImage]
    parts: Sequence[Sequence[Part]]  # of each image
    spanish: Mapping[str, str]  # of captions and phrases
    maps: Any  # (n, rows * columns, channels) float16

    def texts(self) -> dict[str, list[str]]:
        """Every text in English and in Spanish, as often as it is said."""
        english = [text for image in self.images for text in image.captions]
        english += [text for parts in self.parts for part in parts for text in part.phrases]
        return {"en": english, "es": [self.spanish[text] for text in english if self.spanish]}


def is_rich(image: CaptionedImage) -> bool:
    """Whether several people captioned it; the web gives an image one text."""
    return len(image.captions) > 1


def find_parts(images: Sequence[CaptionedImage]) -> list[list[Part]]:
    """The boxes of each image that its captions name."""
    phrases = Phrases((image.captions, {one.label for one in image.boxes}) for image in images)
    return [
        [
            Part(one.box, tuple(named))
            for one in dict.fromkeys(image.boxes)
            if one.box.area >= SMALLEST and (named := phrases.of(one.label, image.captions))
        ]
        for image in images
    ]


def settle(parts: Sequence[Part], fits: Fits) -> list[Part]:
    """Give a phrase that several boxes of an image share to the one that it fits best.

    Phrases without an adjective fit all of them alike.

    Args:
        parts: of one image.
        fits: (boxes, phrases) scores of an encoder.
    """
    named = sorted({text for part in parts for text in part.phrases})
    scores = fits([part.box for part in parts], named)
    best = {
        text: max(
            (place for place, part in enumerate(parts) if text in part.phrases),
            key=lambda place: scores[place, column],
        )
        for column, text in enumerate(named)
    }
    kept = [
        replace(part, phrases=tuple(t for t in part.phrases if len(t.split()) < 3 or best[t] == at))
        for at, part in enumerate(parts)
    ]
    return [part for part in kept if part.phrases]


def draw_epoch(lessons: Lessons, recipe: CaptionerRecipe, epoch: int) -> list[Showing]:
    """Every image and some boxes of it, in random order; the same for the same seed and epoch."""
    random = np.random.default_rng([recipe.seed, epoch])
    found: list[Showing] = []
    for row in range(len(lessons.images)):
        found += _draw_image(lessons, recipe, row, random)
    return [found[place] for place in random.permutation(len(found))]


def cells(maps: Any, showings: Sequence[Showing], grid: int) -> NDArray[np.float32]:
    """(n, grid * grid, channels) means over the cells of each box."""
    return np.stack([_cells(maps[showing.row], showing, grid) for showing in showings])


def _cells(flat: NDArray[np.float16], showing: Showing, grid: int) -> NDArray[np.float32]:
    side = round(len(flat) ** 0.5)
    whole = torch.from_numpy(np.array(flat)).float().numpy()  # many times faster than by numpy
    whole = whole.reshape(side, side, -1)
    pooled = pool_boxes(whole, tiles(showing.box, grid, grid))
    if showing.mirrored:
        pooled = pooled.reshape(grid, grid, -1)[:, ::-1].reshape(grid * grid, -1)
    return pooled


def _draw_image(
    lessons: Lessons, recipe: CaptionerRecipe, row: int, random: np.random.Generator
) -> Iterator[Showing]:
    captions = lessons.images[row].captions
    kind = "human" if is_rich(lessons.images[row]) else "web"
    yield _showing(lessons, recipe, row, WHOLE, captions, kind, random)
    parts = lessons.parts[row]
    for place in random.permutation(len(parts))[: recipe.boxes]:
        phrases = parts[place].phrases
        chosen = phrases[random.integers(len(phrases))]
        yield _showing(lessons, recipe, row, parts[place].box, [chosen], "phrase", random)


def _showing(
    lessons: Lessons,
    recipe: CaptionerRecipe,
    row: int,
    box: Box,
    captions: Sequence[str],
    kind: str,
    random: np.random.Generator,
) -> Showing:
    texts = [Text(text, "en", kind) for text in captions]
    if lessons.spanish:
        texts += [
            Text(lessons.spanish[text], "es", kind)
            for text in captions
            if random.random() < recipe.foreign
        ]
    mirrored = random.random() < recipe.mirrored
    mirrored = mirrored and not any(SIDES.search(text.words) for text in texts)
    return Showing(row, box, mirrored, tuple(texts))
