"""Which roles look at an image, in which order, and when they look again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mirada.errors import ModelFailed, ModelUnavailable, UnreadableImage
from mirada.indexing.describe import Describer, Draft, Failure, with_fed
from mirada.indexing.sight import Sight
from mirada.types import Caption, ImageRecord, SourceFile
from tests import photos
from tests.fakes import ColourEncoder

if TYPE_CHECKING:
    from pathlib import Path


class Writer:
    """A step that writes its name after what the steps before it wrote."""

    side = 10

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, draft: Draft) -> ImageRecord:
        caption = Caption(self.name, "en", 1.0)
        return replace(draft.record, captions=(*draft.record.captions, caption))


def describer(**names: str) -> Describer:
    return Describer({role: Writer(name) for role, name in names.items()})


def draft(path: Path, **models: str) -> Draft:
    record = ImageRecord(
        "a" * 64, (SourceFile(path, 1, 1),), 4, 3, "PNG", datetime(2026, 1, 1, tzinfo=UTC), models
    )
    vector = np.array([1, 0, 0, 0], np.float32)
    return Draft(record, vector, Sight(path, ColourEncoder(), side=16))


def said(record: ImageRecord) -> list[str]:
    return [caption.text for caption in record.captions]


def test_roles_look_in_the_order_in_which_they_build_on_each_other(tmp_path: Path) -> None:
    all_of_them = describer(phrases="p/1", tags="t/1", regions="r/1")
    record = all_of_them.describe(draft(tmp_path), ["phrases", "regions", "tags"])
    assert said(record) == ["r/1", "t/1", "p/1"]
    assert record.models == {"regions": "r/1", "tags": "t/1", "phrases": "p/1"}


def test_nothing_is_due_where_every_role_has_looked() -> None:
    assert not describer(facts="f/1", tags="t/1").due({"facts": "f/1", "tags": "t/1"})


def test_a_role_that_never_looked_is_due_alone() -> None:
    both = describer(facts="f/1", text="t/1")
    assert both.due({"facts": "f/1"}) == {"text"}


def test_a_new_revision_is_due_with_what_builds_on_it() -> None:
    all_of_them = describer(facts="f/1", regions="r/2", tags="t/1", captions="c/1", phrases="p/1")
    known = {"facts": "f/1", "regions": "r/1", "tags": "t/1", "captions": "c/1", "phrases": "p/1"}
    assert all_of_them.due(known) == {"regions", "tags", "captions", "phrases"}


def test_what_a_role_left_out_had_said_is_due_again_once_its_ground_has_changed(
    tmp_path: Path,
) -> None:
    known = draft(tmp_path, regions="r/1", tags="t/1", facts="f/1")
    record = describer(regions="r/2").describe(known, ["regions"])
    assert record.models == {"regions": "r/2", "facts": "f/1"}
    assert describer(tags="t/1", facts="f/1").due(record.models) == {"tags"}


def test_the_side_to_decode_at_is_the_largest_that_a_role_asks_for() -> None:
    both = describer(facts="f/1", regions="r/1")
    both.steps["facts"].side = 256
    assert both.side(["facts", "regions"]) == 256
    assert both.side(["regions"]) == 10
    assert both.side([]) == 0


class Silent(Writer):
    """A step whose model has no answer."""

    def __call__(self, draft: Draft) -> ImageRecord:
        raise ModelFailed("the service is down")


def test_a_role_whose_model_fails_stays_due_and_the_others_go_on(tmp_path: Path) -> None:
    both = Describer({"facts": Silent("f/1"), "tags": Writer("t/1")})
    record = both.describe(draft(tmp_path), ["facts", "tags"])
    assert record.models == {"tags": "t/1"}
    assert both.due(record.models) == {"facts"}
    assert both.failures() == (Failure("facts", 1, "the service is down"),)


def test_what_was_said_before_stays_where_the_model_fails(tmp_path: Path) -> None:
    before = draft(tmp_path, captions="c/1", phrases="p/1")
    again = Describer({"captions": Silent("c/1")})
    record = again.describe(before, ["captions"])
    assert record == replace(before.record, models={"phrases": "p/1"})
    assert again.due(record.models) == {"captions"}  # even where it had looked before


def test_with_fed_names_all_that_follows() -> None:
    assert with_fed(["captions"]) == {"captions", "phrases"}
    assert with_fed(["regions"]) == {"regions", "tags", "captions", "phrases"}
    assert with_fed([]) == frozenset()


def test_a_sight_reads_nothing_before_it_is_asked(tmp_path: Path) -> None:
    sight = Sight(tmp_path / "gone.jpg", ColourEncoder(), side=16)
    with pytest.raises(UnreadableImage):
        _ = sight.image


def test_a_sight_refuses_bytes_that_have_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"other")
    with pytest.raises(UnreadableImage, match="changed while it was being indexed"):
        _ = Sight(path, ColourEncoder(), side=16, image_id="0" * 64).raw


def test_an_encoder_without_maps_says_what_to_choose(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="segmenter"):
        _ = Sight(tmp_path / "a.jpg", ColourEncoder(), side=16).maps


class MapOfOnes(ColourEncoder):
    """An encoder that makes maps, of one number everywhere."""

    image_size = 8

    def __init__(self, number: float) -> None:
        super().__init__()
        self.number = number

    def read_map(self, image: object) -> np.ndarray:
        return np.full((2, 2, 3), self.number, np.float32)

    def encode_map(self, maps: np.ndarray) -> np.ndarray:
        row = np.array([maps[0, 0, 0], 1, 1, 1], np.float32)
        return row / np.linalg.norm(row)

    def encode_boxes(self, maps: np.ndarray, boxes: list) -> np.ndarray:
        return np.stack([self.encode_map(maps) for _ in boxes])


def test_maps_are_shared_of_the_mapper_and_vectors_are_of_the_encoder(tmp_path: Path) -> None:
    photos.flat("red", (4, 4)).save(tmp_path / "a.png")
    encoder, mapper = MapOfOnes(3), MapOfOnes(5)
    sight = Sight(tmp_path / "a.png", encoder, side=8, mapper=mapper)
    assert sight.maps[0, 0, 0] == 5
    assert sight.own.maps[0, 0, 0] == 3
    np.testing.assert_allclose(sight.vector, encoder.encode_map(np.full((1, 1, 1), 3)))
    alone = Sight(tmp_path / "a.png", encoder, side=8)
    assert alone.own is alone
