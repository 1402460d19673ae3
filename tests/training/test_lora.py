from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from mirada.cli import cli
from mirada.errors import ConfigError, DatasetError, ModelUnavailable
from mirada.evaluation.datasets import read_dataset
from mirada.training.lora.recipe import LoraRecipe
from mirada.training.recipe import Schedule
from tests.training.tiny import write_shapes

if TYPE_CHECKING:
    from pathlib import Path

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
peft = pytest.importorskip("peft")

from mirada.models.devices import choose_device  # noqa: E402 after the checks for extras
from mirada.training.loop import read_log  # noqa: E402
from mirada.training.lora.data import Pair, draw_epoch  # noqa: E402
from mirada.training.lora.export import sources  # noqa: E402
from mirada.training.lora.job import Job, make_stage, train_lora  # noqa: E402
from mirada.training.lora.losses import owners_of, sigmoid_contrast  # noqa: E402
from mirada.training.lora.models import FAMILIES, load_base  # noqa: E402
from tests import tiny_hub  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # of transformers and peft

RECIPE = LoraRecipe(rank=4, alpha=8, schedule=Schedule(3, 8, 1e-2, averaging=0.5))


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 pictures with two captions each."""
    folder = write_shapes(tmp_path_factory.mktemp("data") / "shapes")
    lines = (folder / "captions.jsonl").read_text().splitlines()[:20]
    (folder / "captions.jsonl").write_text("\n".join(lines))
    return folder


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("hub")
    return {name: make(folder / name) for name, make in tiny_hub.MAKERS.items()}


def make_job(model: Path, shapes: Path, folder: Path, recipe: LoraRecipe = RECIPE) -> Job:
    images = read_dataset(shapes)
    return Job(
        recipe,
        load_base(str(model)),
        images,
        images,
        folder / "work",
        folder / "out",
        False,
        torch.device("cpu"),
        1,
        lambda _: None,
    )


def train(*arguments: str | Path) -> Any:
    return CliRunner().invoke(cli, ["train", "lora", *map(str, arguments), "--device", "cpu"])


def answer(model: Any) -> Any:
    """What a model says to two pictures of noise with six words each."""
    torch.manual_seed(1)
    pixels = torch.randn(2, 3, tiny_hub.SIDE, tiny_hub.SIDE)
    ids = torch.randint(6, 15, (2, 6))
    if model.config.model_type == "blip-2":
        seen = torch.full((2, tiny_hub.QUERIES), model.config.image_token_index)
        ids = torch.cat([seen, ids], 1)
    shaped = {}
    if model.config.model_type == "siglip2":  # sees pictures of any shape, as rows of patches
        pixels = torch.randn(2, 16, 8 * 8 * 3)
        shaped["pixel_attention_mask"] = torch.ones(2, 16, dtype=torch.long)
        shaped["spatial_shapes"] = torch.full((2, 2), 4)
    with torch.inference_mode():
        out = model.eval()(pixel_values=pixels, input_ids=ids, **shaped)
    return out.logits if "logits" in out else torch.cat([out.image_embeds, out.text_embeds])


@pytest.mark.parametrize("name", sorted(tiny_hub.MAKERS))
def test_adapters_overfit_20_images_load_and_merge(
    name: str, hub: dict[str, Path], shapes: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    schedule = ("--rate", "0.02", "--epochs", "20", "--batch", "10", "--patience", "20")
    done = train(
        hub[name], shapes, "--dev", shapes, "--out", out, "--merge", "--rank", "8", "--yes",
        "--threads", "1", *schedule,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "20 images to learn from" in done.output
    assert "weights move" in done.output
    rows = list(read_log(tmp_path / "out.work"))
    assert rows[-1]["loss"] < 0.6 * rows[0]["loss"]

    family = json.loads((hub[name] / "config.json").read_text())["model_type"]
    kind = getattr(transformers, FAMILIES[family].model)
    merged = answer(kind.from_pretrained(out / "merged"))
    base = kind.from_pretrained(hub[name])
    unadapted = answer(base)
    adapted = answer(peft.PeftModel.from_pretrained(base, out / "adapter"))
    assert torch.allclose(adapted, merged, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(unadapted, merged, atol=1e-2)
    transformers.AutoProcessor.from_pretrained(out / "merged")

    told = json.loads((out / "training.json").read_text())
    assert told["base"]["model"] == str(hub[name])
    assert told["base"]["revision"].startswith("sha256:")
    assert told["data"]["train"][0]["images"] == 20
    assert told["dev"]["before"].keys() == told["dev"]["after"].keys()
    assert told["dev"]["before"] != told["dev"]["after"]
    assert told["versions"]["peft"] == peft.__version__


def test_a_run_that_was_killed_ends_with_the_same_weights(
    hub: dict[str, Path], shapes: Path, tmp_path: Path
) -> None:
    whole = make_job(hub["clip"], shapes, tmp_path / "whole")
    stage = make_stage(whole)
    train_lora(whole, stage)

    killed = make_stage(make_job(hub["clip"], shapes, tmp_path / "killed"))
    learn = killed.learn

    def learn_a_while(step: int) -> float:
        if step == killed.epoch_steps + 1:
            raise KeyboardInterrupt
        return learn(step)

    killed.learn = learn_a_while  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        train_lora(make_job(hub["clip"], shapes, tmp_path / "killed"), killed)

    again = make_job(hub["clip"], shapes, tmp_path / "killed")
    resumed = make_stage(again)
    train_lora(again, resumed)
    for one, other in zip(stage.moving, resumed.moving, strict=True):
        assert torch.equal(one, other)


def test_it_stops_when_the_dev_set_gets_no_better(
    hub: dict[str, Path], shapes: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = train(
        hub["blip"], shapes, "--dev", shapes, "--out", out, "--rate", "0", "--epochs", "9",
        "--patience", "2", "--yes", "--threads", "1",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "do not use these adapters" in done.output
    told = json.loads((out / "training.json").read_text())
    assert told["epochs"] == {"run": 3, "kept": 3, "stopped_early": True}


@pytest.mark.parametrize("name", ["blip", "blip-2", "clip", "siglip"])
def test_a_batch_in_pieces_has_the_gradient_of_the_whole(
    name: str, hub: dict[str, Path], shapes: Path, tmp_path: Path
) -> None:
    gradients = []
    for pieces in (1, 3):
        recipe = replace(RECIPE, dropout=0.0, pieces=pieces)
        stage = make_stage(make_job(hub[name], shapes, tmp_path, recipe))
        torch.manual_seed(0)
        with torch.no_grad():
            for weight in stage.moving:
                weight.normal_(std=0.1)
        stage.train(True)
        loss = stage.learn(0)
        gradients.append((loss, [one.grad for one in stage.moving if one.grad is not None]))
    (loss, whole), (same, parts) = gradients
    assert same == pytest.approx(loss, rel=1e-4)
    assert len(whole) == len(parts) > 0
    for one, other in zip(whole, parts, strict=True):
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-5)


def test_products_in_bfloat16_leave_weights_in_float32(
    hub: dict[str, Path], shapes: Path, tmp_path: Path
) -> None:
    exact = make_stage(make_job(hub["clip"], shapes, tmp_path))
    rough = make_stage(make_job(hub["clip"], shapes, tmp_path, replace(RECIPE, bfloat16=True)))
    losses = [stage.loss(0).item() for stage in (exact, rough)]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.1)
    assert {weight.dtype for weight in rough.model.parameters()} == {torch.float32}


def test_work_of_another_run_is_left_alone(
    hub: dict[str, Path], shapes: Path, tmp_path: Path
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "run.json").write_text('{"recipe": "of another"}')
    job = make_job(hub["clip"], shapes, tmp_path)
    with pytest.raises(DatasetError, match="choose another --work"):
        train_lora(job, make_stage(job))


def test_what_is_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="damaged or incomplete"):
        load_base(str(tmp_path))
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelUnavailable, match="family 'bert'.*clip, siglip"):
        load_base(str(tmp_path))


def test_the_sigmoid_loss_judges_each_pair_and_leaves_out_twins() -> None:
    rows = torch.eye(2)
    scale, bias = torch.tensor(10.0), torch.tensor(-5.0)
    each = math.log1p(math.exp(-5))  # logits are 5 on the diagonal, -5 elsewhere
    apart = sigmoid_contrast(rows, rows, torch.tensor([0, 1]), scale, bias)
    assert apart.item() == pytest.approx(2 * each)
    twins = sigmoid_contrast(rows, rows, torch.tensor([0, 0]), scale, bias)
    assert twins.item() == pytest.approx(each)


def test_pairs_with_one_image_or_one_caption_have_one_owner() -> None:
    pairs = [Pair(0, "a dog"), Pair(1, "a cat"), Pair(0, "an animal"), Pair(2, "a cat")]
    assert owners_of(pairs).tolist() == [0, 1, 0, 1]


def test_an_epoch_shows_each_image_once_a_round(shapes: Path) -> None:
    images = read_dataset(shapes)
    once = draw_epoch(images, showings=1, seed=0, epoch=0)
    assert sorted(pair.row for pair in once) == list(range(20))
    assert once == draw_epoch(images, showings=1, seed=0, epoch=0)
    assert once != draw_epoch(images, showings=1, seed=0, epoch=1)
    all_of_them = draw_epoch(images, showings=5, seed=0, epoch=0)
    assert len({(pair.row, pair.caption) for pair in all_of_them}) == len(all_of_them) == 40


def test_sources_keep_human_and_machine_captions_apart(shapes: Path) -> None:
    one, other = read_dataset(shapes)[:2]
    told = sources([replace(one, kind="human"), other])
    assert [(row["caption_kind"], row["images"], row["captions"]) for row in told] == [
        ("human", 1, 2),
        ("unknown", 1, 2),
    ]


def test_a_device_is_asked_for_or_told_by_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MIRADA_DEVICE", "abacus")
    assert choose_device("cpu").type == "cpu"
    with pytest.raises(ConfigError, match="'abacus' is not one of auto, cpu"):
        choose_device()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="no cuda device here"):
        choose_device("cuda")
