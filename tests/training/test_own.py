"""The embedded model, trained on with the user's own pictures."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from tests.training.tiny import TINY, write_shapes

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

import mirada  # noqa: E402 after the check for torch
from mirada import switching  # noqa: E402
from mirada.cli.train_own import run_own  # noqa: E402
from mirada.errors import DatasetError, StoreError  # noqa: E402
from mirada.evaluation.compared import compare  # noqa: E402
from mirada.evaluation.datasets import read_dataset  # noqa: E402
from mirada.judging.judgements import Judgement  # noqa: E402
from mirada.models.small import SmallEncoder  # noqa: E402
from mirada.tagging.decisions import Decisions, save_decisions  # noqa: E402
from mirada.training import dual, loop  # noqa: E402
from mirada.training.own import examples, verdict  # noqa: E402
from mirada.training.own.batches import neighbour_order  # noqa: E402
from mirada.training.own.heads import blend, fold, former_weights, let_move  # noqa: E402
from mirada.training.own.recipe import LOW_RANK, OwnRecipe  # noqa: E402
from mirada.training.own.stage import fits, fitting, no_negatives  # noqa: E402
from mirada.training.recipe import Schedule  # noqa: E402
from mirada.training.towers import Dual  # noqa: E402
from mirada.types import Caption, ImageRecord, Metadata, SourceFile, Tag  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.store.lance import LanceStore

pytestmark = pytest.mark.filterwarnings("ignore")  # torch's exporter warns of its own insides

RECIPE = OwnRecipe(
    held_out=0.3,
    near=0.1,
    broad=8,
    blend=1,  # 5 pictures to stop by and 18 to judge by leave little room
    patience=40,
    schedule=Schedule(40, 8, 1e-2, averaging=0.9),
)
WORDS = {
    ("bar", "blue"): (220, 30, 30),
    ("ball", "red"): (30, 180, 30),
    ("box", "green"): (30, 30, 220),
    ("top", "white"): (128, 128, 128),
}
NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows shapes, colours and places."""
    folder = tmp_path_factory.mktemp("start")
    images = read_dataset(write_shapes(folder / "shapes"))
    work = folder / "work"
    dual.train_dual(dual.Job(TINY, images, images, work, work / "out", "tiny/1", 1, lambda _: None))
    return work / "out"


@pytest.fixture
def album(tmp_path: Path, start: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """60 pictures of colours, indexed with that model; each has two tags that a person gave.

    They are words of the model's, for other things than it has learnt.
    """
    folder = tmp_path / "album"
    (folder / ".mirada").mkdir(parents=True)
    random = np.random.default_rng(0)
    for number in range(60):
        name, colour = list(WORDS.items())[number % len(WORDS)]
        noisy = np.array(colour) + random.normal(0, 25, (40, 40, 3))
        picture = Image.fromarray(noisy.clip(0, 255).astype(np.uint8))
        picture.save(folder / f"{name[0]}-{number}.png")
    settings = f'encoder = "{start.as_posix()}"\nroles = ["facts", "tags", "phrases"]\n# mine\n'
    (folder / ".mirada" / "mirada.toml").write_text(settings)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("MIRADA_HOME", raising=False)
    store = index(folder)
    for name in WORDS:
        named = [
            one.image_id for one in store.get(store.ids()) if one.path.stem.startswith(name[0])
        ]
        save_decisions(store, named, Decisions(add=name))
    return folder


def index(folder: Path) -> LanceStore:
    collection = mirada.open(folder)
    collection.index()
    return collection.store


def tuned(out: Path, recipe: OwnRecipe = RECIPE, dev: Path | None = None, **more: object) -> None:
    run_own(
        recipe, None, dev, home=None, out=out, work=out.with_name("w"), threads=1, yes=True, **more
    )  # type: ignore[arg-type]


def record(number: int, **known: object) -> ImageRecord:
    file = SourceFile(Path(f"/photos/{number}.jpg"), 1, 1)
    return ImageRecord(f"{number:064x}", (file,), 1, 1, "JPEG", NOW, **known)  # type: ignore[arg-type]


def judged(number: int, query: str, grade: int) -> Judgement:
    return Judgement(query, query, f"{number:064x}", grade, "ana", NOW)


def said(found: examples.Examples) -> list[list[tuple[str, str]]]:
    return [[(one.text, one.origin) for one in picture.said] for picture in found.pictures]


def test_only_what_people_said_of_a_picture_is_learnt() -> None:
    found = examples.of_collection(
        [
            record(
                1,
                metadata=Metadata(title="IMG_0001", description="Ana at the lake"),
                tags=(
                    Tag("dog", 0.9, "model", "accepted"),
                    Tag("lake", 1.0, "user", "accepted"),
                    Tag("cat", 0.8, "model"),
                    Tag("car", 0.7, "user", "rejected"),
                ),
                captions=(Caption("a dog in water", "en", 0.9),),
            ),
            record(2, captions=(Caption("a cat", "en", 0.9),)),
            record(3, metadata=Metadata(description="a red car"), captions=(
                Caption("a red car", "en", 0.5),
            )),
        ],
        [judged(2, "a cat", 2), judged(1, "a cat", 0), judged(9, "a cat", 2), judged(3, "x", 1)],
    )  # fmt: skip
    assert said(found) == [
        [("Ana at the lake", examples.DESCRIPTION), ("a photo of a dog, lake", examples.TAGS)],
        [("a cat", examples.JUDGEMENT)],
    ]
    assert found.pictures[0].unfit == {"a cat"}
    assert found.left_out == {examples.MACHINE: 2, examples.SILENT: 1, examples.ELSEWHERE: 1}


def test_captions_of_a_dataset_that_machines_wrote_are_left_out(tmp_path: Path) -> None:
    images = read_dataset(write_shapes(tmp_path / "shapes"))
    images = [
        replace(one, kind="machine" if row < 4 else "human") for row, one in enumerate(images)
    ]
    found = examples.of_dataset(images)
    assert (len(found.pictures), found.left_out) == (20, {examples.MACHINE: 8})


def test_no_picture_is_in_two_parts_whatever_their_order() -> None:
    shown = [record(n, metadata=Metadata(description=f"photo number {n}")) for n in range(40)]
    found = examples.of_collection(shown)
    recipe = OwnRecipe(held_out=0.25, watched=0.2)
    parts = examples.divide(found, recipe)
    names = [{one.image.name for one in part.pictures} for part in parts]
    assert [len(part) for part in names] == [24, 6, 10]
    assert len(set.union(*names)) == 40
    turned = examples.divide(examples.Examples(found.pictures[::-1]), recipe)
    assert [{one.image.name for one in part.pictures} for part in turned] == names


def test_too_few_pictures_say_what_to_do() -> None:
    with pytest.raises(DatasetError, match="only 1 pictures have a text by people, 20 are needed"):
        examples.divide(
            examples.of_collection([record(1, metadata=Metadata(title="Sunset"))]), OwnRecipe()
        )


def test_alike_pictures_come_together_and_each_comes_once() -> None:
    angles = np.array([0.0, 3.0, 0.1, 3.1, 0.2, 3.2])
    vectors = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    order = neighbour_order(vectors, 3, np.random.default_rng(0))
    assert sorted(order) == [0, 1, 2, 3, 4, 5]
    assert {frozenset(order[:3].tolist()), frozenset(order[3:].tolist())} == {
        frozenset({0, 2, 4}),
        frozenset({1, 3, 5}),
    }


def test_a_picture_with_all_tags_of_a_text_is_no_negative_of_it() -> None:
    dog, wet_dog, cat = examples.of_collection(
        [
            record(n, tags=tuple(Tag(name, 1.0, "user", "accepted") for name in names))
            for n, names in enumerate([("dog",), ("dog", "lake"), ("cat",)])
        ]
    ).pictures
    texts = [picture.said[0] for picture in (dog, wet_dog, cat)]
    assert no_negatives([dog, wet_dog, cat], texts).tolist() == [
        [False, False, False],
        [True, False, False],
        [False, False, False],
    ]
    assert fitting([dog, wet_dog, cat]) == [[0, 1], [1], [2]]
    assert not fits(dog, wet_dog.said[0])


def test_low_rank_products_begin_with_nothing_and_are_folded_away() -> None:
    torch.manual_seed(0)
    model = Dual(TINY, 40).eval()
    shown = torch.randn(3, TINY.vision.head)
    before, names = model.image_head(shown), set(model.state_dict())
    moving = let_move(model, replace(RECIPE, adapt=LOW_RANK, rank=2))
    assert torch.allclose(model.image_head(shown), before)
    with torch.no_grad():
        for weight in moving:
            weight.add_(0.1)
    changed = model.image_head(shown)
    assert not torch.allclose(changed, before)
    fold(model)
    assert torch.allclose(model.image_head(shown), changed, atol=1e-6)
    assert set(model.state_dict()) == names


def test_blended_heads_lie_between_the_former_and_the_learnt_ones() -> None:
    model = Dual(TINY, 40).eval()
    former = former_weights(model)
    with torch.no_grad():
        model.image_head.down.bias.add_(1)
    blend(model, former, 0.6)
    assert any(
        torch.allclose(model.image_head.down.bias, before + 0.6)
        for before in former
        if before.shape == model.image_head.down.bias.shape
    )


def test_a_better_model_is_used_and_searched_with(
    album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = album / ".mirada"
    old = mirada.open(album)
    before = old.store.vectors(sorted(old.store.ids()))
    tuned(tmp_path / "out", promote=True)
    told = capsys.readouterr()
    assert "60 pictures: 37 learnt from, 5 watched, 18 held out" in told.err
    assert "60 accepted tags" in told.err
    assert "minutes" in told.err
    assert "## Pictures held out: 18 pictures, 18 texts" in told.out
    new = mirada.open(album)
    assert new.encoder.name == new.store.encoder != "tiny/1"
    assert new.settings.encoder.startswith(str(home / "models"))
    assert "# mine" in (home / "mirada.toml").read_text()
    best = new.store.get(new.rank("a photo of a box, green", limit=10).ids)
    assert [one.path.stem.split("-")[0] for one in best] == ["box"] * 10
    known = new.find(album / "ball-1.png")
    assert known is not None
    assert [tag.name for tag in known.tags if tag.state == "accepted"] == ["ball", "red"]
    after = new.store.vectors(sorted(new.store.ids()))
    with Image.open(known.path) as image:
        fresh = new.encoder.encode_images([image.convert("RGB")])[0]
    assert (after @ fresh).max() > 0.999
    assert not np.allclose(after, before, atol=1e-3)
    report = new.index()
    assert (report.indexed, report.unchanged, report.described) == (0, 60, 0)


@pytest.mark.parametrize(
    ("own", "general", "used", "told"),
    [
        (0.0, 0.0, False, "not significantly better"),
        (0.5, 0.0, True, "is better on the pictures held out"),
        (0.5, -0.02, False, "loses 2.0 points of R@10 on the dev set"),
        (-0.5, 0.2, False, "not significantly better"),
    ],
)
def test_a_model_is_used_where_it_wins_much_and_loses_little(
    own: float, general: float, used: bool, told: str
) -> None:
    base = np.full(100, 0.5)
    changed = base.copy()
    changed[:1] += 100 * general

    def values(after: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
        return {
            verdict.BEFORE: {"RR": base, "R@10": base},
            verdict.AFTER: {"RR": after, "R@10": after},
        }

    rows = range(100)
    held_out = compare(values(base + own), baseline=verdict.BEFORE, groups=rows)
    dev = compare(values(changed), baseline=verdict.BEFORE, groups=rows)
    found = verdict.Verdict("a/1", "a/1+x", held_out, dev)
    assert found.is_to_be_used is used
    assert told in str(found)


def test_a_model_that_is_no_better_is_not_used(
    album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    still = replace(RECIPE, schedule=Schedule(1, 8, 0.0))
    tuned(tmp_path / "out", still, promote=True)
    told = capsys.readouterr()
    assert "not significantly better" in told.err
    assert "keeps tiny/1" in told.err
    assert mirada.open(album).encoder.name == "tiny/1"
    assert not (album / ".mirada" / "models").exists()
    found = json.loads((tmp_path / "out" / "report.json").read_text())
    assert found["is_to_be_used"] is False


@pytest.mark.parametrize("step", ["_copy", "fill", "point"])
def test_a_switch_that_was_killed_leaves_the_old_model_and_goes_on(
    album: Path, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    weights = renamed(start, tmp_path / "other")
    real = getattr(switching, step)

    def killed(*given: object, **named: object) -> object:
        if step == "fill":
            real(*given, **named)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(switching, step, killed)
        with pytest.raises(KeyboardInterrupt):
            switching.adopt(mirada.open(album), weights)
    kept = mirada.open(album)
    assert kept.encoder.name == "tiny/1"
    assert len(kept.rank("a box", limit=60).ids) == 60
    gone = album / "ball-1.png"
    gone.unlink()
    kept.index()
    switching.adopt(mirada.open(album), weights)
    switched = mirada.open(album)
    assert switched.encoder.name == "tiny/1+x"
    assert len(switched.rank("a box", limit=60).ids) == 59


def test_pictures_that_cannot_be_read_stop_the_switch(
    album: Path, start: Path, tmp_path: Path
) -> None:
    (album / "ball-1.png").write_bytes(b"no picture any more")
    with pytest.raises(StoreError, match="1 pictures cannot be read and would be lost"):
        switching.adopt(mirada.open(album), renamed(start, tmp_path / "other"))
    assert mirada.open(album).encoder.name == "tiny/1"


def test_a_killed_run_ends_with_the_weights_of_a_whole_one(
    album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = replace(RECIPE, schedule=replace(RECIPE.schedule, epochs=3))
    tuned(tmp_path / "a" / "out", short)
    monkeypatch.setattr(loop, "SECONDS_A_CHECKPOINT", 0.0)
    note, steps = loop.Average.add, 0

    def killed(average: loop.Average, weights: Sequence[torch.Tensor]) -> None:
        nonlocal steps
        steps += 1
        if steps == 4:
            raise KeyboardInterrupt
        note(average, weights)

    with monkeypatch.context() as patch:
        patch.setattr(loop.Average, "add", killed)
        with pytest.raises(KeyboardInterrupt):
            tuned(tmp_path / "b" / "out", short)
    tuned(tmp_path / "b" / "out", short)
    for file in ("head.onnx", "text.onnx"):
        one, other = ((tmp_path / run / "out" / file).read_bytes() for run in "ab")
        assert one == other


def test_a_dataset_is_learnt_from_with_its_provenance(start: Path, tmp_path: Path) -> None:
    shapes = write_shapes(tmp_path / "shapes")
    recipe = replace(RECIPE, adapt=LOW_RANK, schedule=replace(RECIPE.schedule, epochs=1))
    run_own(
        recipe, shapes, None, home=None, out=tmp_path / "out", work=tmp_path / "w", start=start,
        name="mine/1", threads=1, yes=True,
    )  # fmt: skip
    model, former = SmallEncoder(tmp_path / "out"), SmallEncoder(start)
    assert (model.name, model.tuned_from) == ("mine/1", "tiny/1")
    assert (tmp_path / "out" / "image.onnx").read_bytes() == (start / "image.onnx").read_bytes()
    assert model.calibration.scale == former.calibration.scale  # of so few pictures none is fitted
    told = json.loads((tmp_path / "out" / "training.json").read_text())
    assert told["tuned_on"] == {examples.CAPTION: 30}
    assert {one["part"] for one in told["examples"]} == set(examples.PARTS)
    assert json.loads((tmp_path / "out" / "model.json").read_text())["tuned_on"] == told["tuned_on"]


def renamed(weights: Path, to: Path) -> Path:
    """A copy of a model that says it was tuned from it."""
    to.mkdir()
    for file in weights.iterdir():
        (to / file.name).write_bytes(file.read_bytes())
    manifest = json.loads((to / "model.json").read_text())
    manifest |= {"name": f"{manifest['name']}+x", "tuned_from": manifest["name"]}
    (to / "model.json").write_text(json.dumps(manifest))
    return to
