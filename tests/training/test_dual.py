from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.training.tiny import TINY, write_shapes

if TYPE_CHECKING:
    from pathlib import Path

    from mirada.training.recipe import Recipe

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from mirada.errors import DatasetError, ModelUnavailable  # noqa: E402 after the check for torch
from mirada.evaluation.datasets import read_dataset  # noqa: E402
from mirada.models.small import SmallEncoder, open_session, pixels  # noqa: E402
from mirada.training import dual, export, loop  # noqa: E402
from mirada.training.recipe import LITE2  # noqa: E402
from mirada.training.start import load_towers, shaped_as  # noqa: E402
from mirada.training.text import encode_ids  # noqa: E402
from mirada.training.towers import Dual  # noqa: E402
from mirada.training.vision import Trunk  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # torch's exporter warns of its own insides


def job(folder: Path, name: str, recipe: Recipe = TINY) -> dual.Job:
    data = folder / "shapes"
    images = read_dataset(data if data.exists() else write_shapes(data))
    work = folder / name
    return dual.Job(recipe, images, images, work, work / "out", "tiny/1", 1, lambda _: None)


def recalls(work: Path, stage: str) -> list[list[float]]:
    return [row["shapes en"] for row in loop.read_log(work) if row["stage"] == stage]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dual.Job:
    made = job(tmp_path_factory.mktemp("tiny"), "whole")
    dual.train_dual(made)
    return made


def test_training_learns_what_it_is_shown(trained: dual.Job) -> None:
    rows = recalls(trained.work, "joint")
    assert len(rows) == TINY.joint.epochs
    assert rows[-1][1] > 2 * 100 * 5 / 24  # R@5, against that of chance
    assert rows[-1][2] > rows[0][2]


def test_the_model_written_is_one_that_mirada_loads(trained: dual.Job) -> None:
    encoder = SmallEncoder(trained.out)
    assert encoder.name == "tiny/1"
    assert encoder.encode_texts(["a red ball"]).shape == (1, TINY.dim)
    assert encoder.encode_images([trained.train[0].open(32)]).shape == (1, TINY.dim)
    assert encoder.calibration.scale > 0
    about = json.loads((trained.out / "model.json").read_text())
    assert about["trained_on"] == {"shapes": 24}
    assert set(about["files"]) == {
        "image.onnx", "head.onnx", "text.onnx", "tokenizer.json", "distractors.npy"
    }  # fmt: skip


def test_a_killed_run_ends_with_the_weights_of_a_whole_one(
    trained: dual.Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = replace(trained, work=trained.work.with_name("again"), out=trained.work / "again-out")
    again.work.mkdir()  # equal counts of word pieces are broken by chance: take the same pieces
    shutil.copy(trained.work / "tokenizer.json", again.work)
    monkeypatch.setattr(loop, "SECONDS_A_CHECKPOINT", 0.0)
    note, steps = loop.Average.add, 0

    def killed(average: loop.Average, weights: object) -> None:
        nonlocal steps
        steps += 1
        if steps == 31:  # in the middle of an epoch of the last stage
            raise KeyboardInterrupt
        note(average, weights)  # type: ignore[arg-type]

    monkeypatch.setattr(loop.Average, "add", killed)
    with pytest.raises(KeyboardInterrupt):
        dual.train_dual(again)
    monkeypatch.setattr(loop.Average, "add", note)
    dual.train_dual(again)
    for file in ("image.onnx", "head.onnx", "text.onnx"):
        assert (again.out / file).read_bytes() == (trained.out / file).read_bytes()
    assert recalls(again.work, "joint") == recalls(trained.work, "joint")


def test_a_finished_run_started_again_trains_nothing(
    trained: dual.Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (trained.out / "image.onnx").read_bytes()
    monkeypatch.setattr(loop.Average, "add", lambda *_: pytest.fail("a step was made"))
    dual.train_dual(trained)
    assert (trained.out / "image.onnx").read_bytes() == before


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_a_finished_model_comes_back_as_it_was_stored(
    trained: dual.Job, tmp_path: Path, bits: int
) -> None:
    stored = replace(trained, out=tmp_path, bits=export.Bits(bits, 32 if bits == 32 else 8))
    dual.train_dual(stored)
    deeper = replace(TINY, cut=2)
    assert shaped_as(tmp_path, replace(deeper, dim=99, vision=LITE2)) == deeper
    trunk, model, tokenizer = load_towers(tmp_path, deeper)
    encoder = SmallEncoder(tmp_path)
    shown = pixels(trained.train[0].open(48), encoder.image_size)[None]
    with torch.inference_mode():
        maps = model.eval().tail(trunk.eval()(torch.from_numpy(shown)))[0].numpy()
        ids = [tokenizer.encode("a red ball").ids]
        sentence = torch.nn.functional.normalize(encode_ids(model.text, ids), dim=-1)
        said = model.place_texts(sentence)[0].numpy()
    seen = encoder.read_map(trained.train[0].open(48)).transpose(2, 0, 1)
    assert np.allclose(maps, seen, atol=1e-4)
    assert said @ encoder.encode_texts(["a red ball"])[0] > (0.9999 if bits == 32 else 0.98)
    assert model.scale.item() == pytest.approx(
        json.loads((tmp_path / "model.json").read_text())["dev_recall_float32"]["factor"], abs=0.01
    )


def test_training_goes_on_from_a_finished_model(trained: dual.Job, tmp_path: Path) -> None:
    more = replace(trained, work=tmp_path / "work", out=tmp_path / "out", start=trained.out)
    dual.train_dual(more)
    rows = list(loop.read_log(more.work))
    assert [row["stage"] for row in rows] == ["tail"] * 2 + ["settle"] * 2
    assert rows[0]["shapes en"][2] > 2 * 100 * 10 / 24 * 0.9  # not from nothing
    with pytest.raises(DatasetError, match="another beginning"):
        dual.train_dual(replace(more, start=None))


def test_a_folder_without_a_model_is_no_beginning(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="give a folder made by `mirada train dual`"):
        shaped_as(tmp_path, TINY)


def test_a_work_folder_of_another_recipe_is_refused(trained: dual.Job) -> None:
    with pytest.raises(DatasetError, match="another recipe, other images or another"):
        dual.train_dual(replace(trained, recipe=replace(TINY, seed=1)))


def test_exported_graphs_compute_what_torch_does(trained: dual.Job, tmp_path: Path) -> None:
    torch.manual_seed(0)
    trunk, model = Trunk(TINY.vision, TINY.cut).eval(), Dual(TINY, 40).eval()
    export.export_image(trunk, model, 32, tmp_path / "image.onnx", bits=32)
    export.export_head(model, tmp_path / "head.onnx", bits=32)
    export.export_text(model, tmp_path / "text.onnx", bits=32)
    shown = pixels(trained.train[0].open(32), 32)[None]
    ids = np.array([[2, 7, 9, 11, 3]])
    with torch.inference_mode():
        image = model.image_head(model.pool(trunk(torch.from_numpy(shown))))
        mask = torch.ones(1, 5)
        sentence = torch.nn.functional.normalize(model.text(torch.from_numpy(ids), mask), dim=-1)
        text = model.place_texts(sentence)
    (maps,) = open_session(tmp_path / "image.onnx").run(None, {"pixels": shown})
    pooled = (maps**1.5).mean((2, 3)) ** (2 / 3)
    (found,) = open_session(tmp_path / "head.onnx").run(None, {"pooled": pooled})
    np.testing.assert_allclose(found, image.numpy(), atol=1e-3)
    twice = open_session(tmp_path / "head.onnx").run(None, {"pooled": np.repeat(pooled, 3, 0)})[0]
    np.testing.assert_allclose(twice, np.repeat(found, 3, 0), atol=1e-6)
    (found,) = open_session(tmp_path / "text.onnx").run(None, {"ids": ids})
    np.testing.assert_allclose(found, text.numpy(), atol=1e-3)


def test_the_image_graph_takes_larger_pixels_for_regions(trained: dual.Job) -> None:
    encoder = SmallEncoder(trained.out)
    assert encoder.image_size == TINY.vision.seen_size == 44
    maps = encoder.read_map(trained.train[0].open(64))
    assert maps.shape == (11, 11, 32)  # one cell for each 4 pixels: two strides of 2


@pytest.mark.parametrize("bits", [16, 8])
def test_narrow_image_weights_stay_near_the_wide_ones(tmp_path: Path, bits: int) -> None:
    torch.manual_seed(0)
    trunk, model = Trunk(TINY.vision, TINY.cut).eval(), Dual(TINY, 40).eval()
    rows = []
    for stored in (32, bits):
        export.export_image(trunk, model, 32, tmp_path / "image.onnx", bits=stored)
        shown = np.linspace(-1, 1, 3 * 32 * 32, dtype=np.float32).reshape(1, 3, 32, 32)
        rows.append(open_session(tmp_path / "image.onnx").run(None, {"pixels": shown})[0].ravel())
    assert float(np.corrcoef(rows)[0, 1]) > 0.999


def test_the_cost_is_told_before_the_start(trained: dual.Job) -> None:
    assert dual.estimate(trained).startswith("24 images, 48 captions: about")
