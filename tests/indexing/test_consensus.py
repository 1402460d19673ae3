from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirada.indexing.consensus import agreement

TEXTS = st.lists(st.text("ab ", max_size=12), max_size=5)


def test_the_text_that_shares_most_with_the_others_agrees_most() -> None:
    found = agreement(["a man on a bike", "a man rides a bike", "two dogs run"])
    assert found.argmin() == 2
    assert found[2] == 0


def test_equal_texts_agree_fully_and_a_text_alone_with_nobody() -> None:
    assert agreement(["a dog", "a dog"]) == pytest.approx([1, 1])
    assert agreement(["a dog"]) == pytest.approx([0])
    assert agreement([]).shape == (0,)


@given(TEXTS)
def test_agreement_is_a_share_and_two_texts_agree_alike(texts: list[str]) -> None:
    found = agreement(texts)
    assert ((found >= 0) & (found <= 1 + 1e-6)).all()
    if len(texts) == 2:
        assert found[0] == found[1]
