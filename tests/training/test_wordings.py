from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirada.evaluation.datasets import CaptionedImage, ImageBytes
from mirada.training import translate
from mirada.training.wordings import wordings_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """What the translator was given, which only changes the case of letters."""
    given: list[list[str]] = []

    def shout(texts: Sequence[str]) -> list[str]:
        given.append(list(texts))
        return [text.upper() for text in texts]

    monkeypatch.setenv("MIRADA_CACHE", str(tmp_path))
    monkeypatch.setattr(translate, "to_spanish", shout)
    monkeypatch.setattr(translate, "apertium_version", lambda: "1")
    return given


def images(tmp_path: Path, *captions: tuple[str, ...]) -> list[CaptionedImage]:
    return [CaptionedImage("a", ImageBytes(tmp_path), own, "d", "") for own in captions]


def test_english_captions_are_the_datasets_own(tmp_path: Path, calls: list[list[str]]) -> None:
    assert wordings_of(images(tmp_path, ("a dog", "dogs")), "en") == [("a dog", "dogs")]
    assert calls == []


def test_a_translation_is_made_once(tmp_path: Path, calls: list[list[str]]) -> None:
    some = images(tmp_path, ("a dog", "dogs"), ("a cat",))
    assert wordings_of(some, "es") == wordings_of(some, "es") == [["A DOG", "DOGS"], ["A CAT"]]
    assert calls == [["a dog", "dogs", "a cat"]]


def test_texts_among_others_are_translated_anew(
    tmp_path: Path, calls: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    wordings_of(images(tmp_path, ("a dog", "dogs")), "es")
    wordings_of(images(tmp_path, ("dogs",)), "es")
    monkeypatch.setattr(translate, "apertium_version", lambda: "2")
    wordings_of(images(tmp_path, ("dogs",)), "es")
    assert calls == [["a dog", "dogs"], ["dogs"], ["dogs"]]
    assert wordings_of([], "es") == []
