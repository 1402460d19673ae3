"""Systems on judged queries: what is judged of their results, and the command that compares."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from mirada.cli import cli
from mirada.collection import Collection
from mirada.evaluation.judged import condensed, run_of, unjudged_share
from mirada.evaluation.trec import Qrels
from mirada.judging.log import JudgementLog
from tests import photos
from tests.fakes import ColourEncoder
from tests.judging.marks import judgement

if TYPE_CHECKING:
    from pathlib import Path

QRELS = Qrels({"1": {"a": 2, "b": 0}, "2": {"a": 1}})


def test_what_nobody_judged_is_a_share_of_the_first_results() -> None:
    rankings = {"1": ("a", "x", "b"), "2": ("b",)}
    assert unjudged_share(rankings, QRELS) == 0.5
    assert unjudged_share(rankings, QRELS, depth=1) == 0.5
    assert unjudged_share({"1": ()}, QRELS) == 0


def test_a_run_keeps_the_order_of_a_ranking() -> None:
    assert run_of("ours", {"1": ("b", "c", "a")}).ranking("1") == ["b", "c", "a"]


def test_a_condensed_run_passes_over_what_nobody_judged() -> None:
    run = run_of("ours", {"1": ("x", "b", "a"), "2": ("y",), "3": ("a",)})
    left = condensed(run, QRELS)
    assert left.ranking("1") == ["b", "a"]
    assert (left.name, left.ranking("2"), left.ranking("3")) == ("ours", [], [])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of three pictures, indexed by an encoder that knows colours."""
    pytest.importorskip("ir_measures", reason="needs the extra eval")
    monkeypatch.setattr(Collection, "encoder", ColourEncoder())
    home = tmp_path / "home"
    for name, colour in (("rose", photos.RED), ("grass", photos.GREEN), ("sea", photos.BLUE)):
        photos.flat(colour).save(tmp_path / f"{name}.png")
    Collection(tmp_path, home=home).index(roles=())
    return home


def ids(home: Path) -> dict[str, str]:
    files = Collection(home.parent, home=home).store.files()
    return {file.path.stem: image_id for file, image_id in files.items()}


def evaluated(*arguments: object) -> dict[str, object]:
    done = CliRunner().invoke(cli, ["eval", "judged", *map(str, arguments), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_judgements_and_the_qrels_made_of_them_say_the_same(home: Path, tmp_path: Path) -> None:
    known = ids(home)
    with JudgementLog(home / "judgements", "ana") as log:
        log.note(judgement(known["rose"], 2, query="red", query_id="7"))
        log.note(judgement(known["sea"], 0, query="red", query_id="7"))
        log.note(judgement(known["sea"], 1, query="blue", query_id="8"))
    report = evaluated(home / "judgements", "--home", home)
    assert report["queries"] == 2
    assert report["systems"]["vectors"]["nDCG@10"]["mean"]["mean"] == 1
    assert report["systems"]["words"]["R@10"]["mean"]["mean"] == 0
    assert report["systems"]["words"]["R@10"]["difference"]["interval"]["mean"] == -1
    assert report["unjudged@10"]["vectors"] == pytest.approx(3 / 6)
    qrels = tmp_path / "qrels.txt"
    done = CliRunner().invoke(cli, ["judge", "--export", str(qrels), "--home", str(home)])
    assert done.exit_code == 0, done.output
    assert evaluated(qrels, "--home", home) == report
    table = CliRunner().invoke(cli, ["eval", "judged", str(qrels), "--home", str(home)]).stdout
    assert "2 queries, 2 independent, 0 with nothing that fits" in table
    assert "unjudged among the first ten: vectors 50.0%, words 0.0%" in table


def test_qrels_without_their_queries_say_what_to_give(tmp_path: Path) -> None:
    qrels = tmp_path / "qrels.txt"
    qrels.write_text("7 0 abc 2\n")
    done = CliRunner().invoke(cli, ["eval", "judged", str(qrels)])
    assert "name the file of the queries with --topics" in done.output
    (tmp_path / "qrels.topics.tsv").write_text("8\ta cat\n")
    done = CliRunner().invoke(cli, ["eval", "judged", str(qrels)])
    assert "lacks query 7" in done.output
