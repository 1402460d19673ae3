# ruff: noqa: S101 these are tests
"""What every reranker must keep to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from mirada.protocols import Reranker
from mirada.testing.checks import SIZES, picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEAR = 1e-3  # how far the company in a batch may move a probability

TEXTS = ("a red ball", "un balón rojo", "at the top", "a green box at the bottom of a blue bar")
ODD_TEXTS = ("", " ", "\x00", "🐕‍🦺", "<image>", "<|im_end|>", "[SEP]", "{text}", "word " * 3000)


class RerankerContract:
    """Fixture `reranker`, ready to use."""

    def test_it_is_a_reranker_with_a_name_and_a_side(self, reranker: Reranker) -> None:
        """The name tells its revision; decoding aims at the side."""
        assert isinstance(reranker, Reranker)
        assert reranker.name
        assert reranker.name.strip() == reranker.name
        assert reranker.image_size >= 0

    def test_each_text_gets_a_probability(self, reranker: Reranker) -> None:
        """In order, as float32."""
        check_probabilities(reranker.check(picture(120, 80), TEXTS), len(TEXTS))

    def test_no_texts_get_nothing(self, reranker: Reranker) -> None:
        """As an array of no length."""
        check_probabilities(reranker.check(picture(64, 48), []), 0)

    def test_any_text_is_taken(self, reranker: Reranker) -> None:
        """Empty, very long, or full of what models take for marks of their own."""
        check_probabilities(reranker.check(picture(120, 80), ODD_TEXTS), len(ODD_TEXTS))

    def test_images_may_have_any_size(self, reranker: Reranker) -> None:
        """As small as a pixel, as thin as a line."""
        for size in SIZES:
            check_probabilities(reranker.check(picture(*size), TEXTS[:2]), 2)

    def test_the_company_of_a_text_makes_no_difference(self, reranker: Reranker) -> None:
        """Nor does its place among them."""
        image = picture(120, 80)
        together = reranker.check(image, TEXTS)
        alone = [reranker.check(image, [text])[0] for text in TEXTS]
        np.testing.assert_allclose(together, alone, atol=NEAR)
        np.testing.assert_allclose(reranker.check(image, TEXTS[::-1])[::-1], together, atol=NEAR)

    def test_the_same_question_gets_the_same_answer(self, reranker: Reranker) -> None:
        """Nothing in it is random."""
        image = picture(120, 80)
        np.testing.assert_array_equal(reranker.check(image, TEXTS), reranker.check(image, TEXTS))

    def test_threads_may_share_the_reranker(self, reranker: Reranker) -> None:
        """Each gets the answers to its own questions."""
        images = [picture(120, 80, seed=seed) for seed in range(6)]
        alone = [reranker.check(image, TEXTS[:2]) for image in images]
        with ThreadPoolExecutor(4) as pool:
            shared = list(pool.map(lambda image: reranker.check(image, TEXTS[:2]), images))
        np.testing.assert_allclose(shared, alone, atol=NEAR)

    def test_checked_images_are_left_as_they_were(self, reranker: Reranker) -> None:
        """The caller may go on using them."""
        image = picture(64, 48)
        before = image.tobytes()
        reranker.check(image, TEXTS[:1])
        assert image.tobytes() == before


def check_probabilities(found: NDArray[np.float32], count: int) -> None:
    """Check that these are so many numbers in [0, 1]."""
    assert found.shape == (count,)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert ((found >= 0) & (found <= 1)).all()
