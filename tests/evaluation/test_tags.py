from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner

from mirada.cli import cli
from mirada.evaluation.datasets import CaptionedImage, ImageBytes, LabelledBox, read_dataset
from mirada.evaluation.tags import (
    COCO,
    Seen,
    evaluate_tags,
    fold_of,
    see,
    truth_of_boxes,
    truth_of_captions,
)
from mirada.types import Box, Proposal
from mirada.vocabulary.entries import Entry, Vocabulary
from mirada.vocabulary.learnt import Mixing
from mirada.vocabulary.scoring import LearntScorer, make_scorer
from tests.fakes import ColourEncoder
from tests.training.tiny import write_shapes

if TYPE_CHECKING:
    from mirada.protocols import Look

WORDS = Vocabulary(
    (
        Entry("dog", "animal", ""),
        Entry("computer mouse", "object", ""),
        Entry("person", "person", ""),
        Entry("running", "activity", ""),
    ),
    "",
)


def image(name: str, *captions: str, labels: str = "", dataset: str = "coco") -> CaptionedImage:
    boxes = tuple(LabelledBox(label, Box(0, 0, 1, 1)) for label in labels.split(",") if label)
    return CaptionedImage(name, ImageBytes(Path(name)), captions, dataset, "val", boxes)


class Halves:
    """Proposes the left and the right half."""

    name = "halves/1"
    maps_of = None

    def segment(self, look: Look) -> list[Proposal]:
        return [Proposal(Box(0, 0, 0.5, 1), 0.5), Proposal(Box(0.5, 0, 1, 1), 0.5)]


def test_captions_name_things_and_five_images_must_name_them() -> None:
    images = [image(f"{n}.jpg", "A dog runs.", "a person") for n in range(4)]
    images.append(image("4.jpg", "Two dogs", "a running dog"))
    truth = truth_of_captions(images, WORDS)
    assert truth.places.tolist() == [0]  # four persons are too few, and running is no thing
    assert truth.fits.all()


def test_boxes_of_persons_alone_do_not_say_that_all_was_boxed() -> None:
    images = [
        image("a.jpg", labels="person"),
        image("b.jpg", labels="person,mouse"),
        image("c.jpg", labels="dog"),
        image("d.jpg", labels="dog", dataset="flickr8k"),
        image("e.jpg"),
    ]
    truth = truth_of_boxes(images, WORDS)
    assert truth.rows.tolist() == [1, 2]
    assert [WORDS.entries[place].name for place in truth.places] == [
        "person",
        "dog",
        "computer mouse",
    ]
    assert truth.fits.tolist() == [[True, False, True], [False, True, False]]


def test_coco_has_eighty_classes() -> None:
    assert len(COCO) == len(set(COCO)) == 80


def test_halves_are_by_name_and_about_even() -> None:
    folds = [fold_of(f"{number}.jpg") for number in range(1000)]
    assert folds == [fold_of(f"{number}.jpg") for number in range(1000)]
    assert 450 < sum(folds) < 550


def test_regions_that_see_the_dog_add_to_a_whole_that_does_not() -> None:
    mixing = Mixing((1, 0), whole=0.5, regions=0.5, offset=0, part=(1, 0, 0), cut=0.5, part_cut=0.5)
    eye = np.eye(4, dtype=np.float32)
    scorer = LearntScorer("", WORDS, mixing, eye, np.zeros(4, np.float32))
    images = [image(f"{n}.jpg", "a dog" if n < 5 else "a cat") for n in range(10)]
    vectors = np.zeros((10, 4), np.float32)
    vectors[5:, 0] = 1  # the whole is wrong
    regions = [np.full((2, 4), 3 if n < 5 else -3, np.float32) for n in range(10)]
    seen = Seen(vectors, [[]] * 10, regions)
    (report,) = evaluate_tags(images, seen, scorer, ColourEncoder())
    assert (report.truth, report.images, report.classes) == ("captions", 10, 1)
    found = {one.source: one for one in report.sources}
    assert found["whole"].mean_average_precision == pytest.approx(
        np.mean([1 / 6, 2 / 7, 3 / 8, 4 / 9, 5 / 10])
    )
    assert found["regions"].mean_average_precision == 1
    assert found["whole + regions"].mean_average_precision == 1
    assert found["whole + regions"].all.count == 10
    assert found["whole + regions"].kept.count == 10  # (1 - 3) / 2 is a probability of 0.27
    assert found["cosine"].all.count == 10


def test_images_and_their_parts_are_seen_in_order(tmp_path: Path) -> None:
    images = read_dataset(write_shapes(tmp_path / "shapes"))
    counted: list[int] = []
    seen = see(images, ColourEncoder(), Halves(), counted.append)
    assert seen.vectors.shape == (24, 4)
    assert [part.shape for part in seen.regions] == [(2, 4)] * 24
    assert sum(counted) == 24
    single = see(images[3:4], ColourEncoder(), Halves())
    assert single.vectors[0] == pytest.approx(seen.vectors[3])
    scorer = make_scorer(ColourEncoder(), WORDS, None)
    assert evaluate_tags(images, seen, scorer, ColourEncoder()) == []  # nobody names these tags


def test_the_report_comes_as_a_table_and_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mirada.plugins.load_encoder", lambda _, __=None: ColourEncoder())
    shapes = write_shapes(tmp_path / "shapes")
    words = tmp_path / "words.tsv"
    words.write_text("ball\tobject\nbox\tobject\nbar\tobject\n")
    command = ["eval", "tags", str(shapes), "--segmenter", "grid", "--vocabulary", str(words)]
    done = CliRunner().invoke(cli, [*command, "--json", "--untrained"])
    assert done.exit_code == 0, done.output
    (truth,) = json.loads(done.stdout)["truths"]
    assert (truth["truth"], truth["images"], truth["classes"]) == ("captions", 24, 3)
    assert [one["source"] for one in truth["sources"]][-1] == "whole + regions"
    done = CliRunner().invoke(cli, [*command, "--half", "1", "--bins"])
    assert done.exit_code == 0, done.output
    assert "whole + regions" in done.stdout
    assert "probability" in done.stdout
