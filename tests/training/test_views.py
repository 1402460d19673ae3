from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from mirada.training.views import show
from tests import photos


def test_the_full_view_is_the_image_itself() -> None:
    image = photos.gradient()
    assert show(image, "full", 0) is image


def test_a_flipped_view_mirrors_left_and_right() -> None:
    image = photos.gradient((6, 4))
    mirrored = np.asarray(image)[:, ::-1]
    np.testing.assert_array_equal(np.asarray(show(image, "flip", 0)), mirrored)


def test_a_crop_keeps_about_half_or_more_and_is_always_the_same() -> None:
    image = photos.gradient((400, 300))
    crops = [show(image, "crop1", row) for row in range(30)]
    shares = [crop.width * crop.height / (400 * 300) for crop in crops]
    assert min(shares) > 0.44
    assert max(shares) < 0.92
    assert show(image, "crop1", 7).tobytes() == crops[7].tobytes()
    assert show(image, "crop2", 7).tobytes() != crops[7].tobytes()


def test_even_one_pixel_can_be_cropped() -> None:
    assert show(photos.flat(size=(1, 1)), "crop1", 3).size == (1, 1)
