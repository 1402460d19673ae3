from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mirada.evaluation import encoding
from mirada.evaluation.datasets import CaptionedImage, read_dataset
from mirada.evaluation.encoding import Telling, encode_images, encode_texts
from mirada.models.small import SmallEncoder
from tests import photos
from tests.fakes import ColourEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mirada.types import Matrix

COLOURS = {"red": photos.RED, "green": photos.GREEN, "blue": photos.BLUE}


class DigestedEncoder(ColourEncoder):
    """Says by what it is decided, and counts the texts it is given."""

    def __init__(self, digest: str = "one") -> None:
        super().__init__()
        self.digest = digest
        self.texts: list[str] = []

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        self.texts += texts
        return super().encode_texts(texts)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRADA_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def images(tmp_path: Path) -> list[CaptionedImage]:
    """Three colours, and the first again under another name."""
    rows = []
    for name, colour in {**COLOURS, "rouge": photos.RED}.items():
        photos.flat(colour).save(tmp_path / f"{name}.png")
        rows.append({"file": f"{name}.png", "captions": [name]})
    (tmp_path / "index.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_dataset(tmp_path)


def test_what_was_encoded_once_is_kept(images: list[CaptionedImage]) -> None:
    first, second = DigestedEncoder(), DigestedEncoder()
    made = encode_images(first, images)
    found = encode_images(second, images[::-1])
    np.testing.assert_array_equal(found.rows, made.rows[::-1])
    assert (first.encoded, second.encoded) == (3, 0)  # two files have the same bytes
    assert (made.cost.made, made.cost.kept) == (3, 1)
    assert (found.cost.made, found.cost.kept, found.cost.seconds) == (0, 4, 0)
    assert found.cost.a_second is None


def test_only_new_texts_are_encoded() -> None:
    encode_texts(DigestedEncoder(), ["red", "blue"])
    encoder = DigestedEncoder()
    found = encode_texts(encoder, ["green", "blue", "green"])
    assert encoder.texts == ["green"]
    np.testing.assert_array_equal(found.rows, encoder.encode_texts(["green", "blue", "green"]))


def test_other_weights_of_the_same_name_find_nothing(images: list[CaptionedImage]) -> None:
    encode_images(DigestedEncoder("one"), images)
    encoder = DigestedEncoder("two")
    encode_images(encoder, images)
    assert encoder.encoded == 3


def test_nothing_is_kept_for_an_encoder_without_a_digest(images: list[CaptionedImage]) -> None:
    encode_images(ColourEncoder(), images)
    encoder = ColourEncoder()
    assert encode_images(encoder, images).cost.made == encoder.encoded == 3


def test_an_interrupted_run_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{name} {number}" for number in range(500) for name in COLOURS]

    class Interrupted(DigestedEncoder):
        def encode_texts(self, texts: Sequence[str]) -> Matrix:
            if len(self.texts) > 1_200:
                raise KeyboardInterrupt
            return super().encode_texts(texts)

    monkeypatch.setattr(encoding, "PORTION", 64)
    monkeypatch.setattr(encoding, "THREADS", 1)
    with pytest.raises(KeyboardInterrupt):
        encode_texts(Interrupted(), texts)
    encoder = DigestedEncoder()
    found = encode_texts(encoder, texts)
    assert 0 < len(encoder.texts) <= 300
    np.testing.assert_array_equal(found.rows, ColourEncoder().encode_texts(texts))


def test_a_long_run_says_at_once_how_long_it_will_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "THREADS", 2)
    told: list[str] = []
    steps: list[int] = []
    texts = [f"red {number}" for number in range(500)]
    found = encode_texts(DigestedEncoder(), texts, Telling(steps.append, told.append))
    (estimate,) = told
    assert re.fullmatch(r"500 texts to encode, about \d+ s", estimate)
    assert sum(steps) == len(texts)
    assert found.cost.a_second is not None
    assert found.cost.a_second > 0


def test_no_inputs_have_no_rows() -> None:
    assert encode_images(DigestedEncoder(), []).rows.shape == (0, 4)
    assert encode_texts(DigestedEncoder(), []).rows.shape == (0, 4)


def test_the_embedded_encoder_has_a_digest_of_its_weights(tmp_path: Path) -> None:
    from mirada.models.small import WEIGHTS
    from mirada.models.weights import MANIFEST, digest_of, read_manifest

    manifest = read_manifest(WEIGHTS)
    assert SmallEncoder().digest == digest_of(manifest)
    content = json.loads((WEIGHTS / MANIFEST).read_text())
    for name in content["files"]:
        (tmp_path / name).touch()

    def digest_with(**changes: object) -> str:
        (tmp_path / MANIFEST).write_text(json.dumps({**content, **changes}))
        return digest_of(read_manifest(tmp_path))

    assert digest_with(calibration={}) == digest_of(manifest)
    assert digest_with(files={**content["files"], "text.onnx": "0"}) != digest_of(manifest)
    assert digest_with(image_size=1) != digest_of(manifest)
