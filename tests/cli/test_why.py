"""Why a picture matched, why none did, and searches by pictures that are right or wrong."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mirada.cli import cli
from tests import photos

Run = Callable[..., Result]


@pytest.fixture
def indexed(album, mirada) -> Path:
    assert mirada("index").returncode == 0
    return album


@pytest.fixture(scope="module")
def shapes(tmp_path_factory) -> Run:
    """Runs the command, in this process, over shapes indexed with the embedded model."""
    folder = tmp_path_factory.mktemp("shapes")
    grey = {"ground": (240, 240, 240), "size": (480, 320)}
    photos.shape("disc", centre=(0.25, 0.5), **grey).save(folder / "left.png")
    photos.shape("disc", centre=(0.75, 0.5), **grey).save(folder / "right.png")
    photos.shape("square", photos.BLUE, **grey).save(folder / "square.png")

    def run(*arguments: str | Path) -> Result:
        words = [*map(str, arguments), "--home", str(folder / ".mirada")]
        done = CliRunner().invoke(cli, words, catch_exceptions=False)
        assert done.exit_code == 0
        return done

    run("index", folder)
    return run


def test_pictures_that_were_judged_move_the_search_and_are_not_found_again(indexed, mirada) -> None:
    photos.flat((0, 40, 255)).save(indexed / "lake.png")
    mirada("index", ".")
    wishes = ("--like", "sea.png", "--unlike", "rose.png")
    found = mirada("search", "white", *wishes, "--paths").stdout.splitlines()
    assert [Path(path).name for path in found] == ["lake.png", "grass.png"]


def test_a_picture_to_be_like_needs_no_words(indexed, mirada) -> None:
    found = mirada("search", "--like", "sea.png", "--paths").stdout.splitlines()
    assert sorted(Path(path).name for path in found) == ["grass.png", "rose.png"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["red", "--like", "tulip.png"], "tulip.png is not in the index: run `mirada index`"),
        (["--unlike", "rose.png"], "give words too"),
        (["--image", "sea.png", "--like", "rose.png"], "go with words"),
    ],
)
def test_wishes_that_cannot_be_met_say_why(indexed, mirada, arguments, said) -> None:
    done = mirada("search", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr


def test_a_region_that_is_not_there_is_an_error(indexed, mirada) -> None:
    done = mirada("similar", "rose.png", "--region", "99")
    assert done.returncode == 1
    assert "regions in the index: see `mirada show`" in done.stderr


def test_a_line_of_a_batch_can_have_likes_and_all(indexed, mirada) -> None:
    lines = [
        '{"query": "white", "like": ["sea.png"], "unlike": ["rose.png"], "all": true}',
        '{"query": "red", "like": "sea.png"}',
        '{"query": "red", "all": 1}',
        '{"query": "red", "limit": true}',
    ]
    done = mirada("search", "--batch", "-", typed="\n".join(lines))
    first, *others = (json.loads(line) for line in done.stdout.splitlines())
    assert [Path(hit["path"]).name for hit in first["hits"]] == ["grass.png"]
    assert first["below"] == []
    assert [one["error"] for one in others] == [
        "like must be a list of paths, not 'sea.png'",
        "all must be a bool, not 1",
        "limit must be a int, not True",
    ]


def test_what_was_not_understood_is_a_warning_beside_data_too(indexed, mirada) -> None:
    done = mirada("search", "red date:banana", "--paths")
    assert done.stderr.startswith("warning: date:banana was not understood")
    assert len(done.stdout.splitlines()) == 3


def test_a_filter_that_no_picture_passes_is_named(indexed, mirada) -> None:
    done = mirada("search", "red camera:nikon", "--tsv")
    assert (done.returncode, done.stdout) == (0, "rank\tscore\tconfidence\tpath\n")
    assert done.stderr == ("nothing matches “red camera:nikon”: no picture has camera = nikon\n")


def test_a_filter_that_holds_is_evidence(indexed, mirada) -> None:
    (hit,) = json.loads(mirada("search", "red path:rose", "--json").stdout)["hits"]
    assert hit["evidence"][-1] == {
        "kind": "filter",
        "clause": "path = rose",
        "degree": 1.0,
        "source": "metadata",
        "boxes": [],
    }
    assert "    yes  path = rose  " in mirada("search", "red path:rose", "--why").stdout


def test_each_clause_has_a_line_with_its_degree(shapes) -> None:
    lines = shapes("search", "a red circle on the left", "-n", "1", "--why").stdout.splitlines()
    (thing,) = [line for line in lines if "  red circle  " in line]
    assert "region: " in thing
    (place,) = [line for line in lines if "  red circle: left  " in line]
    assert place.index("red circle") == thing.index("red circle") == lines[0].index("path")


def test_json_holds_evidence_parse_and_cut(shapes) -> None:
    answer = json.loads(shapes("search", "a red circle on the left", "--json").stdout)
    best = answer["hits"][0]
    assert Path(best["path"]).name == "left.png"
    assert [one["kind"] for one in best["evidence"]][-2:] == ["phrase", "position"]
    (x0, y0, x1, y1) = best["evidence"][-2]["boxes"][0]
    assert 0 <= x0 < x1 <= 0.6
    assert 0 <= y0 < y1 <= 1
    assert answer["parsed"]["phrases"][0]["pos"] == ["left"]
    assert 0 < answer["cut"] < 1
    assert (answer["closest"], answer["removed"]) == (None, 0)
    assert "below" not in answer


def test_nothing_matches_is_an_answer(shapes) -> None:
    done = shapes("search", "a giraffe")
    assert done.stdout == ""
    first, closest, advice = done.stderr.splitlines()
    assert first == "nothing matches “a giraffe”"
    assert closest.startswith("closest: ")
    assert closest.endswith("%)")  # why: which clause fails is the model's to say
    assert advice == "--all shows it and others"
    assert shapes("search", "a giraffe", "--paths").stdout == ""


def test_an_empty_answer_as_data_says_what_came_closest(shapes) -> None:
    answer = json.loads(shapes("search", "a giraffe", "--json").stdout)
    assert answer["hits"] == []
    assert answer["closest"]["confidence"] < answer["cut"]
    failed, reason = answer["closest"]["failed"], answer["closest"]["reason"]
    assert failed["clause"] in {"a giraffe", "giraffe"}  # the whole, or the thing
    assert reason.startswith(("no giraffe found", "the whole does not look like it"))


def test_all_shows_what_is_below_the_cut(shapes) -> None:
    done = shapes("search", "a giraffe", "--all")
    assert "below the cut of " in done.stdout.splitlines()[1]
    assert done.stdout.count(".png") == 3
    assert "--all" not in done.stderr
    answer = json.loads(shapes("search", "a giraffe", "--all", "-n", "2", "--json").stdout)
    assert (len(answer["hits"]), len(answer["below"])) == (0, 2)
    assert shapes("search", "a giraffe", "--all", "--paths").stdout.count("\n") == 3


def test_hidden_pictures_are_counted(shapes) -> None:
    done = shapes("search", "a red circle")
    shown = done.stdout.count(".png")
    assert 0 < shown < 3
    assert f"{shown} of 3 pictures" in done.stderr
    assert "hidden (below " in done.stderr


def test_pictures_of_what_must_not_be_there_are_counted(shapes) -> None:
    done = shapes("search", "a picture without circles", "--all")
    assert "left out: they seem to show circles" in done.stderr


def test_pictures_with_a_like_region_are_found(shapes) -> None:
    (left,) = shapes("search", "a circle path:left.png", "--all", "--paths").stdout.split()
    done = shapes("similar", left, "--region", "3", "--paths")
    assert {Path(path).name for path in done.stdout.split()[:2]} == {"left.png", "right.png"}


def test_a_sheet_draws_the_boxes(shapes, tmp_path) -> None:
    sheet = tmp_path / "why.html"
    shapes("search", "a red circle on the left", "-n", "1", "--why", "--html", sheet)
    page = sheet.read_text(encoding="utf-8")
    assert 'class="box"' in page
    assert ">red circle: left<" in page
