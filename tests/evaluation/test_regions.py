from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner

from mirada.cli import cli
from mirada.evaluation.datasets import CaptionedImage, LabelledBox, read_dataset
from mirada.evaluation.regions import best_overlaps, different, evaluate_regions, fully_boxed
from mirada.models.segmenters import MapSegmenter
from mirada.models.small import SmallEncoder
from mirada.types import Box, Proposal
from tests import photos

if TYPE_CHECKING:
    from pathlib import Path

    from mirada.protocols import Look

LEFT, RIGHT, TINY = Box(0, 0, 0.5, 1), Box(0.5, 0, 1, 1), Box(0.1, 0.1, 0.2, 0.2)


class Fixed:
    """Proposes what it is told to."""

    maps_of = None

    def __init__(self, name: str, *boxes: Box) -> None:
        self.name = name
        self._boxes = boxes

    def segment(self, look: Look) -> list[Proposal]:
        return [Proposal(box, 0.5) for box in self._boxes]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = []
    for name, boxes in {"a.png": [LEFT, LEFT, TINY], "b.png": [RIGHT]}.items():
        photos.flat().save(tmp_path / name)
        told = [
            {"label": label, "x0": box.x0, "y0": box.y0, "x1": box.x1, "y1": box.y1}
            for label, box in zip("abc", boxes, strict=False)
        ]
        rows.append({"file": name, "captions": ["x"], "dataset": "two", "boxes": told})
    (tmp_path / "index.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def test_a_box_with_two_labels_counts_once(folder: Path) -> None:
    image = read_dataset(folder)[0]
    assert len(image.boxes) == 3
    assert len(different(image)) == 2


def test_the_nearest_proposal_counts() -> None:
    drawn = np.array([[0, 0, 0.5, 1]])
    near = best_overlaps(drawn, [Box(0.25, 0, 0.75, 1), RIGHT])
    assert near[0] == pytest.approx(1 / 3)
    assert best_overlaps(drawn, []).tolist() == [0]


def test_recall_by_hand(folder: Path) -> None:
    images = read_dataset(folder)
    shifted = Box(0.25, 0, 0.75, 1)  # a third over each half
    segmenters = [Fixed("good", LEFT, RIGHT), Fixed("poor", shifted), Fixed("none")]
    report = evaluate_regions(images, SmallEncoder(), segmenters, proposals=20)
    assert (report.images, report.boxes) == (2, 3)
    assert report.sizes == {"small": 1, "medium": 0, "large": 2}
    good, poor, none = report.found.values()
    assert [one.mean for one in good.recall.values()] == pytest.approx([2 / 3, 2 / 3])
    assert [one.mean for one in poor.recall.values()] == pytest.approx([2 / 3, 0])
    assert [one.mean for one in none.recall.values()] == [0, 0]
    assert good.by_size["large"][0.5].mean == 1
    assert good.by_size["small"][0.3].mean == 0
    assert good.by_size["medium"] == {}
    assert none.with_whole[0.5].mean == pytest.approx(2 / 3)
    assert (good.proposals, none.proposals) == (2, 0)
    assert report.gains["poor"][0.5].mean == pytest.approx(2 / 3)
    low, high = good.recall[0.3].low, good.recall[0.3].high
    assert 0.5 == low <= good.recall[0.3].mean <= high == 1


def test_only_the_surest_proposals_count(folder: Path) -> None:
    images = read_dataset(folder)
    report = evaluate_regions(images, SmallEncoder(), [Fixed("good", LEFT, RIGHT)], proposals=1)
    assert report.found["good"].recall[0.5].mean == pytest.approx(1 / 3)


def test_coco_images_with_persons_alone_are_left_out(folder: Path) -> None:
    source = read_dataset(folder)[0].source

    def image(dataset: str, *labels: str) -> CaptionedImage:
        boxes = tuple(LabelledBox(label, LEFT) for label in labels)
        return CaptionedImage(dataset, source, ("x",), dataset, "", boxes)

    images = [
        image("coco-val2017", "person"),
        image("coco-val2017", "person", "dog"),
        image("flickr8k", "person"),
        image("flickr8k"),
    ]
    assert fully_boxed(images) == images[1:3]


def test_the_command_reports_all_segmenters(folder: Path) -> None:
    asked = ["eval", "regions", str(folder), "--segmenter", "feature-map", "--segmenter", "grid"]
    done = CliRunner().invoke(cli, [*asked, "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    name = MapSegmenter().name
    assert set(report["two"]["found"]) == {name, "grid/1"}
    assert report["two"]["found"]["grid/1"]["recall"]["0.3"]["mean"] == pytest.approx(2 / 3)
    done = CliRunner().invoke(cli, asked)
    assert done.exit_code == 0, done.output
    assert f"{name} over grid/1" in done.stdout
    assert "2 images, 3 boxes" in done.stdout


def test_images_without_boxes_are_refused(tmp_path: Path) -> None:
    photos.flat().save(tmp_path / "a.png")
    (tmp_path / "index.jsonl").write_text('{"file": "a.png", "captions": ["x"]}\n')
    done = CliRunner().invoke(cli, ["eval", "regions", str(tmp_path)])
    assert done.exit_code == 1
    assert "has no boxes" in done.output
