from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from mirada.cli import cli
from mirada.evaluation.captions import evaluate_captions, template
from tests.training.tiny import write_shapes

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("pycocoevalcap.cider.cider")
pytest.importorskip("nltk")

PEOPLE = [
    ["A black dog runs through the snow.", "A dog is running in deep snow."],
    ["Two children play on a beach.", "Kids on the sand near the sea."],
    ["A man rides a red bicycle.", "Someone on a bike in the street."],
]
SAME = [texts[0] for texts in PEOPLE]


def test_saying_what_people_say_beats_saying_what_they_say_of_another_image() -> None:
    report = evaluate_captions(PEOPLE, {"same": SAME, "other": [*SAME[1:], SAME[0]]})
    same, other = report.systems["same"], report.systems["other"]
    assert same.bleu_4 == pytest.approx(100, abs=0.01)
    assert same.meteor > 95
    assert same.cider_d > 300
    assert other.cider_d < 10
    assert report.gain is not None
    assert report.gain.low > 0


def test_case_and_punctuation_do_not_count() -> None:
    plain = ["a black dog runs through the snow", *SAME[1:]]
    report = evaluate_captions(PEOPLE, {"as written": SAME, "plain": plain})
    assert report.systems["plain"] == report.systems["as written"]


def test_an_image_without_a_caption_counts_as_an_empty_one() -> None:
    report = evaluate_captions(PEOPLE, {"some": [SAME[0], None, SAME[2]], "all": SAME})
    some, whole = report.systems["some"], report.systems["all"]
    assert some.missing == 1
    assert some.cider_d < whole.cider_d


def test_matches_of_stems_are_worth_something_to_meteor() -> None:
    report = evaluate_captions([["dogs running"]], {"stem": ["dog runs"], "none": ["blue chairs"]})
    assert report.systems["stem"].meteor > report.systems["none"].meteor


def test_tags_in_a_template() -> None:
    assert template(("dog", "snow", "tree")) == "a photo of a dog and a snow"
    assert template(("dog",)) == "a photo of a dog"
    assert template(()) is None


def test_the_command_compares_captions_with_baselines(tmp_path: Path) -> None:
    shapes = str(write_shapes(tmp_path / "shapes"))
    done = CliRunner().invoke(cli, ["eval", "captions", shapes, "--train", shapes, "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["images"] == 24
    assert list(report["systems"]) == [
        "checked", "not checked", "checked, none rejected",
        "tags in a template", "nearest training caption",
    ]  # fmt: skip
    assert report["systems"]["nearest training caption"]["meteor"] > 90  # of the image itself
    assert all(len(texts) == 24 for texts in report["captions"].values())
