"""How well an encoder finds images by their captions, and captions by their image."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mirada.evaluation.encoding import SILENT, Telling, encode_images, encode_texts
from mirada.evaluation.measures import Recall, first_ranks, recall
from mirada.evaluation.memory import peak_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.evaluation.encoding import Cost, Encoded
    from mirada.protocols import Encoder
    from mirada.types import Matrix


@dataclass(frozen=True, slots=True)
class EncodedDataset:
    """A gallery and its captions as one encoder sees them."""

    model: str
    images: Encoded
    texts: Encoded
    owners: tuple[int, ...]  # row of the image that each text is about


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """Both directions over one gallery."""

    model: str
    images: int
    text_to_image: Recall
    image_to_text: Recall  # answered by any of the captions of the image
    seconds: float  # of all
    image_cost: Cost
    text_cost: Cost
    peak_memory: int | None  # bytes of the whole process; None where it cannot be told


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
    seen = encode_dataset(encoder, images, captions=captions, telling=Telling(advance))
    return report_of(seen, started=started)


def encode_dataset(
    encoder: Encoder,
    images: Sequence[CaptionedImage],
    *,
    captions: Sequence[Sequence[str]] | None = None,
    telling: Telling = SILENT,
) -> EncodedDataset:
    """All images and all their captions, or the other wordings of these."""
    wordings = [image.captions for image in images] if captions is None else captions
    return EncodedDataset(
        encoder.name,
        encode_images(encoder, images, telling),
        encode_texts(encoder, [text for wording in wordings for text in wording], telling),
        tuple(row for row, wording in enumerate(wordings) for _ in wording),
    )


def report_of(seen: EncodedDataset, *, started: float) -> RetrievalReport:
    """Recall in both directions; `seconds` count from `started`, of `time.perf_counter`."""
    own: list[list[int]] = [[] for _ in seen.images.rows]
    for text, row in enumerate(seen.owners):
        own[row].append(text)
    gallery, queries = seen.images.rows, seen.texts.rows
    return RetrievalReport(
        seen.model,
        len(gallery),
        recall(first_ranks(queries, gallery, [[row] for row in seen.owners])),
        recall(first_ranks(gallery, queries, own)),
        time.perf_counter() - started,
        seen.images.cost,
        seen.texts.cost,
        peak_memory(),
    )


def encode_gallery(
    encoder: Encoder,
    images: Sequence[CaptionedImage],
    advance: Callable[[int], None] = lambda _: None,
) -> Matrix:
    """(n, dim) rows of the images, as `encode_images` makes and keeps them."""
    return encode_images(encoder, images, Telling(advance)).rows
