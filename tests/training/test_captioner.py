from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.training.tiny import write_shapes

if TYPE_CHECKING:
    from pathlib import Path

    from mirada.types import FeatureMap

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from tokenizers import Tokenizer  # noqa: E402 after the check for torch

from mirada.errors import DatasetError, ModelUnavailable  # noqa: E402 after the check for torch
from mirada.evaluation.datasets import LabelledBox, read_dataset  # noqa: E402
from mirada.models.captioners import SmallCaptioner  # noqa: E402
from mirada.models.small import SmallEncoder, open_session  # noqa: E402
from mirada.models.weights import damaged_files, kept_names  # noqa: E402
from mirada.training import captioner, captioner_export, loop  # noqa: E402
from mirada.training.captioner_checks import names_box, said_by  # noqa: E402
from mirada.training.captioner_data import Part, draw_epoch, settle  # noqa: E402
from mirada.training.captioner_model import CaptionDecoder  # noqa: E402
from mirada.training.captioner_reading import read_captioner  # noqa: E402
from mirada.training.captioner_recipe import CaptionerRecipe, DecoderConfig  # noqa: E402
from mirada.training.captioner_rewarded import RewardStage  # noqa: E402
from mirada.training.captioner_stage import CaptionStage  # noqa: E402
from mirada.training.captioner_text import Phrases, encode, learn_pieces, plain  # noqa: E402
from mirada.training.checkpoint import load  # noqa: E402
from mirada.training.recipe import Schedule  # noqa: E402
from mirada.types import WHOLE, Ask, Box  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # torch's exporter warns of its own insides

TINY = CaptionerRecipe(
    languages=("en",),
    pieces=90,
    decoder=DecoderConfig(width=32, layers=1, heads=2, inner=48, length=12),
    dropout=0.0,
    look_dropout=0.0,
    mirrored=0.0,
    schedule=Schedule(30, 12, 1e-2, averaging=0.8),
    further=Schedule(1, 12, 1e-3, averaging=0.8),
    reward=Schedule(3, 12, 1e-3, averaging=0.8),
)
TOP, BOTTOM = Box(0, 0, 1, 0.5), Box(0, 0.5, 1, 1)


@dataclass(frozen=True)
class Seen:
    maps: FeatureMap
    image: None = None


def job(folder: Path, name: str) -> captioner.Job:
    data = folder / "shapes"
    images = [
        replace(
            image,
            boxes=(
                LabelledBox(
                    image.name.split("-")[1], TOP if image.name.endswith("top.png") else BOTTOM
                ),
            ),
        )
        for image in read_dataset(data if data.exists() else write_shapes(data))
    ]
    work = folder / name
    return captioner.Job(
        TINY, SmallEncoder(), images, images, work, work / "out", "tiny/1", 1, lambda _: None
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> captioner.Job:
    made = job(tmp_path_factory.mktemp("tiny"), "whole")
    captioner.train_captioner(made)
    return made


def test_training_learns_what_it_is_shown(trained: captioner.Job) -> None:
    rows = [row for row in loop.read_log(trained.work) if row["stage"] == "captioner"]
    assert len(rows) == TINY.schedule.epochs
    assert rows[-1]["en-human perplexity"] < 0.5 * rows[0]["en-human perplexity"]
    assert rows[-1]["en-phrase perplexity"] < 0.5 * rows[0]["en-phrase perplexity"]


def test_the_model_written_is_one_that_mirada_loads(trained: captioner.Job) -> None:
    model = SmallCaptioner(trained.out)
    assert model.name == "tiny/1"
    assert model.maps_of == trained.encoder.name
    assert damaged_files(trained.out) == []
    encoder = trained.encoder
    maps = [encoder.read_map(image.open(encoder.image_size)) for image in trained.train]
    told = [model.caption(Seen(one), [Ask(WHOLE, "en", 1)])[0][0] for one in maps]
    right = [
        all(word in text for word in image.name.removesuffix(".png").split("-"))
        for text, image in zip(told, trained.train, strict=True)
    ]
    assert sum(right) > 24 / 2  # by chance: 1 of 24


def test_the_reward_follows_and_loses_nothing(trained: captioner.Job) -> None:
    rows = list(loop.read_log(trained.work))
    rewarded = [row["en CIDEr-D"] for row in rows if row["stage"] == "reward"]
    assert len(rewarded) == TINY.reward.epochs
    assert rewarded[-1] >= rewarded[0]
    before = [row for row in rows if row["stage"] == "captioner"][-1]
    assert rows[-1]["en-phrase perplexity"] < 1.2 * before["en-phrase perplexity"]


def test_images_with_a_single_caption_get_no_reward(trained: captioner.Job) -> None:
    lessons, _ = captioner.read_lessons(trained)
    first = replace(lessons.images[0], captions=lessons.images[0].captions[:1])
    some = replace(lessons, images=[first, *lessons.images[1:]])
    tokenizer = Tokenizer.from_file(str(trained.work / "tokenizer.json"))
    model = CaptionDecoder(TINY, tokenizer.get_vocab_size())
    stage = RewardStage(TINY, model, tokenizer, some, lessons)
    assert {showing.row for showing in stage.draw(1)} == set(range(1, len(lessons.images)))
    assert {showing.row for showing in CaptionStage.draw(stage, 1)} == set(range(24))


def test_training_goes_on_from_a_finished_captioner(
    trained: captioner.Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    further = replace(
        trained,
        recipe=CaptionerRecipe(further=TINY.further, reward=TINY.reward),
        work=trained.work.with_name("further"),
        start=trained.out,
    )
    assert captioner.shaped(further).recipe.decoder == TINY.decoder
    monkeypatch.setattr(captioner, "finish", lambda *_: None)
    captioner.train_captioner(further)
    (known, *_) = (row for row in loop.read_log(further.work) if row["stage"] == "captioner")
    last = [row for row in loop.read_log(trained.work) if row["stage"] == "captioner"][-1]
    assert known["en-phrase perplexity"] < 1.5 * last["en-phrase perplexity"]
    with pytest.raises(DatasetError, match="choose another --work"):
        captioner.train_captioner(replace(further, start=None))


def test_the_checks_are_fitted_and_written(trained: captioner.Job) -> None:
    found = json.loads((trained.out / "checks.json").read_text())
    assert set(found) == {trained.encoder.name}
    report = json.loads((trained.work / "checks.json").read_text())
    assert all(0 <= kind["error"] <= 1 for kind in report.values())


def test_a_killed_run_ends_with_the_weights_of_a_whole_one(
    trained: captioner.Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = replace(trained, work=trained.work.with_name("again"))
    monkeypatch.setattr(captioner, "finish", lambda *_: None)  # exporting takes long
    monkeypatch.setattr(loop, "SECONDS_A_CHECKPOINT", 0.0)
    note, steps = loop.Average.add, 0

    def killed(average: loop.Average, weights: object) -> None:
        nonlocal steps
        steps += 1
        if steps == 31:  # in the middle of an epoch
            raise KeyboardInterrupt
        note(average, weights)  # type: ignore[arg-type]

    monkeypatch.setattr(loop.Average, "add", killed)
    with pytest.raises(KeyboardInterrupt):
        captioner.train_captioner(again)
    monkeypatch.setattr(loop.Average, "add", note)
    captioner.train_captioner(again)
    for stage in ("captioner", "reward"):
        whole, parted = (load(made.work / f"{stage}.pt") for made in (trained, again))
        assert whole["step"] == parted["step"]
        for kind in ("weights", "mean"):
            for one, other in zip(whole[kind], parted[kind], strict=True):
                torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_a_work_folder_of_another_recipe_is_refused(trained: captioner.Job) -> None:
    with pytest.raises(DatasetError, match="choose another --work"):
        captioner.train_captioner(replace(trained, recipe=replace(TINY, seed=1)))


def test_the_cost_is_told_before_the_start(trained: captioner.Job) -> None:
    assert captioner.estimate(trained).startswith("24 images, 48 captions: about")


def test_a_captioner_read_back_has_the_weights_it_was_written_with(tmp_path: Path) -> None:
    torch.manual_seed(0)
    tokenizer = learn_pieces(["a dog runs", "a man"] * 3, ("en",), 90)
    recipe = replace(TINY, pieces=tokenizer.get_vocab_size())
    model = CaptionDecoder(recipe, recipe.pieces)
    for weight in model.parameters():  # norms that are alike are stored once
        torch.nn.init.normal_(weight)
    captioner_export.write_captioner(
        tmp_path,
        model=model,
        tokenizer=tokenizer,
        recipe=recipe,
        name="tiny/1",
        maps_of="maps/1",
        about={},
        bits=32,
    )
    found = read_captioner(tmp_path, CaptionerRecipe())
    assert (found.name, found.maps_of, found.recipe.decoder) == ("tiny/1", "maps/1", TINY.decoder)
    for name, weight in model.state_dict().items():
        torch.testing.assert_close(found.model.state_dict()[name], weight)


def test_a_folder_without_a_captioner_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=str(tmp_path)):
        read_captioner(tmp_path, TINY)


def test_exported_steps_compute_what_torch_does(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model, config = CaptionDecoder(TINY, 90).eval(), TINY.decoder
    captioner_export.export_cells(model, tmp_path / "cells.onnx", bits=32)
    captioner_export.export_words(model, tmp_path / "words.onnx", bits=32)
    cells = torch.randn(4, config.grid**2, config.channels)
    ids = torch.randint(2, 90, (4, 5))
    with torch.inference_mode():
        expected = model.score(model(ids, model.see(cells))).numpy()
    seen = open_session(tmp_path / "cells.onnx").run(None, {"cells": cells.numpy()})
    words = open_session(tmp_path / "words.onnx")
    part = config.width // config.heads
    shapes = [(4, config.heads, part, config.length), (4, config.heads, config.length, part)]
    past = [np.zeros(shape, np.float32) for _ in range(config.layers) for shape in shapes]
    for place in range(5):
        given = {
            "ids": ids[:, place].numpy(),
            "place": np.eye(config.length, dtype=np.float32)[place],
            **dict(zip(kept_names("past", config.layers), past, strict=True)),
            **dict(zip(kept_names("seen", config.layers), seen, strict=True)),
        }
        logits, kept = words.run(None, given)
        np.testing.assert_allclose(logits, expected[:, place], atol=1e-3)
        for layer in range(config.layers):
            past[2 * layer][:, :, :, place] = kept[layer, 0]
            past[2 * layer + 1][:, :, place] = kept[layer, 1]


def test_phrases_take_adjectives_but_no_counts() -> None:
    captions = ["A brown dog and a red ball.", "Two brown dogs.", "A dog has a ball"]
    phrases = Phrases([(captions, {"dog", "ball"})] * 3)
    assert phrases.of("dog", captions) == ["a brown dog", "a dog"]
    assert phrases.of("ball", ["A red and brown ball", "Balls"]) == ["a red and brown ball"]
    assert phrases.of("cat", captions) == []


def test_a_phrase_that_two_boxes_share_goes_to_the_one_that_it_fits() -> None:
    parts = [Part(TOP, ("a dog", "a black dog")), Part(BOTTOM, ("a dog", "a black dog"))]
    scores = np.array([[0.1, 0.1], [0.9, 0.9]], np.float32)
    found = settle(parts, lambda boxes, texts: scores)
    assert [part.phrases for part in found] == [("a dog",), ("a dog", "a black dog")]


def test_texts_are_plain_and_come_back_from_their_pieces() -> None:
    assert plain('A "T-shirt", the man\'s .') == "a t-shirt, the man's"
    tokenizer = learn_pieces(["un niño corre", "a dog runs"] * 5, ("en", "es"), 80)
    pieces = encode(tokenizer, ["Un niño corre."])["Un niño corre."]
    assert tokenizer.decode(pieces[:-1]).strip() == "un niño corre"
    assert tokenizer.id_to_token(pieces[-1]) == "<end>"


def test_an_epoch_is_the_same_for_the_same_seed(trained: captioner.Job) -> None:
    lessons, _ = captioner.read_lessons(trained)
    first = draw_epoch(lessons, TINY, 3)
    assert first == draw_epoch(lessons, TINY, 3)
    assert first != draw_epoch(lessons, TINY, 4)
    assert {text.kind for showing in first for text in showing.texts} == {"human", "phrase"}


def test_what_fits_is_what_people_say() -> None:
    people = ["A brown dog runs.", "A dog in the grass"]
    assert said_by("the dogs are running", people)
    assert not said_by("a cat sleeps on a couch", people)
    assert not said_by("", people)


def test_a_phrase_names_a_box_in_the_same_place(trained: captioner.Job) -> None:
    image = replace(trained.train[0], boxes=(LabelledBox("dog", TOP),))
    assert names_box("two brown dogs", TOP, image)
    assert not names_box("a brown dog", BOTTOM, image)
    assert not names_box("a dog collar", TOP, image)
