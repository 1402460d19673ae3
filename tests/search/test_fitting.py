from __future__ import annotations

import numpy as np
import pytest

from mirada.search.fitting import PRIOR, draw_pairs, fit, reliability, subjects


def unit(rows: np.ndarray) -> np.ndarray:
    scaled = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(scaled, np.float32)


@pytest.fixture
def space() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Queries near to their own image, the images, and distractors."""
    random = np.random.default_rng(0)
    gallery = unit(random.normal(size=(150, 24)))
    queries = unit(gallery + 0.12 * random.normal(size=gallery.shape))
    return queries, gallery, unit(random.normal(size=(30, 24)))


def test_pairs_hold_the_own_image_and_never_count_it_as_another(
    space: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    queries, gallery, _ = space
    pairs = draw_pairs(queries, gallery, range(150), seed=0)
    assert pairs.match.sum() == 150
    assert pairs.weights.sum() == pytest.approx(1)
    assert pairs.weights[pairs.match].sum() == pytest.approx(PRIOR)
    own = np.repeat(np.arange(150), len(pairs.match) // 150)
    same = (pairs.images == gallery[own]).all(axis=1)
    np.testing.assert_array_equal(same, pairs.match)


def test_a_fitted_calibration_tells_own_images_from_others(
    space: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    queries, gallery, distractors = space
    fitted = fit(draw_pairs(queries, gallery, range(150), seed=0), distractors)
    assert fitted.scale > 0
    found = reliability(draw_pairs(queries, gallery, range(150), seed=1), fitted)
    assert found.error < 0.01
    assert sum(weight for *_, weight in found.bins) == pytest.approx(1)


def test_the_subjects_are_many_and_different() -> None:
    assert len(subjects()) > 200
    assert len(set(subjects())) == len(subjects())
