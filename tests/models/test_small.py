from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from mirada.errors import ModelUnavailable
from mirada.models.small import WEIGHTS, SmallEncoder, pixels
from mirada.models.weights import damaged_files, read_manifest
from mirada.protocols import Calibrated, Encoder, Grounded
from mirada.search.grounding import log_chances, margins, shapes
from mirada.testing import GroundedContract, MapEncoderContract
from tests import photos

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = ["a dog in the snow", "un perro en la nieve", "", "🐕" * 3, "word " * 500, "\udcff\x00"]


@pytest.fixture(scope="module")
def encoder() -> SmallEncoder:
    return SmallEncoder()


class TestSmallEncoder(MapEncoderContract):
    pass


class TestItsGrounding(GroundedContract):
    @pytest.fixture
    def grounded(self, encoder: SmallEncoder) -> SmallEncoder:
        return encoder


def test_a_part_shows_what_it_is_sooner_than_something_else(encoder: SmallEncoder) -> None:
    assert isinstance(encoder, Grounded)
    words = encoder.encode_texts(["a dog", "un perro", "a car", "un coche"])
    box = np.array([[[0.2, 0.2, 0.7, 0.8]]] * 4)
    found = log_chances(words, words[:, None], words, box, encoder.grounding)[..., 0]
    assert found[:2, :2].min() > found[:2, 2:].max()
    assert found[2:, 2:].min() > found[2:, :2].max()


def test_few_numbers_of_a_region_stand_for_all_distractors(encoder: SmallEncoder) -> None:
    learnt = encoder.grounding
    assert learnt is not None
    words = encoder.encode_texts(["a dog on grass", "una ciudad de noche", "a plate of food"])
    box = np.array([[0.1, 0.3, 0.5, 0.9]] * 3)

    def fit(texts: np.ndarray) -> np.ndarray:
        answer = words @ learnt.region + words @ learnt.whole
        told = answer @ (texts @ learnt.text).T + shapes(box) @ learnt.shape @ texts.T
        return learnt.sharpness * (words @ texts.T + told) + texts @ learnt.favour

    exact = fit(words) - np.log(np.exp(fit(learnt.distractors)).mean(1))[:, None]
    found = margins(words, words[:, None], words, box[:, None], learnt)[..., 0].T
    np.testing.assert_allclose(found, exact, atol=1)  # log odds; the vectors of texts lie far out


def test_it_is_a_calibrated_encoder(encoder: SmallEncoder) -> None:
    assert isinstance(encoder, Encoder)
    assert isinstance(encoder, Calibrated)
    assert encoder.name.startswith("mirada-small/")


def test_the_shipped_files_are_those_of_the_manifest() -> None:
    assert damaged_files(WEIGHTS) == []


def test_a_vector_does_not_depend_on_its_neighbours(encoder: SmallEncoder) -> None:
    together = encoder.encode_texts(TEXTS)
    alone = np.concatenate([encoder.encode_texts([text]) for text in TEXTS])
    np.testing.assert_array_equal(together, alone)
    images = [photos.flat(), photos.gradient()]
    np.testing.assert_array_equal(
        encoder.encode_images(images)[1:], encoder.encode_images(images[1:])
    )


def test_four_threads_get_the_same_vectors(encoder: SmallEncoder) -> None:
    images = [photos.gradient((40 + 8 * i, 60)) for i in range(8)]
    expected = encoder.encode_images(images)
    words = encoder.encode_texts(TEXTS)
    fresh = SmallEncoder()
    with ThreadPoolExecutor(4) as pool:
        rows = list(pool.map(lambda image: fresh.encode_images([image]), images))
        texts = list(pool.map(lambda text: fresh.encode_texts([text]), TEXTS))
    np.testing.assert_array_equal(np.concatenate(rows), expected)
    np.testing.assert_array_equal(np.concatenate(texts), words)


def test_accents_and_case_do_not_matter(encoder: SmallEncoder) -> None:
    plain, accented = encoder.encode_texts(["un nino en un camion", "Un Niño en un Camión"])
    np.testing.assert_array_equal(plain, accented)


def test_pixels_are_squashed_and_scaled() -> None:
    values = pixels(Image.new("RGB", (9, 4), (127, 255, 0)), 3)
    assert values.shape == (3, 3, 3)
    np.testing.assert_allclose(values[:, 0, 0], [0, 1, -127 / 128])


def test_distractors_are_unit_rows(encoder: SmallEncoder) -> None:
    distractors = encoder.calibration.distractors
    assert distractors.shape[1] == encoder.dim
    np.testing.assert_allclose(np.linalg.norm(distractors, axis=1), 1, atol=1e-5)


def test_importing_the_module_brings_no_runtime() -> None:
    code = (
        "import sys, mirada.models.small;"
        "print([m for m in ('onnxruntime', 'tokenizers', 'torch') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_a_text_never_loads_the_image_tower() -> None:
    encoder = SmallEncoder()
    encoder.encode_texts(["a dog"])
    assert list(encoder._towers) == ["text.onnx"]


def test_a_missing_or_damaged_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no model in .*reinstall"):
        SmallEncoder(tmp_path)
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(ModelUnavailable, match=r"model\.json is damaged"):
        read_manifest(tmp_path)
    (tmp_path / "model.json").write_text(
        '{"name": "a/1", "dim": 2, "image_size": 8, "files": {"b.onnx": ""}, "calibration": {}}'
    )
    with pytest.raises(ModelUnavailable, match=r"b\.onnx is missing"):
        SmallEncoder(tmp_path)


@pytest.mark.parametrize("path", sorted(WEIGHTS.iterdir()), ids=lambda path: path.name)
def test_the_shipped_files_say_nothing_of_the_machine_they_were_made_on(path: Path) -> None:
    content = path.read_bytes()
    assert not any(trace in content for trace in (b"stack_trace", b"site-packages", b"/src/"))
