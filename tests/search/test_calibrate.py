from __future__ import annotations

import numpy as np
import pytest

from mirada.search.calibrate import confidence, margin
from mirada.types import Calibration

AXES = np.eye(3, dtype=np.float32)
CALIBRATION = Calibration(AXES[1:], temperature=0.05, scale=10.0, offset=-5.0, prior=0.01)


def test_an_image_near_to_no_distractor_keeps_its_score() -> None:
    found = margin(np.array([0.5], np.float32), AXES[:1], CALIBRATION)
    assert found == pytest.approx([0.5])


def test_an_image_near_to_every_text_is_believed_less() -> None:
    hub = np.array([[0.6, 0.8, 0]], np.float32)
    images = np.concatenate([AXES[:1], hub])
    alone, crowded = confidence(np.array([0.6, 0.6], np.float32), images, CALIBRATION)
    assert alone == pytest.approx(1 / (1 + np.exp(-1)), abs=1e-4)
    assert crowded < 0.01


def test_confidence_rises_with_the_score_and_stays_a_probability() -> None:
    scores = np.linspace(-1, 1, 9).astype(np.float32)
    found = confidence(scores, np.repeat(AXES[:1], 9, axis=0), CALIBRATION)
    assert (np.diff(found) > 0).all()
    assert found.min() >= 0
    assert found.max() <= 1


def test_no_images_give_no_confidence() -> None:
    nothing = confidence(np.empty(0, np.float32), np.empty((0, 3), np.float32), CALIBRATION)
    assert nothing.shape == (0,)
