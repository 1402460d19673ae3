from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from mirada.search.calibrate import confidence
from mirada.search.grounding import log_chances, margins, shapes
from mirada.types import Calibration, Grounding

AXES = np.eye(2, dtype=np.float32)
NOTHING = np.zeros((2, 1), np.float32)
PLAIN = Grounding(
    text=NOTHING,
    region=NOTHING,
    whole=NOTHING,
    shape=np.zeros((6, 2), np.float32),
    favour=np.zeros(2, np.float32),
    sharpness=10.0,
    distractors=AXES[1:],
    scale=0.5,
    offset=-1.0,
)
HALF = np.array([[[0, 0, 1, 0.5]]], np.float32)


def taught(**changes: object) -> Grounding:
    """As PLAIN but for these."""
    return replace(PLAIN, **changes)  # type: ignore[arg-type]


def some(seed: int, *, images: int = 3, regions: int = 4, texts: int = 2, dim: int = 5):
    random = np.random.default_rng(seed)

    def rows(*shape: int) -> np.ndarray:
        made = random.normal(size=shape)
        return (made / np.linalg.norm(made, axis=-1, keepdims=True)).astype(np.float32)

    boxes = np.sort(random.random((images, regions, 2, 2)), axis=2).reshape(images, regions, 4)
    learnt = Grounding(
        *(random.normal(size=(dim, 3)).astype(np.float32) for _ in range(3)),
        shape=random.normal(size=(6, dim)).astype(np.float32),
        favour=random.normal(size=dim).astype(np.float32),
        sharpness=3.0,
        distractors=rows(7, dim),
        scale=0.8,
        offset=-0.4,
    )
    return rows(texts, dim), rows(images, regions, dim), rows(images, dim), boxes, learnt


def naive(text, vector, whole, box, by: Grounding) -> float:
    """The formula of the module, one region and one text at a time."""

    def fit(t: np.ndarray) -> float:
        width, height = max(box[2] - box[0], 0.01), max(box[3] - box[1], 0.01)
        told = np.array([np.log(width), np.log(height), width, height, width * height, 1]) * 0.3
        matching = vector @ t + (vector @ by.region + whole @ by.whole) @ (t @ by.text)
        return float(by.sharpness * (matching + told @ by.shape @ t) + by.favour @ t)

    others = [fit(one) for one in by.distractors]
    margin = fit(text) - np.log(np.mean(np.exp(others)))
    return float(np.log(1 / (1 + np.exp(-(by.scale * margin + by.offset)))))


def test_the_same_as_the_formula_one_by_one() -> None:
    texts, vectors, whole, boxes, learnt = some(0)
    found = log_chances(texts, vectors, whole, boxes, learnt)
    assert found.shape == (2, 3, 4)
    assert found.dtype == np.float32
    for (p, i, r), value in np.ndenumerate(found):
        expected = naive(texts[p], vectors[i, r], whole[i], boxes[i, r], learnt)
        assert value == pytest.approx(expected, abs=1e-4)


def test_without_corrections_it_is_the_cosine_against_the_distractors() -> None:
    region = np.array([[[0.8, 0.6]]], np.float32)
    found = margins(AXES[:1], region, AXES[:1], HALF, PLAIN)
    assert found.item() == pytest.approx(10 * (0.8 - 0.6), abs=1e-5)
    chance = log_chances(AXES[:1], region, AXES[:1], HALF, PLAIN)
    assert np.exp(chance.item()) == pytest.approx(0.5, abs=1e-5)  # 0.5 * 2 - 1 = 0


def test_the_whole_image_can_speak_for_a_text() -> None:
    first = np.array([[1], [0]], np.float32)
    learnt = taught(text=first, whole=np.array([[0], [1]], np.float32))
    region = AXES[None, :1]
    alike, other = (margins(AXES[:1], region, w, HALF, learnt).item() for w in (AXES[1:], AXES[:1]))
    assert (alike, other) == pytest.approx((20, 10))


def test_a_text_can_ask_for_a_shape() -> None:
    learnt = taught(shape=np.array([[0, 0], [0, 0], [1, 0], [0, 0], [0, 0], [0, 0]], np.float32))
    narrow = HALF * np.array([0.5, 1, 0.5, 1], np.float32)
    wide, thin = (
        margins(AXES[:1], AXES[None, :1], AXES[:1], b, learnt).item() for b in (HALF, narrow)
    )
    assert wide - thin == pytest.approx(10 * 0.3 * 0.5, abs=1e-5)


def test_shapes_of_empty_boxes_are_finite() -> None:
    (told,) = shapes(np.zeros((1, 4)))
    assert told == pytest.approx(
        [0.3 * np.log(0.01), 0.3 * np.log(0.01), 0.003, 0.003, 0.00003, 0.3]
    )


def test_an_encoder_that_learnt_nothing_of_regions_goes_by_its_calibration() -> None:
    texts, vectors, whole, boxes, learnt = some(1)
    calibration = Calibration(learnt.distractors, 0.2, 5.0, -2.0, 0.01)
    found = np.exp(log_chances(texts, vectors, whole, boxes, calibration))
    for place, text in enumerate(texts):
        flat = vectors.reshape(-1, 5)
        expected = confidence(flat @ text, flat, calibration).reshape(3, 4)
        np.testing.assert_allclose(found[place], expected, atol=1e-5)


@pytest.mark.parametrize("none", ["images", "regions", "texts"])
def test_nothing_asked_or_nothing_there_gives_the_right_shape(none: str) -> None:
    texts, vectors, whole, boxes, learnt = some(2, **{none: 0})
    shape = (len(texts), *vectors.shape[:2])
    calibration = Calibration(learnt.distractors, 0.2, 5.0, -2.0, 0.01)
    for judge in (learnt, calibration):
        assert log_chances(texts, vectors, whole, boxes, judge).shape == shape


def test_it_stays_finite_far_from_everything() -> None:
    texts, vectors, whole, boxes, learnt = some(3)
    found = log_chances(texts, vectors, whole, boxes, replace(learnt, sharpness=1e4))
    assert np.isfinite(found).all()
    assert found.max() <= 0


def test_three_phrases_over_300_images_take_little_time() -> None:
    asked = some(4, images=300, regions=20, texts=3, dim=384)
    log_chances(*asked)
    started = time.process_time()
    log_chances(*asked)
    assert time.process_time() - started < 0.25  # about 10 ms, and ten times as much when busy
