from __future__ import annotations

import pytest

from mirada.evaluation.labels import Likeness, likeness


@pytest.mark.parametrize(
    ("asked", "label"),
    [
        ("dog", "dog"),
        ("dogs", "dog"),  # lemmas count
        ("dog", "puppy"),  # one of its kinds
        ("person", "man"),
        ("ball", "sports ball"),  # its last word
    ],
)
def test_a_label_is_surely_what_was_asked_for(asked: str, label: str) -> None:
    assert likeness(asked, label) is Likeness.SURE


@pytest.mark.parametrize(
    ("asked", "label"),
    [
        ("man", "person"),  # a wider word
        ("boy", "child"),
        ("man", "skateboarder"),
        ("sports ball", "ball"),
    ],
)
def test_a_label_may_be_what_was_asked_for(asked: str, label: str) -> None:
    assert likeness(asked, label) is Likeness.MAYBE


@pytest.mark.parametrize(
    ("asked", "label"),
    [("dog", "cat"), ("man", "woman"), ("boy", "girl"), ("child", "man"), ("dog", "hot dog")],
)
def test_a_label_is_something_else(asked: str, label: str) -> None:
    assert likeness(asked, label) is Likeness.NONE
