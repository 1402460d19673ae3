"""Experiments from end to end, on pictures of flat colours."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import time
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ir_measures
import pytest
from click.testing import CliRunner

from mirada.cli import cli
from mirada.experiments.cache import Cache
from mirada.experiments.config import read_experiment
from mirada.experiments.run import Bench
from tests.conftest import command
from tests.experiments.album import LOG, SLOW
from tests.experiments.conftest import Lab

if TYPE_CHECKING:
    from click.testing import Result

INDEXES = 2  # grid and none
PICTURES = 9


def test_every_combination_is_measured_against_the_baseline(
    finished: tuple[Lab, Result],
) -> None:
    lab, done = finished
    assert "4 systems on 1 datasets: 2 indexes, 0 of them in the cache, 18 pictures" in done.stderr
    assert "less than a minute" in done.stderr
    (gallery,) = lab.record["galleries"]
    assert gallery["baseline"] == "no regions · fused"
    assert [one["label"] for one in gallery["systems"]] == [
        "grid · fused",
        "grid · reranked",
        "no regions · fused",
        "no regions · reranked",
    ]
    for one in gallery["systems"]:
        assert one["measures"]["R@5"]["mean"] == 1, "three pictures have each colour"
        assert ("difference" in one["measures"]["RR"]) == (one["label"] != gallery["baseline"])
        assert one["costs"]["milliseconds_a_query"] > 0
        assert one["costs"]["seconds_a_picture"] > 0
        assert one["costs"]["index_bytes_a_picture"] > 0
        assert one["costs"]["model_bytes"] is None, "nobody knows the weights of a plug-in"


def test_a_second_run_computes_nothing_and_says_the_same(resumed: Lab) -> None:
    first, looked = resumed.record, resumed.looked_at
    assert looked >= INDEXES * PICTURES
    done = resumed.run()
    assert "2 of them in the cache, 0 pictures" in done.stderr
    assert "4 in the cache, 0 queries" in done.stderr
    assert resumed.looked_at == looked
    assert resumed.record["galleries"] == first["galleries"]


def test_another_weight_of_words_searches_again_and_looks_at_no_picture(resumed: Lab) -> None:
    looked = resumed.looked_at
    resumed.change("rerank = [", "words_weights = [0.03, 0.5]\nrerank = [")
    done = resumed.run()
    assert "8 runs, 4 in the cache" in done.stderr
    assert resumed.looked_at == looked
    assert len(resumed.record["galleries"][0]["systems"]) == 8


def test_another_experiment_finds_the_work_of_the_first(resumed: Lab) -> None:
    looked = resumed.looked_at
    resumed.change('segmenters = ["grid", "none"]', 'segmenters = ["none"]')
    resumed.change('name = "Colours"', 'name = "Other"')
    other = resumed.file.with_name("other.toml")
    resumed.file.rename(other)
    Lab(other, resumed.log).run()
    assert resumed.looked_at == looked


def test_another_picture_makes_another_index(resumed: Lab) -> None:
    looked = resumed.looked_at
    captions = resumed.file.parent / "shades" / "captions.jsonl"
    captions.write_text("".join(captions.read_text().splitlines(keepends=True)[:-1]))
    assert "0 of them in the cache, 16 pictures" in resumed.run().stderr
    assert resumed.looked_at >= looked + INDEXES * (PICTURES - 1)


def test_a_better_encoder_is_told_from_one_that_sees_nothing(lab: Lab) -> None:
    lab.change('encoders = ["counting"]', 'encoders = ["blind", "counting"]')
    lab.change('segmenters = ["grid", "none"]', 'segmenters = ["none"]')
    lab.change("rerank = [false, true]", "rerank = [false]")
    lab.change('baseline = { segmenter = "none", rerank = false }', "")
    lab.run()
    blind, seeing = lab.record["galleries"][0]["systems"]
    assert blind["measures"]["R@5"]["mean"] == pytest.approx(5 / 9, abs=1e-6)
    assert seeing["measures"]["R@5"]["difference"]["low"] > 0
    assert "counting" in (lab.report / "report.md").read_text("utf-8")


def test_the_runs_are_trec_files_that_give_the_same_measures(
    finished: tuple[Lab, Result],
) -> None:
    lab, _ = finished
    (gallery,) = lab.record["galleries"]
    shades = lab.file.parent / "shades"
    names = [query["id"] for query in gallery["asked"]]
    qrels = [ir_measures.Qrel(one, image_id(shades / one.split("#")[0]), 1) for one in names]
    runs = lab.file.parent / ".mirada-experiments" / "runs"
    for one in gallery["systems"]:
        path = runs / one["run"] / "run.trec.gz"
        lines = [line.split() for line in gzip.decompress(path.read_bytes()).decode().splitlines()]
        run = [ir_measures.ScoredDoc(line[0], line[2], float(line[4])) for line in lines]
        found = ir_measures.calc_aggregate([ir_measures.RR], qrels, run)
        assert found[ir_measures.RR] == pytest.approx(one["measures"]["RR"]["mean"], abs=1e-6)


def image_id(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


class Impatient:
    """Stops a run after some queries, as Ctrl-C would."""

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.heard = 0

    def planned(self, total: int, what: str) -> None: ...

    def advanced(self) -> None: ...

    def wrote(self, records: object) -> None: ...

    def searching(self, total: int) -> None: ...

    def answered(self, count: int) -> None:
        self.heard += count
        if self.heard >= self.patience:
            raise KeyboardInterrupt


def test_what_was_answered_before_ctrl_c_is_not_asked_again(lab: Lab) -> None:
    cache = Cache(lab.file.parent / ".mirada-experiments")
    with pytest.raises(KeyboardInterrupt):
        Bench(read_experiment(lab.file), cache).complete(Impatient(25))
    cost = Bench(read_experiment(lab.file), cache).cost()
    assert (cost.indexes_kept, cost.runs_kept, cost.queries) == (1, 1, 4 * 18 - 25)


def test_a_kill_in_the_middle_costs_the_query_at_hand_alone(lab: Lab, counting_path: str) -> None:
    variables = {**os.environ, "PYTHONPATH": counting_path, LOG: str(lab.log), SLOW: "0.02"}
    process = subprocess.Popen(
        command(["experiment", lab.file]), env=variables, stderr=subprocess.DEVNULL
    )
    runs = lab.file.parent / ".mirada-experiments" / "runs"
    try:
        until = time.monotonic() + 240
        while not any(path.stat().st_size for path in runs.glob("*/answers.jsonl")):
            assert time.monotonic() < until
            assert process.poll() is None
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait()
    (part,) = runs.glob("*/answers.jsonl")
    with part.open("a") as file:
        file.write('{"query": "cut o')  # as a machine that loses its power leaves it
    looked = lab.looked_at
    done = lab.run()
    queries = re.search(r"([\d,]+) queries to ask", done.stderr)
    assert queries
    assert int(queries[1]) < 4 * 18
    assert lab.looked_at - looked <= PICTURES, "the index of the killed run was complete"
    assert lab.record["galleries"][0]["systems"][0]["measures"]["R@5"]["mean"] == 1


def test_only_one_experiment_works_in_a_folder(lab: Lab) -> None:
    with Cache(lab.file.parent / ".mirada-experiments").locked():
        assert "another experiment is running" in lab.refuse()


def test_what_cannot_be_put_together_is_left_out_and_told(resumed: Lab) -> None:
    resumed.change('segmenters = ["grid", "none"]', 'segmenters = ["none"]')
    resumed.change('captioners = ["none"]', 'captioners = ["none", "mirada-small-captioner"]')
    done = resumed.run()
    assert "left out: counting, none, mirada-small-captioner" in done.stderr
    assert "no calibration to check captions by" in done.stderr
    assert len(resumed.record["left_out"]) == 2
    assert len(resumed.record["galleries"][0]["systems"]) == 2


def test_judged_queries_are_asked_and_their_pictures_stay(lab: Lab) -> None:
    (lab.file.parent / "topics.tsv").write_text("walls\tred\nseas\tblue\n")
    (lab.file.parent / "q.qrels").write_text("walls 0 red0.png 1\nseas 0 blue20.png 1\n")
    lab.change(
        'folder = "shades"',
        'folder = "shades"\nqueries = "judged"\ntopics = "topics.tsv"\nqrels = "q.qrels"',
    )
    lab.change("[report]", "[limits]\nimages = 4\n\n[report]")
    lab.run()
    (gallery,) = lab.record["galleries"]
    assert (gallery["images"], gallery["queries"]) == (4, 2)
    assert all(one["measures"]["R@5"]["mean"] == 1 for one in gallery["systems"])


def test_the_record_comes_as_json_without_its_queries(resumed: Lab) -> None:
    record = json.loads(resumed.run("--json").stdout)
    assert record["name"] == "Colours"
    assert "asked" not in record["galleries"][0]
    assert "values" not in record["galleries"][0]["systems"][0]
    assert record == json.loads((resumed.report / "summary.json").read_text("utf-8"))


def test_a_leaderboard_sets_reports_side_by_side_where_they_can_be(
    resumed: Lab, tmp_path: Path
) -> None:
    resumed.run("--out", str(tmp_path / "reports" / "one"))
    resumed.change("[report]", "[limits]\nqueries = 5\n\n[report]")
    resumed.change('name = "Colours"', 'name = "Five"')
    resumed.run("--out", str(tmp_path / "reports" / "two"))
    page = tmp_path / "board.html"
    arguments = ["leaderboard", str(tmp_path / "reports"), "--measure", "RR", "--html", str(page)]
    done = CliRunner().invoke(cli, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    boards: list[dict[str, Any]] = json.loads(done.stdout)
    assert sorted(board["queries"] for board in boards) == [5, 18]
    for board in boards:
        means = [one["measures"]["RR"]["mean"] for one in board["entries"]]
        assert len(means) == 4
        assert means == sorted(means, reverse=True)
    shown = CliRunner().invoke(cli, arguments).stdout
    assert "counting/1 · no regions · no captions · words 0.03 · fused" in shown
    assert page.read_text("utf-8").count("<section>") == 2


def test_a_leaderboard_of_nothing_says_how_to_make_reports(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["leaderboard", str(tmp_path)])
    assert done.exit_code == 1
    assert "mirada experiment FILE.toml" in done.output


def test_the_report_opens_in_a_browser_and_needs_nothing_from_elsewhere(
    finished: tuple[Lab, Result], browser: Any
) -> None:
    lab, _ = finished
    page = lab.report / "report.html"
    html = page.read_text("utf-8")
    addresses = set(re.findall(r"https?://[^\s\"'<)]+", html))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"<(link|script|iframe|img)\b|@import", html)
    browser.get(page.as_uri())
    assert browser.title == "Colours"
    rows = browser.execute_script("return document.querySelectorAll('table.q tbody tr').length")
    assert rows == 4
    assert browser.execute_script("return document.querySelectorAll('figure svg').length") == 1
    wide, seen = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= seen
    assert not browser.get_log("browser")
