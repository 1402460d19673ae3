from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mirada.errors import ModelUnavailable
from mirada.models.boxes import corners, iou
from mirada.models.segmenters import WEIGHTS, FelzenszwalbSegmenter, GridSegmenter, MapSegmenter
from mirada.models.small import SmallEncoder
from mirada.models.weights import damaged_files
from mirada.plugins import list_plugins, load_segmenter
from mirada.testing import SegmenterContract
from tests import photos

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from mirada.protocols import MapEncoder, Segmenter
    from mirada.types import FeatureMap


@dataclass(frozen=True)
class Seen:
    image: Image
    maps: FeatureMap | None = None


@pytest.fixture(scope="module")
def small() -> MapEncoder:
    return SmallEncoder()


class TestMapSegmenter(SegmenterContract):
    @pytest.fixture
    def segmenter(self) -> Segmenter:
        return MapSegmenter()

    @pytest.fixture
    def encoder(self, small: MapEncoder) -> MapEncoder:
        return small


class TestGridSegmenter(SegmenterContract):
    @pytest.fixture
    def segmenter(self) -> Segmenter:
        return GridSegmenter()

    @pytest.fixture
    def encoder(self) -> None:
        return None


class TestFelzenszwalbSegmenter(SegmenterContract):
    @pytest.fixture
    def segmenter(self) -> Segmenter:
        pytest.importorskip("skimage")
        return FelzenszwalbSegmenter()

    @pytest.fixture
    def encoder(self) -> None:
        return None


def test_they_are_installed_under_their_names() -> None:
    assert {"feature-map", "felzenszwalb", "grid"} <= {
        one.name for one in list_plugins("segmenters")
    }
    assert isinstance(load_segmenter("feature-map"), MapSegmenter)


def test_the_shipped_file_is_that_of_the_manifest() -> None:
    assert damaged_files(WEIGHTS) == []
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) < 110_000
    assert MapSegmenter().maps_of == SmallEncoder().name


def test_a_lone_thing_is_met(small: MapEncoder) -> None:
    image = photos.shape("disc", size=(320, 320), centre=(0.3, 0.3))
    found = MapSegmenter().segment(Seen(image, small.read_map(image)))
    disc = np.array([[0.05, 0.05, 0.55, 0.55]])
    assert iou(disc, corners([one.box for one in found])).max() > 0.3


def test_a_map_of_another_encoder_is_refused() -> None:
    with pytest.raises(ValueError, match=f"{SmallEncoder().name} was expected"):
        MapSegmenter().segment(Seen(photos.flat(), np.zeros((7, 7, 512), np.float32)))


def test_a_folder_without_weights_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="reinstall"):
        MapSegmenter(tmp_path)
    manifest = {"name": "x/1", "maps_of": "y/1", "files": {"chances.npz": "00"}}
    (tmp_path / "model.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelUnavailable, match="chances.npz"):
        MapSegmenter(tmp_path)


def test_the_grid_is_the_same_for_all_images() -> None:
    grid = GridSegmenter()
    assert grid.segment(Seen(photos.flat())) == grid.segment(Seen(photos.gradient()))
    assert len(grid.segment(Seen(photos.flat()))) == 20


def test_patches_come_with_masks() -> None:
    pytest.importorskip("skimage")
    image = photos.shape("square", size=(200, 100), centre=(0.25, 0.5))
    found = FelzenszwalbSegmenter().segment(Seen(image))
    square = corners([one.box for one in found])
    best = int(iou(np.array([[0.125, 0.25, 0.375, 0.75]]), square).argmax())
    mask = found[best].mask
    assert mask is not None
    assert mask.mean() == pytest.approx(0.125, abs=0.02)
    assert found[best].confidence > 0.9


def test_patches_need_their_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skimage.segmentation", None)
    with pytest.raises(ModelUnavailable, match=r"mirada\[segment\]"):
        FelzenszwalbSegmenter().segment(Seen(photos.flat()))
