from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mirada.errors import DatasetError
from mirada.evaluation.answers import evaluate_negation, evaluate_no_match, subjects
from mirada.evaluation.datasets import CaptionedImage
from mirada.types import Box
from mirada.vocabulary.entries import Entry, Vocabulary
from tests.evaluation.test_spatial import picture

VOCABULARY = Vocabulary(
    tuple(Entry(name, kind, "") for name, kind in (("dog", "animal"), ("zebra", "animal"))), ""
)
NEAR, FAR = Box(0, 0, 0.5, 0.5), Box(0.9, 0.9, 0.95, 0.95)


def captioned(name: str, caption: str) -> CaptionedImage:
    return replace(picture(name), captions=(caption,))


def test_what_captions_name_is_there_and_what_nobody_names_is_not() -> None:
    images = [captioned("a", "a brown dog runs"), captioned("b", "two dogs")]
    assert subjects(images, VOCABULARY, count=5, seed=0) == (["dog"], ["zebra"])
    with pytest.raises(DatasetError):
        subjects([captioned("a", "nothing of it")], VOCABULARY, count=5, seed=0)


def test_both_shares_are_counted_at_the_cut_and_along_the_curve() -> None:
    sure = {"dog": 0.9, "cat": 0.1, "zebra": 0.05, "yak": 0.3}
    found = evaluate_no_match(
        ["dog", "cat"], ["zebra", "yak"], sure.__getitem__, cut=0.2, cuts=(0.0, 0.2)
    )
    assert (found.shown, found.hidden, found.balanced_accuracy) == (0.5, 0.5, 0.5)
    assert found.curve == ((0.0, 1.0, 0.0), (0.2, 0.5, 0.5))


def test_a_thing_that_covers_much_is_plainly_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    images = [picture("a", dog=NEAR), picture("b", dog=FAR), picture("c", zebra=NEAR)]
    monkeypatch.setattr("mirada.evaluation.answers.truth_of_boxes", _all_boxed)
    found = evaluate_negation(
        images, VOCABULARY, lambda text: np.array([text == "no dog", False, text == "no dog"])
    )
    assert found is not None
    assert (found.images, found.classes) == (3, 2)
    assert found.removed == pytest.approx(1 / 3)  # of a dog, a dog and a zebra one goes
    assert found.removed_visible == pytest.approx(1 / 2)
    assert found.lost == pytest.approx(1 / 3)  # the zebra went with the dogs


def _all_boxed(images: list[CaptionedImage], vocabulary: Vocabulary) -> object:
    from mirada.evaluation.tags import Truth

    labels = [{box.label for box in image.boxes} for image in images]
    fits = np.array([[entry.name in own for entry in vocabulary.entries] for own in labels])
    return Truth("boxes", np.arange(len(images)), np.arange(len(fits[0])), fits)
