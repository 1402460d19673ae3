"""Pixels for models that others trained."""

from __future__ import annotations

import numpy as np
import pytest

from mirada.models.pixels import Preparation, preparation_of, prepare
from mirada.models.thin import on_grey, stretched, without_ends
from tests import photos

TOLD = {
    "resize": "shortest",
    "size": 4,
    "crop": 2,
    "resample": 0,
    "mean": [0.5, 0.5, 0.5],
    "std": [0.25, 0.5, 1.0],
}


def test_a_strip_loses_its_ends_and_nothing_else_does() -> None:
    strip = photos.flat(photos.BLACK, (4000, 10))
    strip.paste(photos.RED, (1960, 0, 2040, 10))
    middle = without_ends(strip)
    assert middle.size == (80, 10)
    assert middle.getcolors() == [(800, photos.RED)]
    assert without_ends(strip.transpose(2)).size == (10, 80)
    square = photos.flat()
    assert without_ends(square) is square


def test_thin_pictures_are_widened_or_put_on_grey_and_others_stay() -> None:
    strip = photos.flat(photos.RED, (17, 2))
    assert stretched(strip).size == on_grey(strip).size == (17, 3)
    assert stretched(strip).getcolors() == [(51, photos.RED)]
    assert sorted(on_grey(strip).getcolors()) == [(17, (127, 127, 127)), (34, photos.RED)]
    assert on_grey(strip.transpose(2)).size == (3, 17)
    thick = photos.flat(photos.RED, (16, 2))
    assert stretched(thick).size == on_grey(thick).size == (16, 2)


def test_values_are_scaled_by_channel() -> None:
    shown = prepare(photos.flat((255, 0, 255), (8, 12)), preparation_of(TOLD))
    assert shown.shape == (3, 2, 2)
    assert shown.dtype == np.float32
    # (1 - 0.5) / 0.25, (0 - 0.5) / 0.5, (1 - 0.5) / 1
    np.testing.assert_allclose(shown[:, 0, 0], [2, -1, 0.5])


def test_the_middle_is_cut_out_or_the_whole_is_squashed() -> None:
    halves = photos.flat(photos.BLACK, (16, 4))
    halves.paste(photos.WHITE, (8, 0, 16, 4))
    cut = Preparation("shortest", 4, 4, 0, (0.0,) * 3, (1.0,) * 3)
    squashed = Preparation("squash", 4, 4, 0, (0.0,) * 3, (1.0,) * 3)
    halves.paste(photos.RED, (0, 0, 6, 4))  # left of the middle
    np.testing.assert_array_equal(prepare(halves, cut)[0, 0], [0, 0, 1, 1])
    np.testing.assert_array_equal(prepare(halves, squashed)[0, 0], [1, 0, 1, 1])


@pytest.mark.parametrize("wrong", [{"resize": "longest"}, {"crop": 5}, {"crop": 0}])
def test_preprocessing_that_is_unknown_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="unknown preprocessing"):
        preparation_of({**TOLD, **wrong})
