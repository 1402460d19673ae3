"""Dual encoders of Hugging Face: what they promise, and that they say what transformers says."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from mirada.cli import cli
from mirada.errors import ConfigError, ModelUnavailable
from mirada.indexing.verify import load_checker
from mirada.plugins import load_encoder
from mirada.protocols import is_calibrated
from mirada.search.calibrate import confidence
from mirada.testing import EncoderContract
from mirada.testing.checks import picture
from tests import photos

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from mirada.models.hub.encoders import HubEncoder  # noqa: E402
from tests import tiny_duals  # noqa: E402
from tests.tiny_hub import MAKERS  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")

DUAL = ("clip", "siglip", "siglip2", "siglip2-naflex")
WORDS = ["a red ball", "the blue box at the top", "green"]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("hub")
    return {kind: MAKERS[kind](home / kind) for kind in (*DUAL, "blip")}


class TestHubEncoder(EncoderContract):
    @pytest.fixture(scope="module", params=DUAL)
    def encoder(self, request: pytest.FixtureRequest, checkpoints: dict[str, Path]) -> HubEncoder:
        return HubEncoder(checkpoints[request.param], batch_size=4)


def test_a_folder_is_loaded_by_its_configuration(checkpoints: dict[str, Path]) -> None:
    encoder = load_encoder(str(checkpoints["clip"]), {"hub": {"batch_size": 7}})
    assert isinstance(encoder, HubEncoder)
    assert encoder.batch_size == 7
    assert encoder.name.startswith("clip@")
    assert (encoder.dim, encoder.image_size) == (32, 32)


@pytest.mark.parametrize("kind", DUAL)
def test_vectors_are_those_of_transformers(kind: str, checkpoints: dict[str, Path]) -> None:
    import transformers

    place = checkpoints[kind]
    model = transformers.AutoModel.from_pretrained(place).eval()
    processor = transformers.AutoImageProcessor.from_pretrained(place, backend="pil")
    tokenizer = transformers.AutoTokenizer.from_pretrained(place)
    images = [picture(64, 48), picture(37, 90, seed=1)]
    padding = True if kind == "clip" else "max_length"
    ids = tokenizer(WORDS, padding=padding, max_length=16, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        seen = model.get_image_features(**processor(images, return_tensors="pt")).pooler_output
        read = model.get_text_features(input_ids=ids).pooler_output
    encoder = HubEncoder(place)
    for rows, expected in (
        (encoder.encode_images(images), seen),
        (encoder.encode_texts(WORDS), read),
    ):
        unit = torch.nn.functional.normalize(expected, dim=1).numpy()
        np.testing.assert_allclose(rows, unit, atol=1e-5)


@pytest.mark.parametrize("kind", tiny_duals.MAKERS)
def test_any_other_that_puts_both_into_one_space_will_do(kind: str, tmp_path: Path) -> None:
    encoder = HubEncoder(tiny_duals.MAKERS[kind](tmp_path / kind))
    images = [picture(1, 1), picture(2, 900), picture(37, 41)]
    for rows in (
        encoder.encode_images(images),
        encoder.encode_texts(["", "a red ball", "x " * 900]),
    ):
        assert rows.shape == (3, tiny_duals.DIM)
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
        assert np.abs(rows[0] - rows[1]).max() > 1e-3
    assert encoder.calibration.scale > 0


@pytest.mark.parametrize("kind", ["siglip", "siglip2", "siglip2-naflex"])
def test_siglip_reads_capitals_as_it_learnt_to(kind: str, checkpoints: dict[str, Path]) -> None:
    small, large = HubEncoder(checkpoints[kind]).encode_texts(["a red ball", "A Red BALL"])
    np.testing.assert_allclose(small, large, atol=1e-6)


def test_texts_are_cut_where_the_model_ends(checkpoints: dict[str, Path]) -> None:
    long = "red " * 16
    one, other = HubEncoder(checkpoints["siglip"]).encode_texts([long, long + "blue box"])
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_middle_of_a_long_strip_is_seen(checkpoints: dict[str, Path]) -> None:
    strip = photos.flat(photos.BLACK, (4000, 10))
    strip.paste(photos.RED, (1900, 0, 2100, 10))
    encoder = HubEncoder(checkpoints["clip"])
    middle, red, black = encoder.encode_images(
        [strip, photos.flat(photos.RED), photos.flat(photos.BLACK)]
    )
    assert middle @ red > 0.999 > middle @ black


def test_a_text_no_nearer_than_the_distractors_is_as_likely_as_any(
    checkpoints: dict[str, Path],
) -> None:
    encoder = HubEncoder(checkpoints["siglip"])
    known = encoder.calibration
    assert known.scale == pytest.approx(10)  # at which the training of SigLIP begins
    assert known.temperature == pytest.approx(0.1)
    image = encoder.encode_images([picture(64, 48)])
    odds = np.exp(10 * (known.distractors @ image[0]).astype(float))
    level = np.log(odds.mean()) / 10  # of a text just as near as they are
    scores = np.array([level, level + 0.1 * np.log(99)], np.float32)
    sure = confidence(scores, np.repeat(image, 2, axis=0), known)
    np.testing.assert_allclose(sure, [0.01, 0.5], atol=1e-4)  # one in a hundred; 99 times the odds


def test_the_vectors_of_the_distractors_are_kept(
    checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = HubEncoder(checkpoints["siglip"]).calibration.distractors
    again = HubEncoder(checkpoints["siglip"])
    monkeypatch.setattr(again, "encode_texts", lambda texts: pytest.fail("they were read again"))
    np.testing.assert_array_equal(again.calibration.distractors, first)
    exact = HubEncoder(checkpoints["siglip"], precision="bfloat16")
    assert exact.digest != again.digest  # so these are made anew


def test_other_weights_in_the_same_folder_have_another_name(
    checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    place = shutil.copytree(checkpoints["clip"], tmp_path / "clip")
    before = HubEncoder(place)
    assert HubEncoder(place).name == before.name
    _change(place)
    assert HubEncoder(place).name != before.name


def test_other_preprocessing_has_another_digest(
    checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    place = shutil.copytree(checkpoints["clip"], tmp_path / "clip")
    before = HubEncoder(place).digest
    settings = place / "processor_config.json"
    settings.write_text(settings.read_text().replace("0.48145466", "0.5"))
    assert HubEncoder(place).digest != before


def test_a_captioner_is_no_encoder(checkpoints: dict[str, Path]) -> None:
    with pytest.raises(ModelUnavailable, match="may be for a captioner"):
        HubEncoder(checkpoints["blip"])


def test_a_folder_without_a_checkpoint_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="damaged or incomplete"):
        HubEncoder(tmp_path)


def test_weights_that_are_missing_are_not_made_up(
    checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    place = shutil.copytree(checkpoints["clip"], tmp_path / "clip")
    weights = load_file(place / "model.safetensors")
    del weights["visual_projection.weight"]
    save_file(weights, place / "model.safetensors", {"format": "pt"})
    with pytest.raises(
        ModelUnavailable, match=r"lacks 1 weights of an encoder.*visual_projection\.weight"
    ):
        HubEncoder(place).encode_texts(["a red ball"])


def test_weights_of_other_shapes_are_told(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    place = shutil.copytree(checkpoints["clip"], tmp_path / "clip")
    told = json.loads((place / "config.json").read_text())
    told["vision_config"]["patch_size"] = 4
    (place / "config.json").write_text(json.dumps(told))
    with pytest.raises(ModelUnavailable, match="clip is damaged.*have other shapes"):
        HubEncoder(place).encode_texts(["a red ball"])


@pytest.mark.parametrize(
    ("written", "why"),
    [(b"garbage garbage", "hold more than numbers"), (b"", "end too early")],
)
def test_old_weights_that_are_damaged_are_told(
    written: bytes, why: str, checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    place = shutil.copytree(checkpoints["clip"], tmp_path / "clip")
    (place / "model.safetensors").unlink()
    (place / "pytorch_model.bin").write_bytes(written)
    with pytest.raises(ModelUnavailable, match=f"clip is damaged or incomplete: .*{why}"):
        HubEncoder(place).encode_texts(["a red ball"])


def test_weights_that_would_run_code_are_refused(
    checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    place = shutil.copytree(checkpoints["clip"], tmp_path / "clip")
    (place / "model.safetensors").unlink()
    (place / "pytorch_model.bin").write_bytes(pickle.dumps(Running(tmp_path / "ran")))
    with pytest.raises(ModelUnavailable, match="hold more than numbers"):
        HubEncoder(place).encode_texts(["a red ball"])
    assert not (tmp_path / "ran").exists()


class Running:
    """Makes a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("kind", ["clip", "siglip2-naflex"])
def test_a_tokenizer_without_words_is_not_made_up(
    kind: str, checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    place = shutil.copytree(checkpoints[kind], tmp_path / kind)
    (place / "tokenizer.json").unlink()
    with pytest.raises(ModelUnavailable, match=r"lacks the words of its tokenizer"):
        HubEncoder(place).encode_texts(["a red ball"])


def test_probabilities_are_the_same_in_any_precision(
    checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    place = shutil.copytree(checkpoints["clip"], tmp_path / "clip")
    exact, rough = (HubEncoder(place, precision=one) for one in ("float32", "bfloat16"))
    assert rough.calibration.scale == exact.calibration.scale
    assert load_checker(rough).name == load_checker(exact).name  # else captions would be due
    rounded = torch.tensor(exact.calibration.scale).log().bfloat16().exp()
    assert abs(float(rounded) - exact.calibration.scale) > 1e-3  # it would differ


def test_whether_it_is_calibrated_is_told_without_its_weights(
    checkpoints: dict[str, Path],
) -> None:
    encoder = HubEncoder(checkpoints["clip"])
    assert is_calibrated(encoder)
    assert encoder._loaded is None


def test_loading_leaves_logs_and_progress_bars_as_they_were(checkpoints: dict[str, Path]) -> None:
    from huggingface_hub.utils import are_progress_bars_disabled
    from transformers import logging

    def told() -> tuple[int, bool, bool]:
        fetching = not are_progress_bars_disabled()
        return logging.get_verbosity(), logging.is_progress_bar_enabled(), fetching

    logging.set_verbosity_warning()
    encoder = HubEncoder(checkpoints["clip"])
    encoder.encode_texts(["a red ball"])
    assert told() == (logging.WARNING, True, True)
    load = encoder.outline.source.load
    # what is fetched is shown, what is loaded is not; also while another one loads
    within = load(lambda *_, **__: (load(lambda *_, **__: told()), told()))
    assert within == ((logging.ERROR, False, True),) * 2
    assert told() == (logging.WARNING, True, True)


def test_a_processor_is_taken_where_there_is_no_card(
    checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    encoder = HubEncoder(checkpoints["clip"], device="auto")
    assert encoder.outline.device.type == "cpu"
    assert encoder.outline.precision == torch.float32
    with pytest.raises(ConfigError, match="no cuda device here: use cpu or auto"):
        HubEncoder(checkpoints["clip"], device="cuda")
    monkeypatch.setenv("MIRADA_DEVICE", "mps")
    with pytest.raises(ConfigError, match="no mps device here"):
        HubEncoder(checkpoints["clip"])


@pytest.mark.parametrize("wrong", [{"precision": "int3"}, {"batch_size": 0}, {"device": "gpu"}])
def test_wrong_options_are_told(checkpoints: dict[str, Path], wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        HubEncoder(checkpoints["clip"], **wrong)


def test_fewer_bits_change_vectors_little(checkpoints: dict[str, Path]) -> None:
    rows = HubEncoder(checkpoints["clip"], precision="bfloat16").encode_images([picture(64, 48)])
    exact = HubEncoder(checkpoints["clip"]).encode_images([picture(64, 48)])
    assert rows.dtype == np.float32
    assert 0.99 < float(rows[0] @ exact[0]) < 0.9999999


def test_batches_that_are_too_large_are_halved(
    checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = HubEncoder(checkpoints["clip"], batch_size=8)
    images = [picture(24, 18, seed=seed) for seed in range(9)]
    expected = encoder.encode_images(images)
    model: Any = encoder.towers.model  # type: ignore[attr-defined]
    whole, sizes = model.get_image_features, []

    def little_memory(pixel_values: Any) -> Any:
        sizes.append(len(pixel_values))
        if len(pixel_values) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(pixel_values=pixel_values)

    monkeypatch.setattr(model, "get_image_features", little_memory)
    np.testing.assert_allclose(encoder.encode_images(images), expected, atol=1e-5)
    assert sizes == [8, 4, 2, 2, 2, 2, 1]


def test_too_little_memory_for_one_image_is_told(
    checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = HubEncoder(checkpoints["clip"])
    model: Any = encoder.towers.model  # type: ignore[attr-defined]

    def no_memory(pixel_values: Any) -> Any:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1")

    monkeypatch.setattr(model, "get_image_features", no_memory)
    with pytest.raises(ModelUnavailable, match="not enough memory.*smaller model"):
        encoder.encode_images([picture(24, 18)])


def test_what_is_no_number_is_no_vector(
    checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = HubEncoder(checkpoints["clip"])
    nothing = np.full((1, 32), np.nan, np.float32)
    monkeypatch.setattr(encoder.towers, "see", lambda shown: nothing)
    with pytest.raises(ModelUnavailable, match="precision = 'float32'"):
        encoder.encode_images([picture(24, 18)])


def test_threads_that_come_first_load_the_weights_once(checkpoints: dict[str, Path]) -> None:
    encoder = HubEncoder(checkpoints["clip"])
    load, loaded = encoder._load, []

    def counted() -> Any:
        loaded.append(1)
        return load()

    encoder._load = counted
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: encoder.encode_texts(["a red ball"]), range(4)))
    assert len(loaded) == 1


def test_without_the_extra_the_message_says_how_to_get_it(
    checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('not installed')\n")
    script = f"from mirada.plugins import load_encoder; load_encoder({str(checkpoints['clip'])!r})"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ModelUnavailable: hub needs the extra: pip install 'mirada[hub]'" in done.stderr


@pytest.mark.parametrize("kind", ["clip", "siglip2", "siglip2-naflex"])
def test_pictures_are_indexed_and_found_with_it(
    kind: str, checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    place = shutil.copytree(checkpoints[kind], tmp_path / kind)
    album = _album(tmp_path / "album", f"hub:{place}")
    assert "3" in _run("index", album).output
    found = _run("search", "a red ball", "--all", "--home", album / ".mirada", "--json").output
    assert all(name in found for name in ("rose.png", "grass.png", "sea.png"))
    _change(place)
    done = CliRunner().invoke(cli, ["search", "a red ball", "--home", str(album / ".mirada")])
    assert done.exit_code != 0
    assert f"the index holds vectors of {kind}@" in done.output


def _album(folder: Path, encoder: str) -> Path:
    (folder / ".mirada").mkdir(parents=True)
    (folder / ".mirada" / "mirada.toml").write_text(f'encoder = "{encoder}"\n')
    for name, colour in {"rose": photos.RED, "grass": photos.GREEN, "sea": photos.BLUE}.items():
        photos.flat(colour).save(folder / f"{name}.png")
    return folder


def _run(*arguments: object) -> Any:
    done = CliRunner().invoke(cli, [str(one) for one in arguments])
    assert done.exit_code == 0, done.output
    return done


def _change(place: Path) -> None:
    """Give a checkpoint other weights."""
    from safetensors.torch import load_file, save_file

    weights = load_file(place / "model.safetensors")
    weights["logit_scale"] = weights["logit_scale"] + 1
    save_file(weights, place / "model.safetensors", {"format": "pt"})
