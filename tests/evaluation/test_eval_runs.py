"""Runs and qrels that evaluations export, measured by another program and compared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from mirada.cli import cli
from mirada.evaluation.trec import Qrels, Run, read_qrels, read_run, write_qrels, write_run
from tests.training.tiny import write_shapes

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

ir_measures = pytest.importorskip("ir_measures")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["eval", *map(str, arguments)])


def succeed(*arguments: object) -> Result:
    done = run(*arguments)
    assert done.exit_code == 0, done.output
    return done


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:  # type: ignore[type-arg]
    """A folder with the run and qrels of an evaluation, and what that evaluation reported."""
    folder = tmp_path_factory.mktemp("exported")
    shapes = write_shapes(folder / "shapes")
    files = ["--run", folder / "small.run.gz", "--qrels", folder / "qrels.txt"]
    done = succeed("retrieval", shapes, *files, "--json")
    return folder, json.loads(done.stdout)


def test_recall_agrees_with_ir_measures_on_the_exported_files(exported) -> None:
    folder, report = exported
    qrels = list(ir_measures.read_trec_qrels(str(folder / "qrels.txt")))
    ranked = read_run(folder / "small.run.gz")
    plain = folder / "plain.run"
    write_run(plain, ranked)
    scored = list(ir_measures.read_trec_run(str(plain)))
    measures = [ir_measures.parse_measure(f"R@{cut}") for cut in (1, 5, 10)]
    found = ir_measures.calc_aggregate(measures, qrels, scored)
    ours = report["text_to_image"]["at"]
    assert 0 < ours["1"] < ours["10"] < 1  # else agreeing would be easy
    for measure, cut in zip(measures, ("1", "5", "10"), strict=True):
        assert found[measure] == pytest.approx(ours[cut], abs=1e-9)


def test_every_caption_is_a_query_about_its_image(exported) -> None:
    folder, report = exported
    qrels = read_qrels(folder / "qrels.txt")
    assert len(qrels.grades) == report["text_to_image"]["queries"] == 48
    assert qrels.grades["red-ball-top.png#1"] == {"red-ball-top.png": 1}
    ranked = read_run(folder / "small.run.gz")
    assert ranked.name == report["model"]
    assert {len(own) for own in ranked.scores.values()} == {24}


def test_the_report_says_what_was_encoded_and_what_was_kept(exported) -> None:
    folder, report = exported
    assert report["image_cost"]["made"] + report["image_cost"]["kept"] == 24
    assert report["peak_memory"] is None or report["peak_memory"] > 1e6
    done = succeed("retrieval", folder / "shapes", "--depth", 3, "--run", folder / "short.run")
    assert "images: all 24 from the cache; texts: all 48 from the cache" in done.stdout
    assert {len(own) for own in read_run(folder / "short.run").scores.values()} == {3}
    assert {**json.loads(succeed("retrieval", folder / "shapes", "--json").stdout)}[
        "text_to_image"
    ] == report["text_to_image"]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    queries = [f"q{number}" for number in range(30)]
    write_qrels(tmp_path / "qrels", Qrels({one: {f"d{one}": 1} for one in queries}))
    good = {one: {f"d{one}": 2.0, "x": 1.0} for one in queries}
    poor = {one: {"x": 2.0, f"d{one}": 1.0} for one in queries[:-1]}  # the last finds nothing
    write_run(tmp_path / "good.run", Run("good", good))
    write_run(tmp_path / "poor.run", Run("poor", poor))
    return tmp_path


def test_runs_are_compared_with_intervals_and_corrected_tests(files: Path) -> None:
    asked = ["runs", files / "qrels", files / "poor.run", files / "good.run", "-m", "RR"]
    report = json.loads(succeed(*asked, "--json").stdout)
    assert (report["queries"], report["groups"], report["baseline"]) == (30, 30, "poor")
    poor, good = (report["systems"][name]["RR"] for name in ("poor", "good"))
    assert poor["mean"]["mean"] == pytest.approx(29 / 60)
    assert poor["mean"]["low"] < 29 / 60 < poor["mean"]["high"]
    assert good["difference"]["interval"]["mean"] == pytest.approx(31 / 60)
    assert good["difference"]["p"] == good["difference"]["corrected"] < 0.001
    assert report["median_rank"] == {"poor": 2, "good": 1}
    table = succeed(*asked).stdout
    assert "30 queries, 30 independent; against poor" in table
    assert "+0.5167" in table


def test_the_baseline_can_be_named_by_run_or_file(files: Path) -> None:
    asked = ["runs", files / "qrels", files / "poor.run", files / "good.run", "--json"]
    for name in ("good", files / "good.run"):
        assert json.loads(succeed(*asked, "--baseline", name).stdout)["baseline"] == "good"
    failed = run(*asked, "--baseline", "none")
    assert failed.exit_code == 1
    assert "no run is called 'none': choose of poor, good" in failed.output


def test_each_querys_values_can_be_written(files: Path) -> None:
    asked = ["runs", files / "qrels", files / "poor.run", files / "good.run", "-m", "R@1"]
    succeed(*asked, "--per-query", files / "each.tsv")
    lines = (files / "each.tsv").read_text().splitlines()
    assert lines[0] == "query\tmeasure\tpoor\tgood"
    assert lines[1] == "q0\tR@1\t0.000000\t1.000000"
    assert len(lines) == 31


def test_runs_of_the_same_name_are_told_apart_by_file(files: Path) -> None:
    write_run(files / "other.run", Run("good", {"q0": {"dq0": 1.0}}))
    asked = ["runs", files / "qrels", files / "good.run", files / "other.run", "--json"]
    report = json.loads(succeed(*asked).stdout)
    assert list(report["systems"]) == [str(files / "good.run"), str(files / "other.run")]
    assert report["median_rank"][str(files / "other.run")] is None
    failed = run("runs", files / "qrels", files / "good.run", files / "good.run")
    assert "a run is named twice" in failed.output


def test_a_wrong_measure_is_told(files: Path) -> None:
    failed = run("runs", files / "qrels", files / "good.run", "-m", "goodness")
    assert failed.exit_code == 1
    assert "'goodness' is no measure" in failed.output


def test_the_cache_is_shown_and_emptied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from mirada.evaluation.kept import Maker, kept_texts

    monkeypatch.setenv("MIRADA_CACHE", str(tmp_path))
    kept_texts(Maker("toy/1 texts", ())).keep({"a": "b"})
    assert "toy-1-texts" in succeed("cache").stdout
    (one,) = json.loads(succeed("cache", "--json").stdout)["kept"]
    assert json.loads(succeed("cache", "--empty", "--json").stdout)["freed"] == one["bytes"]
    assert json.loads(succeed("cache", "--json").stdout)["kept"] == []
