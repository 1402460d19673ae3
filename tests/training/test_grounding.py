from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mirada.errors import DatasetError, ModelUnavailable
from mirada.models.grounding import read_grounding, write_grounding
from mirada.models.small import WEIGHTS, SmallEncoder
from mirada.protocols import Grounded
from mirada.types import Box, Grounding
from tests.training.tiny import write_shapes

torch = pytest.importorskip("torch")

from mirada.evaluation.datasets import CaptionedImage, ImageBytes, LabelledBox, read_dataset  # noqa: E402 after torch
from mirada.models.boxes import iou  # noqa: E402
from mirada.models.segmenters import GridSegmenter  # noqa: E402
from mirada.models.weights import damaged_files  # noqa: E402
from mirada.search.grounding import margins  # noqa: E402
from mirada.training import grounding  # noqa: E402
from mirada.training.grounding_chances import Scene, calibrated, reliability_on  # noqa: E402
from mirada.training.grounding_checks import Drawn  # noqa: E402
from mirada.training.grounding_data import alike_labels, draw, gather, move, things_of  # noqa: E402
from mirada.training.grounding_recipe import GroundingRecipe  # noqa: E402
from mirada.training.grounding_stage import Fit, GroundingStage  # noqa: E402
from mirada.training.loop import read_log  # noqa: E402
from mirada.training.recipe import Schedule  # noqa: E402

TINY = GroundingRecipe(
    languages=("en",),
    rank=4,
    copies=1,
    beside=2,
    pool=3,
    schedule=Schedule(6, 8, 2e-3, averaging=0.8),
)
TOP, BOTTOM = Box(0.25, 0.05, 0.75, 0.5), Box(0.25, 0.5, 0.75, 0.95)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the embedded encoder, which a run may change."""
    folder = tmp_path_factory.mktemp("model") / "model"
    shutil.copytree(WEIGHTS, folder)
    return folder


@pytest.fixture(scope="module")
def job(model: Path) -> grounding.Job:
    def boxes(name: str) -> tuple[LabelledBox, ...]:
        there, empty = (TOP, BOTTOM) if name.endswith("top.png") else (BOTTOM, TOP)
        _, shape, _ = name.split("-")
        return LabelledBox(shape, there), LabelledBox("wall", empty)

    images = [
        replace(image, boxes=boxes(image.name))
        for image in read_dataset(write_shapes(model.parent / "shapes"))
    ]
    made = grounding.Job(
        TINY,
        SmallEncoder(model),
        GridSegmenter(),
        images,
        images,
        model.parent / "work",
        model / "grounding.npz",
        1,
        lambda _: None,
    )
    grounding.train_grounding(made)
    return made


def test_training_learns_which_box_a_text_means(job: grounding.Job) -> None:
    rows = list(read_log(job.work))
    assert len(rows) == TINY.schedule.epochs
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert rows[-1]["shapes en"][0] > 90


def test_the_model_knows_its_grounding(job: grounding.Job, model: Path) -> None:
    assert damaged_files(model) == []
    assert "grounding.npz" in json.loads((model / "model.json").read_text("utf-8"))["files"]
    encoder = SmallEncoder(model)
    assert isinstance(encoder, Grounded)
    assert encoder.grounding is not None
    assert encoder.grounding.text.shape == (encoder.dim, TINY.rank)
    distractors = encoder.calibration.distractors
    np.testing.assert_array_equal(encoder.grounding.distractors, distractors)


def test_a_run_started_again_gives_the_same_weights(job: grounding.Job, tmp_path: Path) -> None:
    again = replace(job, out=tmp_path / "again.npz")
    grounding.train_grounding(again)
    assert again.out.read_bytes() == job.out.read_bytes()


def test_a_work_folder_of_other_images_is_refused(job: grounding.Job) -> None:
    with pytest.raises(DatasetError, match="another --work"):
        grounding.train_grounding(replace(job, train=job.train[:8]))


def test_images_without_boxes_are_refused(job: grounding.Job, tmp_path: Path) -> None:
    bare = [replace(image, boxes=()) for image in job.train]
    with pytest.raises(DatasetError, match="no image of dev has boxes"):
        grounding.train_grounding(replace(job, dev=bare, work=tmp_path))


def test_the_cost_is_told(job: grounding.Job) -> None:
    assert grounding.estimate(job).startswith("24 images with boxes: about 0 minutes")


def test_a_model_without_grounding_says_so(model: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(model, bare)
    manifest = json.loads((bare / "model.json").read_text("utf-8"))
    manifest["files"].pop("grounding.npz", None)
    (bare / "model.json").write_text(json.dumps(manifest))
    assert SmallEncoder(bare).grounding is None


def test_what_is_stored_comes_back_nearly_the_same(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    tables = [random.normal(size=(8, 3)).astype(np.float32) for _ in range(3)]
    shape, favour = random.normal(size=(6, 8)).astype(np.float32), np.ones(8, np.float32)
    distractors = random.normal(size=(10, 8)).astype(np.float32)
    kept = Grounding(*tables, shape, favour, 7.5, distractors, 0.5, -1.5)
    with (tmp_path / "g.npz").open("wb") as file:
        write_grounding(kept, file)
    found = read_grounding(tmp_path / "g.npz", distractors)
    assert (found.sharpness, found.scale, found.offset) == (7.5, 0.5, -1.5)
    np.testing.assert_array_equal(found.distractors, distractors)
    np.testing.assert_allclose(found.shape, shape, atol=2e-3)
    for name, table in zip(("text", "region", "whole"), tables, strict=True):
        np.testing.assert_allclose(getattr(found, name), table, atol=0.3)


def test_a_missing_or_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "g.npz"
    with pytest.raises(ModelUnavailable, match="missing: reinstall"):
        read_grounding(path, np.eye(2, dtype=np.float32))
    path.write_bytes(b"nothing")
    with pytest.raises(ModelUnavailable, match="damaged"):
        read_grounding(path, np.eye(2, dtype=np.float32))


def test_a_moved_box_stays_near() -> None:
    random = np.random.default_rng(0)
    box = np.array([0.2, 0.1, 0.6, 0.9])
    moved = np.stack([move(box, random) for _ in range(50)])
    assert iou(box[None], moved).min() > 0.5
    assert len(np.unique(moved, axis=0)) > 40
    assert moved.min() >= 0
    assert moved.max() <= 1


def test_a_batch_has_one_name_and_one_vector_for_each_box(job: grounding.Job) -> None:
    things = things_of(job.train)
    maps = np.load(job.work / "train-maps.npy", mmap_mode="r")
    lessons = gather(things, maps, job.encoder, {}, TINY)
    batch = draw(lessons, np.array([0, 5]), [1, 2], TINY)
    beside = 2 * TINY.beside
    assert batch.vectors.shape == batch.whole.shape == (4 + beside, job.encoder.dim)
    assert batch.texts.shape == (4, job.encoder.dim)
    assert batch.images[:4].tolist() == [0, 0, 5, 5]
    wall = [
        place for place, row in enumerate((0, 1, 10, 11)) if "wall" in lessons.things[row].labels
    ]
    assert len(wall) == 2
    assert batch.alike[wall[0], wall[1]]
    assert not batch.alike[:4].diagonal().any()
    assert batch.alike.shape == (4 + beside, 4)
    assert not batch.alike[4:].all()
    again = draw(lessons, np.array([0, 5]), [1, 2], TINY)
    np.testing.assert_array_equal(batch.texts, again.texts)


def test_what_is_trained_is_what_a_search_computes(job: grounding.Job) -> None:
    torch.manual_seed(3)
    fit = Fit(job.encoder.dim, 6, TINY)
    with torch.no_grad():
        for weights in fit.parameters():
            weights.add_(0.1 * torch.randn(weights.shape))
    things = things_of(job.train)
    maps = np.load(job.work / "train-maps.npy", mmap_mode="r")
    lessons = gather(things, maps, job.encoder, {}, replace(TINY, moved=0.0))
    batch = draw(lessons, np.arange(3), [0], replace(TINY, moved=0.0))
    trained = fit(batch).detach().numpy()[:6]
    rows = slice(6)
    found = margins(
        batch.texts,
        batch.vectors[rows, None],
        batch.whole[rows],
        lessons.boxes[:6, None],
        fit.learnt(job.encoder.calibration.distractors[:9]),
    )[..., 0].T
    # what a region says to every text alike cancels
    np.testing.assert_allclose(found - found[:, :1], trained - trained[:, :1], rtol=1e-3, atol=1e-3)


def test_boxes_with_a_label_in_common_are_no_mistakes(job: grounding.Job) -> None:
    things = things_of(job.train)
    maps = np.load(job.work / "train-maps.npy", mmap_mode="r")
    lessons = gather(things, maps, job.encoder, {}, TINY)
    stage = GroundingStage(TINY, Fit(job.encoder.dim, 6, TINY), lessons, lambda _: {})
    batch = draw(lessons, np.arange(6), [0], TINY)
    strict = replace(batch, alike=np.zeros_like(batch.alike))
    assert stage.cost(batch) < stage.cost(strict)


def test_measures_of_drawn_boxes_by_hand() -> None:
    axes = np.eye(2, dtype=np.float32)
    plain = Grounding(
        *(np.zeros((2, 1), np.float32),) * 3,
        np.zeros((6, 2), np.float32),
        np.zeros(2, np.float32),
        1.0,
        np.zeros((1, 2), np.float32),
        1.0,
        0.0,
    )
    vectors = axes[[0, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1]]
    fits = np.zeros((14, 1), np.int8)
    fits[[0, 2, 4, 6]] = 2  # 4 looks like those without
    fits[8:] = 1  # nobody knows: these do not count
    images = np.repeat(np.arange(7), 2)
    boxes = np.tile([0, 0, 1, 1], (14, 1))
    drawn = Drawn(vectors, vectors, boxes, images, {"en": axes[:1]}, fits, fits > 0)
    area, precision = drawn.figures(plain)["en"]
    assert area == pytest.approx(100 * (1 + 1 + 0.5 + 0.5) / 4)
    assert precision == pytest.approx(100 * (1 / 2 + 2 / 3 + 3 / 4 + 4 / 8) / 4, abs=0.01)


def test_the_logistic_gives_the_share_that_matches() -> None:
    axes = np.eye(2, dtype=np.float32)
    plain = Grounding(
        *(np.zeros((2, 1), np.float32),) * 3,
        np.zeros((6, 2), np.float32),
        np.zeros(2, np.float32),
        4.0,
        np.zeros((1, 2), np.float32),
        1.0,
        0.0,
    )
    random = np.random.default_rng(0)
    match = np.concatenate([random.random(500) < 0.7, random.random(500) < 0.1])[None]
    scenes = [
        Scene(
            np.repeat(axes, 500, axis=0),
            np.tile([0, 0, 1, 1], (1000, 1)),
            axes[:1],
            axes[:1],
            match,
            np.ones_like(match),
            fold,
        )
        for fold in (0, 1)
    ]
    fitted = calibrated(plain, scenes, fold=0)
    bins = reliability_on(fitted, scenes, fold=1).bins
    assert [one.mean for one in bins] == pytest.approx(
        [match[0, 500:].mean(), match[0, :500].mean()], abs=0.01
    )
    assert reliability_on(fitted, scenes, fold=1).error < 0.01


def test_a_person_may_be_the_man_and_is_no_mistake() -> None:
    images = [
        CaptionedImage(
            "a.png",
            ImageBytes(Path()),
            ("a man with a dog",),
            "x",
            "",
            tuple(
                LabelledBox(label, Box(place, 0, place + 0.1, 1))
                for label, place in (("man", 0.0), ("person", 0.3), ("dog", 0.6))
            ),
        )
    ]
    (things,) = things_of(images)
    assert "person" in things[0].wider
    assert {"man", "a man", "a person"} <= {*things[0].names()}
    alike = alike_labels([thing.labels for thing in things])
    assert alike.tolist() == [[True, True, False], [True, True, False], [False, False, True]]
