"""`mirada search`, `similar` and `show`, in processes of their own."""

import json
from pathlib import Path

import pytest

from tests import photos


@pytest.fixture
def indexed(album, mirada) -> Path:
    assert mirada("index").returncode == 0
    return album


def test_the_picture_that_the_words_describe_comes_first(indexed, mirada) -> None:
    done = mirada("search", "something red")
    assert done.returncode == 0
    rank, score, confidence, path = done.stdout.splitlines()[1].split()
    assert (rank, confidence, path) == ("1", "-", "rose.png")
    assert float(score) > 0
    assert "3 of 3 pictures" in done.stderr


def test_paths_alone_can_be_piped_on(indexed, mirada) -> None:
    assert mirada("search", "blue", "-n", "1", "--paths").stdout == f"{indexed}/sea.png\n"
    assert mirada("search", "blue", "-n", "1", "-0").stdout == f"{indexed}/sea.png\0"


def test_json_holds_the_query_and_the_hits(indexed, mirada) -> None:
    answer = json.loads(mirada("search", "green", "-n", "2", "--json").stdout)
    assert answer["query"] == "green"
    assert answer["considered"] == 3
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2]
    best = answer["hits"][0]
    assert (best["path"], best["width"], best["height"]) == (f"{indexed}/grass.png", 64, 48)
    assert best["score"] > answer["hits"][1]["score"]


def test_nl_gives_one_json_object_a_hit(indexed, mirada) -> None:
    hits = [json.loads(line) for line in mirada("search", "red", "--nl").stdout.splitlines()]
    assert [hit["rank"] for hit in hits] == [1, 2, 3]


def test_tsv_has_a_header_and_a_row_a_hit(indexed, mirada) -> None:
    rows = [line.split("\t") for line in mirada("search", "red", "--tsv").stdout.splitlines()]
    assert rows[0] == ["rank", "score", "confidence", "path"]
    assert (rows[1][0], rows[1][3]) == ("1", f"{indexed}/rose.png")


def test_a_contact_sheet_shows_every_hit(indexed, mirada, tmp_path) -> None:
    sheet = tmp_path / "hits.html"
    done = mirada("search", "red", "--html", sheet)
    assert f"wrote {sheet}" in done.stderr
    page = sheet.read_text()
    assert page.count("<img") == 3
    assert "rose.png" in page


def test_a_picture_finds_its_like(indexed, mirada, tmp_path) -> None:
    photos.flat((0, 0, 250)).save(tmp_path / "sky.png")
    done = mirada("search", "--image", tmp_path / "sky.png", "-n", "1", "--paths")
    assert done.stdout == f"{indexed}/sea.png\n"


def test_a_picture_and_words_together_find_what_is_near_to_both(indexed, mirada) -> None:
    photos.flat((255, 255, 0)).save(indexed / "lemon.png")
    mirada("index")
    done = mirada("search", "red", "--image", indexed / "grass.png", "-n", "1", "--paths")
    assert done.stdout == f"{indexed}/lemon.png\n"


def test_similar_leaves_out_the_picture_itself_and_its_copies(indexed, mirada) -> None:
    (indexed / "copy.png").write_bytes((indexed / "rose.png").read_bytes())
    mirada("index")
    names = [Path(path).name for path in mirada("similar", "rose.png", "--paths").stdout.split()]
    assert sorted(names) == ["grass.png", "sea.png"]


def test_a_batch_prints_a_json_line_a_query(indexed, mirada) -> None:
    queries = f'red\n\n{{"query": "blue", "limit": 1}}\n{{"image": "{indexed}/grass.png"}}\n'
    done = mirada("search", "--batch", "-", typed=queries)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["query"] for answer in answers] == ["red", "blue", "like grass.png"]
    assert [len(answer["hits"]) for answer in answers] == [3, 1, 3]
    assert [Path(answer["hits"][0]["path"]).name for answer in answers] == [
        "rose.png",
        "sea.png",
        "grass.png",
    ]


def test_a_bad_line_of_a_batch_is_answered_with_its_error_and_the_rest_goes_on(
    indexed, mirada
) -> None:
    lines = [
        '{"query": ',
        '{"words": "red"}',
        '{"image": "none.jpg"}',
        '{"query": "red", "limit": 0}',
        '{"query": 5}',
        "red",
    ]
    done = mirada("search", "--batch", "-", typed="\n".join(lines))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert ["error" in answer for answer in answers] == [True] * 5 + [False]
    assert [answer.get("line") for answer in answers] == [1, 2, 3, 4, 5, None]


def test_a_search_for_nothing_says_what_to_give(indexed, mirada) -> None:
    done = mirada("search", "  ")
    assert done.returncode == 1
    assert "give words, a picture, or both" in done.stderr


def test_a_search_without_a_collection_says_how_to_make_one(album, mirada, tmp_path) -> None:
    done = mirada("search", "red", cwd=tmp_path)
    assert done.returncode == 1
    assert "mirada index DIR" in done.stderr


def test_a_search_in_an_empty_collection_says_so(album, mirada) -> None:
    for path in album.glob("*.png"):
        path.unlink()
    mirada("index")
    done = mirada("search", "red")
    assert (done.returncode, done.stdout) == (0, "")
    assert "the index is empty" in done.stderr


def test_show_tells_what_is_known_of_a_picture(indexed, mirada) -> None:
    done = mirada("show", "rose.png")
    assert done.stdout.startswith("rose.png\n")
    assert "64 × 48, landscape, PNG" in done.stdout
    assert "colour/1" in done.stdout


def test_show_of_an_unknown_picture_says_what_to_run(indexed, mirada) -> None:
    done = mirada("show", "tulip.png")
    assert done.returncode == 1
    assert "run `mirada index`" in done.stderr


def test_names_that_are_not_utf8_leave_as_the_bytes_they_are(album, mirada) -> None:
    name = b"caf\xe9\n.png".decode("utf-8", "surrogateescape")
    (album / "rose.png").rename(album / name)
    assert "indexed 3" in mirada("index").stdout
    assert mirada("search", "red", "-n", "1", "-0").stdout == f"{album}/{name}\0"
    assert r"caf\xe9\n.png" in mirada("search", "red", "-n", "1").stdout
    answer = json.loads(mirada("search", "red", "-n", "1", "--json").stdout)
    assert answer["hits"][0]["path"] == f"{album}/{name}"
