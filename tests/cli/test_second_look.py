"""The second look on the command line: models of an installed package, named in mirada.toml."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import mirada as library
from mirada.cli import cli
from tests import photos

TEXT = "a green field and a blue lake"
RERANKER = 'encoder = "colour"\nreranker = "seen-colours"\n'
DETECTOR = 'encoder = "colour"\ndetector = "drawn-colours"\n'


OURS = (
    EntryPoint("colour", "tests.fakes:ColourEncoder", "mirada.encoders"),
    EntryPoint("seen-colours", "tests.second_sight:ColourReranker", "mirada.rerankers"),
    EntryPoint("drawn-colours", "tests.second_sight:ColourDetector", "mirada.detectors"),
)
Run = Callable[..., Result]


@pytest.fixture
def search(album: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Searches, in this process, the album and a picture in green and blue, with settings."""
    both = photos.flat(photos.GREEN)
    both.paste(photos.BLUE, (32, 0, 64, 48))
    both.save(album / "shore.png")
    monkeypatch.chdir(album)
    monkeypatch.delenv("MIRADA_HOME", raising=False)
    monkeypatch.setattr("mirada.plugins.entry_points", installed)
    assert CliRunner().invoke(cli, ["index"]).exit_code == 0

    def run(settings: str, *arguments: str | Path, typed: str | None = None) -> Result:
        (album / ".mirada" / "mirada.toml").write_text(settings)
        return CliRunner().invoke(cli, ["search", *map(str, arguments)], input=typed)

    return run


def installed(*, group: str) -> tuple[EntryPoint, ...]:
    """What mirada offers, and the models of these tests as if a package brought them."""
    return (*entry_points(group=group), *(one for one in OURS if one.group == group))


def best(done) -> str:
    return Path(json.loads(done.stdout)["hits"][0]["path"]).name


def test_the_best_are_looked_at_again_as_the_settings_say(search) -> None:
    assert best(search('encoder = "colour"\n', TEXT, "--json")) == "grass.png"
    assert best(search(RERANKER, TEXT, "--json")) == "shore.png"
    assert best(search(RERANKER, TEXT, "-n", "1", "--json")) == "shore.png"
    assert best(search(DETECTOR, TEXT, "--json")) == "shore.png"


def test_no_recheck_spares_it_for_one_search(search) -> None:
    done = search(RERANKER, TEXT, "--no-recheck", "--json")
    assert best(done) == "grass.png"
    assert json.loads(done.stdout)["recheck"] is None


def test_the_table_says_who_looked_and_the_proof_what_they_saw(search) -> None:
    done = search(RERANKER + 'detector = "drawn-colours"\n', TEXT, "--why", "-n", "1")
    assert "the best 4 were looked at again by seen-colours/1 and drawn-colours/1" in done.stderr
    lines = done.stdout.splitlines()
    (drawn,) = [line for line in lines if "  green field  " in line and "detector" in line]
    assert "90%  green field" in drawn
    assert drawn.endswith("detector: left, 0-50% × 0-100%")
    (seen,) = [line for line in lines if "  green field  " in line and "reranker" in line]
    assert seen.endswith("reranker")


def test_json_tells_the_models_and_the_source_of_each_clause(search) -> None:
    answer = json.loads(search(RERANKER, TEXT, "--json").stdout)
    assert answer["recheck"] == {"models": ["seen-colours/1"], "pictures": 4, "warnings": []}
    assert {one["kind"]: one["source"] for one in answer["hits"][0]["evidence"]} == {
        "scene": "reranker",
        "words": "words",
        "phrase": "reranker",
    }


def test_a_file_that_is_gone_is_a_warning_and_still_a_hit(search, album) -> None:
    (album / "rose.png").unlink()
    done = search(RERANKER, TEXT, "--paths")
    assert len(done.stdout.splitlines()) == 4
    assert done.stderr.startswith(
        "warning: 1 picture could not be looked at again and keeps its place (rose.png: "
    )


def test_a_service_without_an_answer_leaves_the_results_as_they_were(search) -> None:
    first = search(RERANKER, TEXT, "--no-recheck", "--paths")
    done = search(RERANKER + "[models.seen-colours]\nbroken = true\n", TEXT, "--paths")
    assert (done.exit_code, done.stdout) == (0, first.stdout)
    assert done.stderr.count("warning: ") == 1
    assert "(grass.png: the service had no answer)" in done.stderr


def test_the_table_and_the_json_say_what_the_second_look_made_of_each(search) -> None:
    plain = search(RERANKER, TEXT, "--no-recheck").stdout
    looked = search(RERANKER, TEXT).stdout
    assert "again" not in plain.splitlines()[0]
    assert looked.splitlines()[0].split() == ["rank", "score", "conf.", "again", "path"]
    hits = json.loads(search(RERANKER, TEXT, "--json").stdout)["hits"]
    assert [one["again"] for one in hits] == sorted((one["again"] for one in hits), reverse=True)
    assert all(0 < one["again"] <= 1 for one in hits)


def test_a_look_that_takes_long_is_spoken_of_once(search, monkeypatch) -> None:
    monkeypatch.setattr("mirada.search.second.LONG", 0.05)
    slow = RERANKER + "[models.seen-colours]\nseconds = 0.3\n"
    said = "looking again at the best 4 pictures with seen-colours/1\n"
    assert search(slow, "--batch", "-", typed=f"{TEXT}\n{TEXT}\n").stderr.count(said) == 1
    monkeypatch.setattr("mirada.search.second.LONG", 60.0)
    assert "looking again" not in search(RERANKER, TEXT).stderr


def test_loading_that_takes_long_is_spoken_of(search, monkeypatch) -> None:
    monkeypatch.setattr("mirada.cli.recheck.LONG", 0.05)
    slow = RERANKER + "[models.seen-colours]\nloading = 0.3\n"
    assert "loading seen-colours (--no-recheck does without)\n" in search(slow, TEXT).stderr
    monkeypatch.setattr("mirada.cli.recheck.LONG", 60.0)
    assert "loading" not in search(RERANKER, TEXT).stderr


def test_each_query_of_a_batch_is_checked(search) -> None:
    typed = f"{TEXT}\n{json.dumps({'query': TEXT, 'limit': 1})}\n"
    answers = search(RERANKER, "--batch", "-", typed=typed).stdout.splitlines()
    assert [Path(json.loads(one)["hits"][0]["path"]).name for one in answers] == ["shore.png"] * 2
    spared = search(RERANKER, "--batch", "-", "--no-recheck", typed=typed).stdout.splitlines()
    assert [Path(json.loads(one)["hits"][0]["path"]).name for one in spared] == ["grass.png"] * 2


def test_a_model_that_is_not_installed_is_an_error_that_says_so(search) -> None:
    done = search('encoder = "colour"\nreranker = "seen-colors"\n', TEXT)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "did you mean seen-colours?" in done.stderr


def test_a_contact_sheet_shows_it(search, tmp_path) -> None:
    sheet = tmp_path / "hits.html"
    search(RERANKER, TEXT, "--why", "--html", sheet)
    page = sheet.read_text()
    assert "The best 4 were looked at again by seen-colours/1." in page
    assert "<small>reranker</small>" in page


def test_a_collection_looks_again_too_and_can_be_told_not_to(search, album) -> None:
    search(RERANKER, TEXT)
    collection = library.open(album)
    first = collection.search(TEXT, recheck=False)[0].record
    assert collection.search(TEXT)[0].record.path.name == "shore.png"
    assert first.path.name == "grass.png"
    assert collection.search_all([TEXT])[0][0].record.path.name == "shore.png"
    assert collection.rank(TEXT, limit=1).ids == (first.image_id,)


def test_an_installed_package_is_found_by_its_name(search, album, mirada, environment) -> None:
    info = album.parent / "more" / "second_sight-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: second-sight\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[mirada.rerankers]\nseen-colours = tests.second_sight:ColourReranker\n"
    )
    search(RERANKER, TEXT)
    paths = os.pathsep.join([str(info.parent), environment["PYTHONPATH"]])
    assert best(mirada("search", TEXT, "--json", PYTHONPATH=paths)) == "shore.png"
