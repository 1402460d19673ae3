from __future__ import annotations

import numpy as np
import pytest

from mirada.search.feedback import LIKED, UNLIKED, moved
from mirada.testing import unit

NONE = np.empty((0, 2), np.float32)
X, Y = unit(1, 0), unit(0, 1)


def test_without_pictures_words_stay_where_they_are() -> None:
    assert moved(X, NONE, NONE) is X
    assert moved(None, NONE, NONE) is None


def test_a_liked_picture_draws_the_words_towards_it() -> None:
    np.testing.assert_allclose(moved(X, Y[None], NONE), unit(1, LIKED), atol=1e-6)


def test_an_unliked_picture_pushes_them_away_by_less() -> None:
    np.testing.assert_allclose(moved(X, NONE, Y[None]), unit(1, -UNLIKED), atol=1e-6)


def test_of_many_pictures_the_mean_counts() -> None:
    both = np.stack([X, Y])
    np.testing.assert_allclose(moved(X, both, NONE), unit(1 + LIKED / 2, LIKED / 2), atol=1e-6)
    np.testing.assert_array_equal(moved(X, both, NONE), moved(X, np.tile(both, (9, 1)), NONE))


def test_liked_pictures_need_no_words() -> None:
    np.testing.assert_allclose(moved(None, Y[None], NONE), Y, atol=1e-6)
    np.testing.assert_allclose(moved(None, Y[None], X[None]), unit(-UNLIKED, LIKED), atol=1e-6)


def test_unliked_pictures_alone_say_nothing() -> None:
    assert moved(None, NONE, X[None]) is None


def test_words_that_cancel_out_give_numbers_all_the_same() -> None:
    found = moved(None, X[None], np.stack([X]) * (LIKED / UNLIKED))
    assert found is not None
    assert np.isfinite(found).all()


def test_the_vector_given_is_left_as_it_was() -> None:
    words = X.copy()
    found = moved(words, Y[None], NONE)
    assert words.tolist() == X.tolist()
    assert found is not None
    assert np.linalg.norm(found) == pytest.approx(1)
