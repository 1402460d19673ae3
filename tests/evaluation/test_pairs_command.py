from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from mirada.cli import cli
from mirada.cli.eval_pairs import KINDS
from mirada.collection import open_collection
from mirada.evaluation.pairs.benchmark import FORMATS
from mirada.evaluation.pairs.systems import PreciseSystem
from mirada.vocabulary.presence import load_presence
from tests.evaluation import pairs_files as files

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


@pytest.fixture
def coloured(tmp_path: Path) -> Path:
    """Pictures whose colour any model sees."""
    return files.draw(tmp_path / "photos", a="red", b="green", c="blue")


def run(*arguments: str | Path) -> Result:
    done = CliRunner().invoke(cli, ["eval", "pairs", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done


def test_every_format_can_be_asked_for() -> None:
    assert set(KINDS) == set(FORMATS)


def test_captions_are_chosen_and_every_choice_is_told(tmp_path: Path, coloured: Path) -> None:
    choices = [("a", "plain red", "plain blue"), ("c", "plain blue", "plain red")]
    files.sugarcrepe(tmp_path / "sugar" / "swap_att.json", *choices)
    files.sugarcrepe(tmp_path / "sugar" / "same.json", ("b", "green", "green"), ("z", "x", "y"))
    told = tmp_path / "told.jsonl"
    done = run(
        *(tmp_path / "sugar", "--images", coloured, "--system", "vectors"),
        *("--per-query", told, "--json"),
    )
    report = json.loads(done.stdout)
    assert (report["kind"], report["examples"], report["left_out"]) == ("sugarcrepe", 3, 1)
    found = next(iter(report["found"].values()))
    assert found["swap_att"]["mean"] == 1
    assert found["same"]["mean"] == 0  # equal scores
    assert "3 pictures and 6 texts, less than a minute" in done.stderr
    lines = [json.loads(line) for line in told.read_text("utf-8").splitlines()]
    assert [one["id"] for one in lines] == ["same/0", "swap_att/0", "swap_att/1"]
    assert [*lines[1]["right"].values()] == [True]


def test_statements_are_judged_by_both_systems_with_a_threshold_of_others(
    tmp_path: Path, coloured: Path
) -> None:
    colours = {"a": "red", "b": "green", "c": "blue"}
    asked = [
        (name, f"The picture is {said}.", int(said == own), "is")
        for name, own in colours.items()
        for said in colours.values()
    ]
    test = files.vsr(tmp_path / "test.jsonl", *asked)
    tune = files.vsr(
        tmp_path / "dev.jsonl", *((name, f"All {said[16:]}", *rest) for name, said, *rest in asked)
    )
    work = tmp_path / "work"
    first = run(test, "--images", coloured, "--tune", tune, "--work", work)
    assert "vsr, test.jsonl: 9 examples and 9 to tune on, 3 pictures" in first.stdout
    assert "chosen on dev.jsonl" in first.stdout
    assert "precise search over the first, points [95%], p" in first.stdout
    again = run(test, "--images", coloured, "--work", work, "--json")
    report = json.loads(again.stdout)
    assert "is not done again" in again.stderr
    assert report["chance"] == pytest.approx(2 / 3)
    vectors, precise = report["found"].values()
    assert vectors["all"]["area"]["mean"] > 0.5
    assert all("the calibrated cut" in rule for rule in report["rules"].values())
    assert set(report["differences"]["precise search"]) == {"area", "right"}
    assert 0 <= precise["all"]["right"]["low"] <= precise["all"]["right"]["high"] <= 1
    assert_scored_as_searched(work)


def assert_scored_as_searched(work: Path) -> None:
    collection = open_collection(work / "images", home=work / "index")
    ids = sorted(collection.store.ids())
    presence = load_presence(collection.encoder, collection.home)
    system = PreciseSystem(
        collection.store, collection.encoder, ids, presence=presence, calibration=None
    )
    for text in ("a red thing", "a red or a blue thing", "no red thing left of a tree"):
        found = system.score([text] * len(ids), range(len(ids))).scores
        assert found == pytest.approx(collection.score(text, ids))
        some = system.score([text], [1]).scores
        assert some == pytest.approx(found[1:2])


def test_pairs_of_photos_are_told_of_as_one_picture(tmp_path: Path) -> None:
    folder = files.draw(
        tmp_path,
        **{"dev-1-0-img0": "red", "dev-1-0-img1": "blue"},
        **{"dev-2-0-img0": "green", "dev-2-0-img1": "green"},
    )
    test = files.nlvr2(
        folder / "dev.json",
        ("dev-1-0-0", "One is red.", "True"),
        ("dev-2-0-0", "One is red.", "False"),
    )
    report = json.loads(run(test, "--system", "vectors", "--json").stdout)
    assert (report["kind"], report["images"], report["true"]) == ("nlvr2", 2, 1)
    assert next(iter(report["found"].values()))["all"]["area"]["mean"] == 1


def test_what_is_tested_cannot_tune_and_broken_pictures_are_named(
    tmp_path: Path, coloured: Path
) -> None:
    test = files.vsr(tmp_path / "test.jsonl", ("a", "red", 1, "is"), ("b", "red", 0, "is"))
    told = ["eval", "pairs", str(test), "--images", str(coloured)]
    done = CliRunner().invoke(cli, [*told, "--tune", str(test)])
    assert done.exit_code == 1
    assert "2 statements of" in done.output
    (coloured / "b.jpg").write_bytes(b"no picture")
    done = CliRunner().invoke(cli, [*told, "--system", "precise"])
    assert done.exit_code == 1
    assert "b.jpg cannot be decoded" in done.output
