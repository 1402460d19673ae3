"""Captions of a whole dataset by the models, and by baselines."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.evaluation.retrieval import encode_gallery
from mirada.indexing.tags import load_tagger
from mirada.indexing.verify import load_checker
from mirada.types import WHOLE, Ask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from PIL.Image import Image

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.models.small import SmallEncoder
    from mirada.protocols import Captioner
    from mirada.types import FeatureMap, Matrix, Vector

CANDIDATES: Final = {"en": 5, "es": 3}


@dataclass(frozen=True, slots=True)
class Said:
    """What was found for one image."""

    vector: Vector
    checked: str | None  # what the check keeps
    best: str | None  # what it likes best, whether it keeps it or not
    likeliest: str | None  # the captioner's first
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """A `Look` at an image that is already read."""

    image: Image
    maps: FeatureMap


def caption_images(
    images: Sequence[CaptionedImage],
    encoder: SmallEncoder,
    captioner: Captioner,
    *,
    language: str,
    home: Path,
    advance: Callable[[int], None] = lambda _: None,
) -> list[Said]:
    """Each image as it is captioned and tagged when it is indexed; one thread for each core.

    Args:
        images: to caption.
        encoder: whose maps the captioner reads, and which checks.
        captioner: under test.
        language: of the captions.
        home: where the tagger may keep what it makes.
        advance: told how many images are done since the last call.
    """
    checker, tagger = load_checker(encoder), load_tagger(encoder, home)
    lenient = checker.without_cut()

    def one(image: CaptionedImage) -> Said:
        pixels = image.open(encoder.image_size)
        seen = Seen(pixels, encoder.read_map(pixels))
        vector = encoder.encode_map(seen.maps)
        (texts,) = captioner.caption(seen, [Ask(WHOLE, language, CANDIDATES[language])])
        kept = checker.choose(texts, vector, language=language)
        best = lenient.choose(texts, vector, language=language)
        tags, _ = tagger.tag(vector, [])
        advance(1)
        return Said(
            vector,
            kept.text if kept else None,
            best.text if best else None,
            texts[0] if texts else None,
            tuple(tag.name for tag in tags),
        )

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(one, images))


def nearest_captions(
    seen: Sequence[Vector],
    known: Sequence[CaptionedImage],
    encoder: SmallEncoder,
    *,
    keep: Path,
    advance: Callable[[int], None] = lambda _: None,
) -> list[str | None]:
    """For each vector the caption of the nearest known image that fits it best.

    Only images with several captions are looked at: those of the web are captioned otherwise.

    Args:
        seen: (dim,) vectors of images.
        known: captioned images.
        encoder: of the vectors.
        keep: a .npy file with the vectors of the known images, in order; written if missing.
        advance: told how many of them are done since the last call.
    """
    gallery = _gallery(known, encoder, keep, advance)
    rows = np.array([row for row, image in enumerate(known) if len(image.captions) > 1], int)
    nearest = rows[(np.stack(seen) @ gallery[rows].T).argmax(1)]
    found: list[str | None] = []
    for vector, row in zip(seen, nearest, strict=True):
        texts = known[row].captions
        found.append(texts[int((encoder.encode_texts(texts) @ vector).argmax())])
    return found


def _gallery(
    known: Sequence[CaptionedImage],
    encoder: SmallEncoder,
    keep: Path,
    advance: Callable[[int], None],
) -> Matrix:
    if keep.exists():
        kept: Matrix = np.load(keep)
        if len(kept) == len(known):
            advance(len(known))
            return kept
    made = encode_gallery(encoder, known, advance)
    np.save(keep, made)
    return made
