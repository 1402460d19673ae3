from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner

from mirada.cli import cli
from mirada.errors import DatasetError
from mirada.evaluation.datasets import CaptionedImage, ImageBytes, LabelledBox, read_dataset
from mirada.evaluation.graded import RELEVANT, UNJUDGED, WRONG
from mirada.evaluation.spatial import evaluate_spatial
from mirada.evaluation.spatial_engines import Annotations, RegionsEngine
from mirada.evaluation.spatial_truth import (
    SpatialQuery,
    holds,
    is_askable,
    judge,
    spatial_queries,
    things,
)
from mirada.search.query import parse
from mirada.types import Box
from tests import photos

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DEV = Path(__file__).parents[3] / "shared" / "data" / "dev"

LEFT, RIGHT = Box(0.1, 0.4, 0.3, 0.8), Box(0.6, 0.4, 0.8, 0.8)
NEAR = Box(0.25, 0.4, 0.45, 0.8)  # overlaps what is on the left
HIGH = Box(0.1, 0.1, 0.3, 0.3)
DIRECTIONS = ("left_of", "right_of", "above", "below")
DOG_LEFT_OF_MAN = SpatialQuery(
    "a dog to the left of a man", "a man to the left of a dog", "left_of", "dog", "man", "x"
)


def picture(name: str, **boxes: Box | Sequence[Box]) -> CaptionedImage:
    """An image with boxes by label."""
    rows = tuple(
        LabelledBox(label.replace("_", " "), box)
        for label, own in boxes.items()
        for box in ([own] if isinstance(own, Box) else own)
    )
    return CaptionedImage(name, ImageBytes(Path("none")), ("x",), "made", "", rows)


def texts(*images: CaptionedImage, relations: Sequence[str] = DIRECTIONS) -> list[str]:
    return [one.text for one in spatial_queries(images, relations=relations, limit=99)]


def grade(image: CaptionedImage) -> int:
    return int(judge([DOG_LEFT_OF_MAN], [image])[0, 0])


class Fixed:
    """Scores by a rule on the query's words."""

    def __init__(self, name: str, first: str) -> None:
        self.name = name
        self._first = first

    def score(
        self, queries: Sequence[str], images: Sequence[CaptionedImage]
    ) -> NDArray[np.floating]:
        wins = np.array([text.startswith(self._first) for text in queries], float)
        return wins[:, None].repeat(len(images), 1)


def test_things_clearly_apart_make_a_query_from_each_side() -> None:
    made = texts(picture("a", dog=LEFT, man=RIGHT))
    assert sorted(made) == ["a dog to the left of a man", "a man to the right of a dog"]


def test_the_twin_has_the_things_in_each_others_place() -> None:
    (query,) = spatial_queries([picture("a", dog=LEFT, man=RIGHT)], relations=["left_of"], limit=9)
    assert query.twin == "a man to the left of a dog"
    assert query.image == "a"


def test_things_that_overlap_sideways_make_no_query() -> None:
    assert texts(picture("a", dog=LEFT, man=NEAR)) == []


def test_two_dogs_cannot_be_told_apart() -> None:
    assert texts(picture("a", dog=[LEFT, HIGH], man=RIGHT)) == []


def test_a_boy_cannot_be_told_from_another_child() -> None:
    assert texts(picture("a", boy=LEFT, child=HIGH, dog=RIGHT)) == []


def test_one_thing_with_two_names_is_asked_for_by_both() -> None:
    same = Box(0.1, 0.4, 0.3, 0.79)
    image = picture("a", boy=LEFT, child=same, dog=RIGHT)
    assert [one.labels for one in things(image)] == [("boy", "child"), ("dog",)]
    made = texts(image, relations=["left_of"])
    assert sorted(made) == ["a boy to the left of a dog", "a child to the left of a dog"]


def test_parts_of_bodies_clothes_and_vague_words_are_not_asked_for() -> None:
    assert not any(map(is_askable, ["hand", "shirt", "trunks", "object", "open", "crooswalk"]))
    assert all(map(is_askable, ["dog", "dining table", "sports ball", "water"]))


def test_articles_fit_the_noun() -> None:
    made = texts(picture("a", umbrella=HIGH, water=LEFT), relations=["above"])
    assert made == ["an umbrella above water"]


@pytest.mark.parametrize(
    ("relation", "a", "b", "expected"),
    [
        ("left_of", LEFT, RIGHT, True),
        ("left_of", RIGHT, LEFT, False),
        ("left_of", HIGH, Box(0.6, 0.8, 0.8, 1.0), False),  # diagonal
        ("right_of", RIGHT, LEFT, True),
        ("above", HIGH, LEFT, True),
        ("below", LEFT, HIGH, True),
        ("on", Box(0.4, 0.2, 0.6, 0.62), Box(0.3, 0.5, 0.7, 0.9), True),
        ("on", Box(0.4, 0.0, 0.6, 0.2), Box(0.3, 0.5, 0.7, 0.9), False),  # in the air
        ("on", Box(0.3, 0.5, 0.7, 0.9), Box(0.4, 0.2, 0.6, 0.62), False),
        ("inside", Box(0.4, 0.4, 0.5, 0.5), Box(0.3, 0.3, 0.7, 0.7), True),
        ("inside", Box(0.3, 0.3, 0.7, 0.7), Box(0.4, 0.4, 0.5, 0.5), False),
        ("inside", Box(0.3, 0.3, 0.7, 0.6), Box(0.3, 0.3, 0.7, 0.7), False),  # nearly as large
    ],
)
def test_margins_tell_the_truth(relation: str, a: Box, b: Box, expected: bool) -> None:
    assert holds(relation, a, b) is expected


def test_things_lie_on_what_carries_and_in_what_holds() -> None:
    above, within = Box(0.4, 0.2, 0.6, 0.62), Box(0.4, 0.6, 0.5, 0.7)
    low = Box(0.3, 0.5, 0.7, 0.9)
    assert texts(picture("a", cat=above, bench=low), relations=["on"]) == ["a cat on a bench"]
    assert texts(picture("a", cat=above, man=low), relations=["on"]) == []
    assert texts(picture("a", cat=within, box=low), relations=["inside"]) == ["a cat inside a box"]
    assert texts(picture("a", cat=within, man=low), relations=["inside"]) == []


def test_queries_are_always_the_same_and_never_more_than_asked_for() -> None:
    images = [picture(f"{one}", dog=LEFT, man=RIGHT) for one in range(9)]
    first = spatial_queries(images, relations=DIRECTIONS, limit=3)
    assert first == spatial_queries(images[::-1], relations=DIRECTIONS, limit=3)
    assert [one.relation for one in first] == ["left_of"] * 3 + ["right_of"] * 3


def test_one_text_comes_from_five_images_at_most() -> None:
    images = [picture(f"{one}", dog=LEFT, man=RIGHT) for one in range(9)]
    assert len(spatial_queries(images, relations=["left_of"], limit=99)) == 5


def test_an_image_is_relevant_where_some_pair_lies_so() -> None:
    assert grade(picture("a", dog=LEFT, man=RIGHT)) == RELEVANT
    assert grade(picture("a", dog=[LEFT, HIGH], man=RIGHT)) == RELEVANT
    assert grade(picture("a", puppy=LEFT, man=RIGHT)) == RELEVANT


def test_an_image_is_wrong_without_the_things_or_with_them_the_other_way_round() -> None:
    assert grade(picture("a", dog=LEFT)) == WRONG
    assert grade(picture("a", dog=LEFT, woman=RIGHT)) == WRONG
    assert grade(picture("a", dog=RIGHT, man=LEFT)) == WRONG
    assert grade(picture("a", dog=HIGH, man=LEFT)) == WRONG


def test_an_image_is_unjudged_where_margins_or_labels_do_not_tell() -> None:
    assert grade(picture("a", dog=LEFT, man=NEAR)) == UNJUDGED
    assert grade(picture("a", dog=LEFT, person=RIGHT)) == UNJUDGED


def test_an_engine_that_always_prefers_one_order_is_right_half_the_time() -> None:
    images = [picture("a", dog=LEFT, man=RIGHT), picture("b", dog=RIGHT, man=LEFT)]
    engines = [Fixed("dogs first", "a dog"), Fixed("none", "nothing")]
    report = evaluate_spatial(images, engines, relations=["left_of"])
    assert (report.images, report.pairs, report.queries) == (2, 2, 2)
    for found in report.engines.values():
        assert found.by_group["all"].swap.mean == 0.5  # the second because ties count half
    tied = report.engines["none"].by_group["left/right"]
    assert {cut: one.mean for cut, one in tied.recall.items()} == {1: 0, 5: 1, 10: 1}
    assert tied.ndcg.mean == pytest.approx(1 / np.log2(3))


def test_annotated_boxes_answer_what_they_say() -> None:
    images = [picture("a", dog=LEFT, man=RIGHT), picture("b", dog=RIGHT, man=LEFT)]
    images += [picture("c", dog=HIGH, man=LEFT), picture("d", cat=LEFT)]
    engine = RegionsEngine("boxes", Annotations(), parse=parse)
    scores = engine.score(["a dog to the left of a man", "no dogs"], images)
    assert scores[0].argsort()[::-1].tolist() == [0, 2, 1, 3]
    assert scores[1].argmax() == 3
    report = evaluate_spatial(images, [engine])
    assert report.engines["boxes"].by_group["all"].swap.mean == 1
    assert report.engines["boxes"].by_group["all"].recall[1].mean == 1


def test_a_label_of_several_words_is_met_as_a_whole_and_by_its_noun() -> None:
    images = [
        picture("a", potted_plant=LEFT, car=RIGHT),
        picture("b", potted_plant=RIGHT, car=LEFT),
    ]
    engine = RegionsEngine("boxes", Annotations(), parse=parse)
    (scores,) = engine.score(["a potted plant to the left of a red car"], images)
    assert scores[0] > scores[1] + 1


def test_without_boxes_there_is_nothing_to_ask() -> None:
    with pytest.raises(DatasetError, match="no image has boxes"):
        evaluate_spatial([picture("a")], [])
    with pytest.raises(DatasetError, match="clearly apart"):
        evaluate_spatial([picture("a", dog=LEFT)], [])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = []
    for name, (dog, man) in {"a.png": (LEFT, RIGHT), "b.png": (RIGHT, LEFT)}.items():
        photos.flat().save(tmp_path / name)
        boxes = [
            {"label": label, "x0": box.x0, "y0": box.y0, "x1": box.x1, "y1": box.y1}
            for label, box in (("dog", dog), ("man", man))
        ]
        rows.append({"file": name, "captions": ["x"], "boxes": boxes})
    (tmp_path / "index.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def test_the_command_reports_all_conditions(folder: Path) -> None:
    done = CliRunner().invoke(cli, ["eval", "spatial", str(folder), "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert (report["images"], report["pairs"]) == (2, 4)
    boxes, regions, vectors = report["engines"].values()
    assert regions["by_group"]["all"]["pairs"] == 4
    assert boxes["by_relation"]["left_of"]["swap"]["mean"] == 1
    assert vectors["by_group"]["directions"]["swap"]["mean"] == 0.5  # both pictures are the same
    done = CliRunner().invoke(cli, ["eval", "spatial", str(folder), "--condition", "boxes"])
    assert done.exit_code == 0, done.output
    assert "2 images with boxes, 4 queries with their twins" in done.stdout
    assert "100.0 [100.0, 100.0]" in done.stdout


def test_the_command_refuses_images_without_boxes(tmp_path: Path) -> None:
    photos.flat().save(tmp_path / "a.png")
    (tmp_path / "index.jsonl").write_text('{"file": "a.png", "captions": ["x"]}\n')
    done = CliRunner().invoke(cli, ["eval", "spatial", str(tmp_path)])
    assert done.exit_code == 1
    assert "has no boxes" in done.output


@pytest.mark.skipif(not DEV.is_dir(), reason="needs the development photos")
def test_geometry_and_parser_read_real_boxes() -> None:
    images = [image for image in read_dataset(DEV) if image.boxes][::6]
    engine = RegionsEngine("boxes", Annotations(), parse=parse)
    found = evaluate_spatial(images, [engine], limit=40).engines["boxes"].by_group
    assert found["left/right"].swap.mean >= 0.95
    assert found["above/below"].swap.mean >= 0.85
