from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from mirada.vocabulary.remembered import TextVectors
from tests.fakes import ColourEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.types import Matrix


class Counting(ColourEncoder):
    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        self.asked += texts
        return super().encode_texts(texts)


def test_vectors_are_those_of_the_encoder_in_order() -> None:
    remembered, texts = TextVectors(ColourEncoder()), ["red", "blue", "red", "green"]
    for _ in range(2):
        np.testing.assert_array_equal(remembered(texts), ColourEncoder().encode_texts(texts))
    assert remembered([]).shape == (0, ColourEncoder().dim)


def test_a_text_is_encoded_once_while_it_is_remembered() -> None:
    encoder = Counting()
    remembered = TextVectors(encoder, most=2)
    remembered(["red", "blue", "red"])
    remembered(["red"])
    assert encoder.asked == ["red", "blue"]
    remembered(["green"])  # blue was used longest ago
    remembered(["red", "blue"])
    assert encoder.asked == ["red", "blue", "green", "blue"]


def test_threads_may_share_it() -> None:
    remembered = TextVectors(ColourEncoder(), most=3)
    texts = ["red", "green", "blue", "black", "white"]
    expected = ColourEncoder().encode_texts(texts)
    with ThreadPoolExecutor(4) as pool:
        for rows in pool.map(remembered, [texts] * 50):
            np.testing.assert_array_equal(rows, expected)
