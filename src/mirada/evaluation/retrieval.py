"""How well an encoder finds images by their captions, and captions by their image."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mirada.evaluation.measures import Recall, first_ranks, recall

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.protocols import Encoder
    from mirada.types import Matrix

TEXTS_A_CALL = 64


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """Both directions over one gallery."""

    model: str
    images: int
    text_to_image: Recall
    image_to_text: Recall
    seconds: float


def evaluate_retrieval(
    encoder: Encoder,
    images: Sequence[CaptionedImage],
    *,
    captions: Sequence[Sequence[str]] | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> RetrievalReport:
    """Every caption searches the whole gallery, and every image all captions.

    Args:
        encoder: model under test.
        images: the gallery with its captions.
        captions: other wordings of the captions, such as translations, image by image.
        advance: told how many images and captions were encoded since the last call.
    """
    started = time.perf_counter()
    wordings = [image.captions for image in images] if captions is None else captions
    texts = [text for wording in wordings for text in wording]
    owner = [row for row, wording in enumerate(wordings) for _ in wording]
    gallery = encode_gallery(encoder, images, advance)
    queries = _encode_texts(encoder, texts, advance)
    own: list[list[int]] = [[] for _ in images]
    for text, row in enumerate(owner):
        own[row].append(text)
    return RetrievalReport(
        encoder.name,
        len(images),
        recall(first_ranks(queries, gallery, [[row] for row in owner])),
        recall(first_ranks(gallery, queries, own)),
        time.perf_counter() - started,
    )


def encode_gallery(
    encoder: Encoder,
    images: Sequence[CaptionedImage],
    advance: Callable[[int], None] = lambda _: None,
) -> Matrix:
    """(n, dim) rows of the images, each decoded and encoded in one of as many threads as cores."""

    def one(image: CaptionedImage) -> Matrix:
        vector = encoder.encode_images([image.open(encoder.image_size)])
        advance(1)
        return vector

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        rows = list(pool.map(one, images))
    return np.concatenate(rows) if rows else np.empty((0, encoder.dim), np.float32)


def _encode_texts(encoder: Encoder, texts: Sequence[str], advance: Callable[[int], None]) -> Matrix:
    chunks = [texts[start : start + TEXTS_A_CALL] for start in range(0, len(texts), TEXTS_A_CALL)]

    def some(chunk: Sequence[str]) -> Matrix:
        vectors = encoder.encode_texts(chunk)
        advance(len(chunk))
        return vectors

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        rows = list(pool.map(some, chunks))
    return np.concatenate(rows) if rows else np.empty((0, encoder.dim), np.float32)
