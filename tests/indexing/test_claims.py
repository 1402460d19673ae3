from __future__ import annotations

import pytest

from mirada.indexing.claims import drops_claim


@pytest.mark.parametrize(
    ("text", "fuller"),
    [
        ("dogs run through the grass", "two dogs run through the grass"),
        ("a dog runs through the grass", "two dogs run through the grass"),
        ("people on a street", "a group of people on a street"),
        ("the dog is running", "3 dogs are running"),
        ("un perro corre", "dos perros corren"),
        ("personas en la calle", "varias personas en la calle"),
    ],
)
def test_a_text_without_the_count_drops_it(text: str, fuller: str) -> None:
    assert drops_claim(text, fuller)
    assert not drops_claim(fuller, text)


@pytest.mark.parametrize(
    ("text", "fuller"),
    [
        ("a man with a hat", "a man with no hat"),
        ("a street", "a street without people"),
        ("un hombre con sombrero", "un hombre sin sombrero"),
        ("a dog is running", "a dog is not running"),
    ],
)
def test_a_text_without_the_negation_drops_it(text: str, fuller: str) -> None:
    assert drops_claim(text, fuller)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("a black dog runs", "two dogs run"),  # it says something else too
        ("one dog", "two dogs"),  # another count is no omission
        ("three dogs", "two dogs"),
        ("a cat", "two dogs"),
        ("a dog", "a dog"),
        ("", ""),
    ],
)
def test_a_text_that_says_something_else_drops_nothing(text: str, other: str) -> None:
    assert not drops_claim(text, other)
