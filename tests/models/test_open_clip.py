"""Models of OpenCLIP: what they promise, and that they say what open_clip says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mirada.errors import ConfigError, ModelUnavailable
from mirada.plugins import load_encoder
from mirada.testing import EncoderContract
from mirada.testing.checks import picture

torch = pytest.importorskip("torch")

open_clip = pytest.importorskip("open_clip")

from mirada.models.open_clip import OpenClipEncoder  # noqa: E402
from tests.fake_hub import look_at, serving  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")

HALVES = ("float32", "bfloat16", "float16")
SHAPE = {
    "embed_dim": 32,
    "vision_cfg": {
        "image_size": 32,
        "layers": 2,
        "width": 32,
        "head_width": 16,
        "patch_size": 8,
    },
    "text_cfg": {"context_length": 16, "width": 32, "heads": 2, "layers": 2},
}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny CLIP in open_clip's own format."""
    return write_tiny(tmp_path_factory.mktemp("open") / "tiny")


class TestOpenClipEncoder(EncoderContract):
    @pytest.fixture(scope="class")
    def encoder(self, folder: Path) -> OpenClipEncoder:
        return OpenClipEncoder(folder, batch_size=4)


def test_a_folder_is_loaded_by_name(folder: Path) -> None:
    encoder = load_encoder(f"open-clip:{folder}", {"open-clip": {"batch_size": 3}})
    assert isinstance(encoder, OpenClipEncoder)
    assert encoder.name.startswith("tiny@")
    assert (encoder.dim, encoder.image_size, encoder.batch_size) == (32, 32, 3)


def test_vectors_are_those_of_open_clip(folder: Path) -> None:
    place = f"local-dir:{folder}"
    model, preprocess = open_clip.create_model_from_pretrained(place)
    tokenizer = open_clip.get_tokenizer(place)
    images, texts = [picture(64, 48), picture(37, 90, seed=1)], ["a red ball", "A green BOX"]
    with torch.no_grad():
        seen = model.eval().encode_image(torch.stack([preprocess(one) for one in images]))
        read = model.encode_text(tokenizer(texts))
    encoder = OpenClipEncoder(folder)
    found = (encoder.encode_images(images), encoder.encode_texts(texts))
    for rows, expected in zip(found, (seen, read), strict=True):
        unit = torch.nn.functional.normalize(expected, dim=1).numpy()
        np.testing.assert_allclose(rows, unit, atol=1e-5)


def test_its_scale_is_that_of_its_training(folder: Path) -> None:
    known = OpenClipEncoder(folder).calibration
    assert known.scale == pytest.approx(1 / 0.07, rel=1e-5)  # at which CLIP's training begins
    assert known.temperature == pytest.approx(0.07, rel=1e-5)


def test_other_weights_have_another_name(tmp_path: Path) -> None:
    first = OpenClipEncoder(write_tiny(tmp_path / "tiny")).name
    assert OpenClipEncoder(write_tiny(tmp_path / "tiny")).name == first
    assert OpenClipEncoder(write_tiny(tmp_path / "tiny", seed=1)).name != first


@pytest.mark.parametrize(
    ("name", "dim", "side"),
    [("ViT-B-32/laion2b_s34b_b79k", 512, 224), ("MobileCLIP2-S0/dfndr2b", 512, 256)],
)
def test_known_models_are_described_without_their_weights(name: str, dim: int, side: int) -> None:
    encoder = OpenClipEncoder(name)
    assert (encoder.name, encoder.dim, encoder.image_size) == (name, dim, side)


def test_weights_get_the_activation_that_they_were_trained_with() -> None:
    assert OpenClipEncoder("ViT-B-32/openai").outline.quick_gelu
    assert not OpenClipEncoder("ViT-B-32/laion2b_s34b_b79k").outline.quick_gelu


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ViT-B-3/openai", "no model 'ViT-B-3'.*near: ViT-B-32"),
        ("ViT-B-32", "no model 'ViT-B-32': write ARCHITECTURE/TAG"),
        ("ViT-B-32/laion9", "no weights 'laion9' of ViT-B-32; known: openai"),
    ],
)
def test_a_model_that_does_not_exist_is_told(name: str, message: str) -> None:
    with pytest.raises(ModelUnavailable, match=message):
        OpenClipEncoder(name)


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"cannot be had.*open_clip_config\.json"):
        OpenClipEncoder(tmp_path)


def test_damaged_weights_are_told(tmp_path: Path) -> None:
    place = write_tiny(tmp_path / "tiny")
    weights = place / "open_clip_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelUnavailable, match="cannot be had"):
        OpenClipEncoder(place).encode_texts(["a red ball"])


def test_weights_that_are_missing_are_not_made_up(tmp_path: Path) -> None:
    place = write_tiny(tmp_path / "tiny")
    (place / "open_clip_model.safetensors").unlink()
    with pytest.raises(ModelUnavailable, match="cannot be had"):
        OpenClipEncoder(place).encode_texts(["a red ball"])


def test_a_model_of_the_hub_is_of_one_commit_which_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = "1" * 40, "2" * 40
    with serving() as hub:
        hub.commits = {old: write_tiny(tmp_path / "old"), new: write_tiny(tmp_path / "new", seed=1)}
        hub.branches = {"main": old}
        look_at(hub.url, tmp_path / "hub", monkeypatch)
        encoder = OpenClipEncoder("hf-hub:some/tiny")
        assert encoder.name == f"some/tiny@{old[:12]}"
        hub.branches["main"] = new  # before the weights are fetched
        expected = OpenClipEncoder(tmp_path / "old").encode_texts(["a red ball"])
        np.testing.assert_array_equal(encoder.encode_texts(["a red ball"]), expected)
        hub.asked.clear()
        again = OpenClipEncoder("hf-hub:some/tiny")
        np.testing.assert_array_equal(again.encode_texts(["a red ball"]), expected)
        assert (again.name, hub.asked) == (encoder.name, [])
        moved = OpenClipEncoder("hf-hub:some/tiny@main")
        assert moved.name == f"some/tiny@{new[:12]}"
        assert np.abs(moved.encode_texts(["a red ball"]) - expected).max() > 1e-3


def test_the_scale_is_the_same_in_any_precision(folder: Path) -> None:
    scales = {OpenClipEncoder(folder, precision=one).calibration.scale for one in HALVES}
    assert len(scales) == 1


def test_a_card_that_is_not_there_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="no cuda device here: use cpu or auto"):
        OpenClipEncoder(folder, device="cuda")


def test_batches_that_are_too_large_are_halved(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = OpenClipEncoder(folder, batch_size=4)
    texts = [f"{number} red balls" for number in range(5)]
    expected = encoder.encode_texts(texts)
    model: Any = encoder.towers.model  # type: ignore[attr-defined]
    whole, sizes = model.encode_text, []

    def little_memory(ids: Any) -> Any:
        sizes.append(len(ids))
        if len(ids) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(ids)

    monkeypatch.setattr(model, "encode_text", little_memory)
    np.testing.assert_allclose(encoder.encode_texts(texts), expected, atol=1e-5)
    assert sizes == [4, 2, 2, 1]


def test_without_the_extra_the_message_says_how_to_get_it(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "open_clip.py").write_text("raise ImportError('not installed')\n")
    name = f"open-clip:{folder}"
    script = f"from mirada.plugins import load_encoder; load_encoder({name!r})"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "open-clip needs the extra: pip install 'mirada[open-clip]'" in done.stderr


def write_tiny(folder: Path, *, seed: int = 0) -> Path:
    """A tiny CLIP with random weights in open_clip's own format."""
    from open_clip.transform import PreprocessCfg
    from safetensors.torch import save_file

    folder.mkdir(exist_ok=True)
    torch.manual_seed(seed)
    model = open_clip.CLIP(**SHAPE)
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    told = {"model_cfg": SHAPE, "preprocess_cfg": asdict(PreprocessCfg(size=32))}
    (folder / "open_clip_config.json").write_text(json.dumps(told))
    return folder
