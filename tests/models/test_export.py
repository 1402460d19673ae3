"""Encoders as graphs: they say what the model says, and need neither torch nor transformers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from mirada.cli import cli
from mirada.errors import ConfigError, ModelUnavailable
from mirada.models.exported import ExportedEncoder
from mirada.models.weights import damaged_files
from mirada.plugins import load_encoder
from mirada.testing import EncoderContract
from mirada.testing.checks import picture
from tests import photos
from tests.conftest import command

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("onnxscript")

from mirada.models.hub import export  # noqa: E402
from mirada.models.hub.encoders import HubEncoder  # noqa: E402
from mirada.models.hub.export import export_encoder  # noqa: E402
from tests.tiny_hub import MAKERS  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")

KINDS = ("clip", "siglip2")
SIZES = ((1, 1), (2, 900), (900, 2), (37, 41), (33, 64), (64, 33), (320, 241), (32, 32), (31, 31))
TEXTS = ("a red ball", "", "A Green BOX at the TOP", "red " * 100, "byte \udc80", "ñandú\x00")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("hub")
    return {kind: MAKERS[kind](home / kind) for kind in (*KINDS, "siglip2-naflex")}


@pytest.fixture(scope="module")
def exported(
    checkpoints: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """A folder for each kind, written by the command."""
    home = tmp_path_factory.mktemp("exported")
    for kind in KINDS:
        told = ["models", "export", f"hub:{checkpoints[kind]}", "--out", str(home / kind)]
        done = CliRunner().invoke(cli, told)
        assert done.exit_code == 0, done.output
        assert f"{kind}@" in done.output
    return {kind: home / kind for kind in KINDS}


@pytest.fixture(scope="module")
def openvino(
    checkpoints: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> ExportedEncoder:
    pytest.importorskip("openvino")
    folder = tmp_path_factory.mktemp("openvino") / "clip"
    export_encoder(_exact(checkpoints["clip"]), folder, "openvino")
    assert sorted(path.suffix for path in folder.iterdir() if path.stem in ("image", "text")) == [
        *(".bin", ".bin", ".xml", ".xml"),
    ]
    return ExportedEncoder(folder)


class TestExportedEncoder(EncoderContract):
    @pytest.fixture(scope="module", params=KINDS)
    def encoder(self, request: pytest.FixtureRequest, exported: dict[str, Path]) -> ExportedEncoder:
        return ExportedEncoder(exported[request.param])


class TestOpenvinoEncoder(EncoderContract):
    @pytest.fixture(scope="module")
    def encoder(self, openvino: ExportedEncoder) -> ExportedEncoder:
        return openvino


@pytest.mark.parametrize("kind", KINDS)
def test_vectors_are_those_of_the_model(
    kind: str, checkpoints: dict[str, Path], exported: dict[str, Path]
) -> None:
    _check_agreement(_exact(checkpoints[kind]), ExportedEncoder(exported[kind]))


def test_those_of_openvino_are_too(checkpoints: dict[str, Path], openvino: ExportedEncoder) -> None:
    _check_agreement(_exact(checkpoints["clip"]), openvino)


@pytest.mark.parametrize("kind", KINDS)
def test_its_manifest_leads_to_it(kind: str, exported: dict[str, Path]) -> None:
    encoder = load_encoder(str(exported[kind]), {"exported": {"threads": 2}})
    assert isinstance(encoder, ExportedEncoder)
    assert encoder.name.startswith(f"{kind}@")  # an index made with the model is searched with it
    assert not damaged_files(exported[kind])


def test_a_square_of_another_size_than_the_crop_is_cut(tmp_path: Path) -> None:
    place = MAKERS["clip"](tmp_path / "clip")
    settings = place / "processor_config.json"
    told = json.loads(settings.read_text())
    told["image_processor"]["size"] = {"shortest_edge": 39}
    settings.write_text(json.dumps(told))
    exact = _exact(place)
    assert exact.image_size == 39
    export_encoder(exact, tmp_path / "out")
    _check_agreement(exact, ExportedEncoder(tmp_path / "out"))


def test_damaged_files_are_found(exported: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(exported["clip"], tmp_path / "clip")
    (folder / "tokenizer.json").write_text("{}")
    assert damaged_files(folder) == ["tokenizer.json"]
    (folder / "image.onnx").write_bytes(b"no graph")
    with pytest.raises(ModelUnavailable, match=r"image\.onnx cannot be read.*export it again"):
        ExportedEncoder(folder).encode_images([picture(3, 3)])
    (folder / "text.onnx").unlink()
    with pytest.raises(ModelUnavailable, match=r"text\.onnx is missing: export the model again"):
        ExportedEncoder(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [("preprocessing", {}), ("format", "gguf"), ("dim", "many"), ("texts", {"length": 3})],
)
def test_a_damaged_manifest_is_told(
    key: str, value: Any, exported: dict[str, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(exported["clip"], tmp_path / "clip")
    told = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**told, key: value}))
    with pytest.raises(ModelUnavailable, match=r"model\.json is damaged"):
        ExportedEncoder(folder)


def test_a_folder_without_a_model_and_wrong_threads_are_told(
    exported: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(ModelUnavailable, match="name a folder that `mirada models export` wrote"):
        ExportedEncoder(tmp_path)
    with pytest.raises(ConfigError, match="threads must be 0 or more"):
        ExportedEncoder(exported["clip"], threads=-1)


def test_what_cannot_be_exported_is_told_and_nothing_is_left(
    checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(ModelUnavailable, match="only CLIP, SigLIP and SigLIP 2 of one size"):
        export_encoder(_exact(checkpoints["siglip2-naflex"]), tmp_path / "out")
    with pytest.raises(ConfigError, match="is there already"):
        export_encoder(_exact(checkpoints["clip"]), tmp_path)
    halved = HubEncoder(checkpoints["clip"], device="cpu", precision="bfloat16")
    with pytest.raises(ConfigError, match="precision = 'float32'"):
        export_encoder(halved, tmp_path / "out")
    done = CliRunner().invoke(
        cli, ["models", "export", "mirada-small", "--out", str(tmp_path / "out")]
    )
    assert "mirada-small cannot be exported" in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("part", ["encode_images", "encode_texts"])
@pytest.mark.parametrize(("added", "told"), [(0.001, "0.001"), (np.nan, "nan")])
def test_graphs_that_differ_from_the_model_are_not_kept(
    part: str,
    added: float,
    told: str,
    checkpoints: dict[str, Path],
    exported: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = ExportedEncoder(exported["clip"])  # the graphs that would be written again
    monkeypatch.setattr(export, "_write_graphs", lambda *_: None)
    monkeypatch.setattr(export, "_write_rest", lambda *_: None)
    monkeypatch.setattr(export, "ExportedEncoder", lambda _: written)
    true = getattr(written, part)
    monkeypatch.setattr(written, part, lambda given: true(given) + np.float32(added))
    with pytest.raises(ModelUnavailable, match=f"differ from the model by {told}"):
        export_encoder(_exact(checkpoints["clip"]), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_what_a_model_indexed_is_searched_without_torch(
    checkpoints: dict[str, Path],
    exported: dict[str, Path],
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    album, bare = tmp_path / "album", _without_torch(environment, tmp_path / "site")
    album.mkdir()
    for name, colour in {"rose": photos.RED, "grass": photos.GREEN, "sea": photos.BLUE}.items():
        photos.flat(colour).save(album / f"{name}.png")
    settings = album / ".mirada" / "mirada.toml"
    settings.parent.mkdir()
    settings.write_text(f'encoder = "hub:{checkpoints["clip"]}"\nroles = ["facts"]\n')
    done = CliRunner().invoke(cli, ["index", str(album)])
    assert done.exit_code == 0, done.output
    refused = _run(album, bare, "search", "a red ball")
    assert "needs the extra: pip install 'mirada[hub]'" in refused.stderr
    shutil.copytree(exported["clip"], settings.parent / "small-clip")
    settings.write_text('encoder = "small-clip"\n[models.exported]\nthreads = 2\n')
    found = _run(album, bare, "search", "a red ball", "--all", "--json")
    assert found.returncode == 0, found.stderr
    assert all(name in found.stdout for name in ("rose.png", "grass.png", "sea.png"))


def test_pictures_are_indexed_and_found_without_torch(
    exported: dict[str, Path], environment: dict[str, str], tmp_path: Path
) -> None:
    album, bare = tmp_path / "album", _without_torch(environment, tmp_path / "site")
    album.mkdir()
    photos.flat(photos.RED).save(album / "rose.png")
    settings = album / ".mirada" / "mirada.toml"
    settings.parent.mkdir()
    settings.write_text(f'encoder = "{exported["siglip2"]}"\n')
    done = _run(album, bare, "index", album)
    assert done.returncode == 0, done.stderr
    found = _run(album, bare, "search", "a red ball", "--all", "--json")
    assert found.returncode == 0, found.stderr
    assert "rose.png" in found.stdout


def _exact(place: Path) -> HubEncoder:
    return HubEncoder(place, device="cpu", precision="float32")


def _check_agreement(exact: HubEncoder, written: ExportedEncoder) -> None:
    assert (written.name, written.dim, written.image_size) == (
        *(exact.name, exact.dim, exact.image_size),
    )
    images = [picture(*size, seed=place) for place, size in enumerate(SIZES)]
    found, expected = written.encode_images(images), exact.encode_images(images)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    np.testing.assert_allclose(written.encode_texts(TEXTS), exact.encode_texts(TEXTS), atol=1e-4)
    ours, theirs = written.calibration, exact.calibration
    np.testing.assert_allclose(ours.distractors, theirs.distractors, atol=1e-6)
    assert (ours.temperature, ours.scale) == (theirs.temperature, theirs.scale)


def _without_torch(environment: dict[str, str], site: Path) -> dict[str, str]:
    """An environment in which torch and transformers cannot be imported."""
    site.mkdir()
    for name in ("torch", "transformers"):
        (site / f"{name}.py").write_text(f"raise ImportError('no {name} here')\n")
    path = os.pathsep.join([str(site), environment["PYTHONPATH"]])
    return {**environment, "PYTHONPATH": path}


def _run(
    folder: Path, environment: dict[str, str], *arguments: str | Path
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(arguments),
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
