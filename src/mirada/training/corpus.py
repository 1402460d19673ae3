"""Images with their captions in all languages, and what is drawn from them each round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mirada.training import translate
from mirada.training.checkpoint import read_json, write_json
from mirada.training.views import SIDES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Corpus:
    """A dataset with the Spanish wording of each caption (none when only English is trained)."""

    images: Sequence[CaptionedImage]
    spanish: dict[str, str]

    def texts(self, language: str) -> list[str]:
        """Every distinct caption in one language, sorted by the English."""
        english = sorted({text for image in self.images for text in image.captions})
        return english if language == "en" else [self.spanish[text] for text in english]


@dataclass(frozen=True, slots=True)
class Example:
    """One pair of a batch."""

    row: int  # of the image
    view: str
    caption: str  # in English
    language: str


def read_corpora(
    folders: Sequence[Sequence[CaptionedImage]],
    languages: Sequence[str],
    cache: Path,
    tell: Callable[[str], None],
) -> list[Corpus]:
    """The datasets with translations, which are kept in the file `cache`."""
    known: dict[str, str] = read_json(cache, {})
    if "es" in languages:
        wanted = {text for images in folders for image in images for text in image.captions}
        missing = sorted(wanted - known.keys())
        for start in range(0, len(missing), translate.BATCH):
            some = missing[start : start + translate.BATCH]
            tell(f"translating captions: {start:,} of {len(missing):,}")
            known |= dict(zip(some, translate.to_spanish(some), strict=True))
            write_json(cache, known)
    return [Corpus(images, known) for images in folders]


def draw_epoch(corpus: Corpus, recipe: Recipe, epoch: int) -> list[Example]:
    """The pairs of one epoch in order; the same for the same seed and epoch.

    Images with several captions come `rich_repeats` times, far apart from one another.
    """
    random = np.random.default_rng([recipe.seed, epoch])
    rich = np.array([i for i, image in enumerate(corpus.images) if len(image.captions) > 1], int)
    poor = np.array([i for i, image in enumerate(corpus.images) if len(image.captions) == 1], int)
    rounds = [random.permutation(rich) for _ in range(recipe.rich_repeats)]
    rounds.append(random.permutation(poor))
    places = [
        (np.arange(len(part)) + random.random(len(part))) / max(1, len(part)) for part in rounds
    ]
    order = np.concatenate(rounds)[np.argsort(np.concatenate(places), kind="stable")]
    return [_draw(corpus, recipe, int(row), random) for row in order]


def _draw(corpus: Corpus, recipe: Recipe, row: int, random: np.random.Generator) -> Example:
    captions = corpus.images[row].captions
    caption = captions[random.integers(len(captions))]
    others = recipe.languages[1:]
    foreign = len(others) > 0 and random.random() < recipe.foreign
    view = recipe.views[0]
    if len(recipe.views) > 1 and random.random() >= recipe.full_view:
        view = recipe.views[random.integers(1, len(recipe.views))]
    if view == "flip" and SIDES.search(caption):
        view = recipe.views[0]
    return Example(row, view, caption, others[random.integers(len(others))] if foreign else "en")
