"""`mirada parse` and `mirada eval parser`: as a tree, as data, against gold."""

import json
from pathlib import Path

from click.testing import CliRunner

from mirada.cli import cli


def run(*arguments: str, typed: str = "") -> str:
    done = CliRunner().invoke(cli, list(arguments), input=typed)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_parse_is_shown_as_a_tree() -> None:
    lines = run("parse", "a dog left of a car, no people, before 2020").splitlines()
    assert lines[1:4] == ["├─ thing: dog", "│  └─ left_of: car", "├─ thing: car"]
    assert lines[4:] == ["├─ without: people  [person]", "└─ filter: date < 2020-01-01"]


def test_words_that_could_not_be_placed_are_listed() -> None:
    assert "not placed: date:banana" in run("parse", "a dog date:banana")


def test_json_has_the_fields_of_gold_files() -> None:
    parsed = json.loads(run("parse", "a cup that is not next to two laptops", "--json"))
    assert parsed["relations"] == [["not:next_to", 0, 1]]
    assert parsed["phrases"][1]["count"] == "2"
    assert parsed["filters"] == []


def test_a_filter_is_an_object() -> None:
    parsed = json.loads(run("parse", "tag:farm", "--json"))
    assert parsed["filters"] == [{"field": "tag", "op": "=", "value": "farm"}]


def test_a_batch_gives_a_line_for_each_query() -> None:
    lines = run("parse", "--batch", "-", typed="a dog\n\nun perro\n").splitlines()
    assert [json.loads(line)["lang"] for line in lines] == ["en", "es"]


def test_a_query_or_a_batch_is_wanted() -> None:
    assert CliRunner().invoke(cli, ["parse"]).exit_code == 2


def test_parses_are_scored_against_gold(tmp_path: Path) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text(run("parse", "--batch", "-", typed="a dog on the left\nun perro\n"))
    reports = json.loads(run("eval", "parser", str(gold), "--json"))
    assert [(one["language"], one["share"]) for one in reports] == [("en", 1.0), ("es", 1.0)]


def test_a_miss_says_what_is_missing_and_what_is_too_much(tmp_path: Path) -> None:
    gold = tmp_path / "gold.jsonl"
    parsed = json.loads(run("parse", "a dog on the left", "--json"))
    parsed["phrases"][0]["pos"] = ["right"]
    gold.write_text(json.dumps(parsed))
    shown = run("eval", "parser", str(gold))
    assert "0 of 1 right" in shown
    assert "missing dog right; too much dog left" in shown


def test_a_line_that_is_no_gold_query_is_named(tmp_path: Path) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text("{}\n")
    done = CliRunner().invoke(cli, ["eval", "parser", str(gold)])
    assert done.exit_code == 1
    assert "line 1 is no gold query" in done.output
