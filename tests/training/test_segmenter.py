from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests import photos
from tests.training.tiny import write_shapes

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from mirada.types import FeatureMap

torch = pytest.importorskip("torch")

from mirada.errors import DatasetError  # noqa: E402 after the check for torch
from mirada.evaluation.datasets import LabelledBox, read_dataset  # noqa: E402
from mirada.models.colours import describe_colours, shrink  # noqa: E402
from mirada.models.lattice import BOXES  # noqa: E402
from mirada.models.segmenters import WEIGHTS, MapSegmenter  # noqa: E402
from mirada.models.small import SmallEncoder  # noqa: E402
from mirada.models.weights import damaged_files  # noqa: E402
from mirada.training import segmenter  # noqa: E402
from mirada.training.loop import read_log  # noqa: E402
from mirada.training.recipe import Schedule  # noqa: E402
from mirada.training.segmenter_model import ChanceNet, mirror, share_out  # noqa: E402
from mirada.training.segmenter_recipe import SegmenterRecipe  # noqa: E402
from mirada.types import Box  # noqa: E402

TINY = SegmenterRecipe(
    width=8, hidden=16, dropout=0.0, sampled=200, schedule=Schedule(6, 8, 1e-2, averaging=0.8)
)
TOP, BOTTOM = Box(0.25, 0.05, 0.75, 0.5), Box(0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Seen:
    maps: FeatureMap
    image: Image


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> segmenter.Job:
    folder = tmp_path_factory.mktemp("tiny")
    images = [
        replace(image, boxes=(LabelledBox("x", TOP if image.name.endswith("top.png") else BOTTOM),))
        for image in read_dataset(write_shapes(folder / "shapes"))
    ]
    work = folder / "work"
    made = segmenter.Job(
        TINY, SmallEncoder(), images, images, work, folder / "out", "tiny/1", 1, lambda _: None
    )
    segmenter.train_segmenter(made)
    return made


def test_training_learns_where_things_are(job: segmenter.Job) -> None:
    rows = list(read_log(job.work))
    assert len(rows) == TINY.schedule.epochs
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert rows[-1]["recall 0.5"] == 1


def test_the_model_written_is_one_that_mirada_loads(job: segmenter.Job) -> None:
    model = MapSegmenter(job.out)
    assert model.name == "tiny/1"
    assert model.maps_of == job.encoder.name
    assert damaged_files(job.out) == []
    image = job.train[0].open(job.encoder.image_size)
    assert model.segment(Seen(job.encoder.read_map(image), image))


def test_the_shipped_weights_are_of_the_default_recipe() -> None:
    manifest = json.loads((WEIGHTS / "model.json").read_text("utf-8"))
    assert manifest["recipe"] == SegmenterRecipe().fingerprint()


def test_numpy_tells_what_torch_told(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = ChanceNet(TINY, 1280).eval()
    torch.nn.init.normal_(net.third.weight)
    net.spread.uniform_(0.5, 2)
    net.centre.normal_()
    maps = np.random.default_rng(0).random((12, 12, 1280)).astype(np.float32)
    small = shrink(photos.shape("disc"))
    chosen = np.array([0, 77, 1500, len(BOXES) - 1])
    colours = torch.from_numpy(describe_colours(small)[chosen][None])
    with torch.no_grad():
        told = net(torch.from_numpy(maps.reshape(1, 144, 1280)), colours, torch.from_numpy(chosen))
    np.savez(tmp_path / "chances.npz", **net.arrays())
    manifest = {"name": "x/1", "maps_of": "y/1", "files": {"chances.npz": ""}}
    (tmp_path / "model.json").write_text(json.dumps(manifest))
    model = MapSegmenter(tmp_path)
    expected = told[0].exp().numpy()
    np.testing.assert_allclose(model.chances(maps, small)[chosen], expected, rtol=0.05)


def test_a_thing_is_shared_among_the_boxes_nearest_to_it() -> None:
    box = np.array([[0.25, 0.25, 0.5, 0.5]])
    counts = share_out(box, 0.05)
    assert counts.sum() == pytest.approx(1)
    np.testing.assert_allclose(BOXES[counts.argmax()], box[0])
    assert share_out(np.zeros((0, 4)), 0.05).sum() == 0
    np.testing.assert_allclose(mirror(mirror(box)), box)


def test_images_without_boxes_teach_nothing(job: segmenter.Job, tmp_path: Path) -> None:
    bare = [replace(image, boxes=()) for image in job.train]
    with pytest.raises(DatasetError, match="no boxes"):
        segmenter.estimate(replace(job, train=bare))
    with pytest.raises(DatasetError, match="has boxes"):
        segmenter.train_segmenter(replace(job, train=bare, work=tmp_path))
    with pytest.raises(DatasetError, match="another --work"):
        segmenter.train_segmenter(replace(job, dev=job.dev[:2]))
