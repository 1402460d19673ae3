"""Fits how the scores of a finished model turn into probabilities, on the dev set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirada.evaluation.retrieval import encode_gallery
from mirada.search.fitting import draw_pairs, fit, reliability
from mirada.vocabulary.subjects import subjects

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirada.protocols import Encoder
    from mirada.search.fitting import Reliability
    from mirada.training.corpus import Corpus
    from mirada.types import Calibration


def calibrate(
    encoder: Encoder, dev: Corpus, languages: Iterable[str], *, seed: int
) -> tuple[Calibration, Reliability]:
    """Fitted on one caption an image in each language, with what it is worth on other draws.

    Args:
        encoder: the finished model.
        dev: images that it never learnt from.
        languages: of the captions.
        seed: of the draws.
    """
    gallery = encode_gallery(encoder, dev.images)
    texts = [
        (row, text if language == "en" else dev.spanish[text])
        for language in languages
        for row, image in enumerate(dev.images)
        for text in image.captions[:1]
    ]
    queries = encoder.encode_texts([text for _, text in texts])
    owners = [row for row, _ in texts]
    distractors = encoder.encode_texts(subjects())
    fitted = fit(draw_pairs(queries, gallery, owners, seed=seed), distractors)
    return fitted, reliability(draw_pairs(queries, gallery, owners, seed=seed + 1), fitted)
