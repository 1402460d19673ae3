"""`mirada show`, on an index made by hand."""

import json
import os
import webbrowser
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mirada.cli import cli
from mirada.collection import Collection
from mirada.types import ImageRecord, Region, SourceFile
from tests import photos
from tests.show.records import bare_record, full_record

Show = Callable[..., Result]


class MadeStore:
    """What a store tells of records made by hand."""

    encoder = "test/1"

    def __init__(self, *records: ImageRecord) -> None:
        self.records = {record.image_id: record for record in records}

    def files(self) -> dict[SourceFile, str]:
        return {file: one for one, record in self.records.items() for file in record.files}

    def get(self, image_ids: Sequence[str]) -> list[ImageRecord]:
        return [replace(self.records[one], regions=()) for one in image_ids]

    def regions(self, image_ids: Sequence[str]) -> list[tuple[Region, ...]]:
        return [self.records[one].regions for one in image_ids]


def collection_of(folder: Path, *records: ImageRecord) -> Collection:
    collection = Collection(folder)
    collection.__dict__["store"] = MadeStore(*records)
    return collection


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with a described picture, and two bare ones in a folder below."""
    folder = tmp_path / "album"
    (folder / ".mirada").mkdir(parents=True)
    for name in ("dog.png", "trip/sea.png", "trip/sun.png"):
        photos.write(folder / name, photos.shape(), "PNG")
    return folder


@pytest.fixture
def show(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> Show:
    """Runs the command in that folder."""
    collection = collection_of(
        pictures,
        full_record(pictures / "dog.png"),
        *(bare_record(pictures / "trip" / name) for name in ("sea.png", "sun.png")),
    )
    monkeypatch.setattr("mirada.cli.show.collection_here", lambda home: collection)
    monkeypatch.chdir(pictures)
    monkeypatch.delenv("MIRADA_HOME", raising=False)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["show", *arguments])

    return run


def names(result: Result) -> list[str]:
    return [Path(json.loads(line)["paths"][0]).name for line in result.stdout.splitlines()]


def test_a_picture_is_told_in_words(show: Show) -> None:
    done = show("dog.png")
    assert done.exit_code == 0
    assert done.stdout.startswith("dog.png\nA dog runs on a beach.  83%")
    assert "captions: captions-model/1" in " ".join(done.stdout.split())


def test_json_holds_all_that_is_known(show: Show) -> None:
    data = json.loads(show("dog.png", "--json").stdout)
    assert data["captions"][0]["text"] == "A dog runs on a beach."
    assert len(data["regions"]) == 2
    assert data["encoder"] == "test/1"


def test_folders_and_pictures_come_in_the_order_named_each_once(show: Show, pictures: Path) -> None:
    assert names(show("trip", "dog.png", "--json")) == ["sea.png", "sun.png", "dog.png"]
    assert names(show(str(pictures), "dog.png", "--json")) == ["dog.png", "sea.png", "sun.png"]


def test_a_sample_is_the_same_each_time_and_another_with_another_seed(show: Show) -> None:
    once = names(show("--sample", "1", "--json"))
    assert names(show("--sample", "1", "--json")) == once
    drawn = {names(show("--sample", "1", "--seed", str(n), "--json"))[0] for n in range(20)}
    assert drawn == {"dog.png", "sea.png", "sun.png"}
    assert names(show("trip", "--sample", "9", "--json")) == ["sea.png", "sun.png"]


def test_a_page_is_written_beside_the_index(show: Show, pictures: Path) -> None:
    done = show("dog.png", "--html")
    assert done.stdout == f"{pictures / '.mirada' / 'show.html'}\n"
    html = (pictures / ".mirada" / "show.html").read_text(encoding="utf-8")
    assert html.count("<img") == 1
    assert "<title>dog.png</title>" in html


def test_a_page_of_several_pictures_goes_where_it_is_told(show: Show, tmp_path: Path) -> None:
    out = tmp_path / "all.html"
    assert show("dog.png", "trip", "--html", str(out)).stdout == f"{out}\n"
    assert out.read_text(encoding="utf-8").count("<img") == 3


def test_a_picture_named_after_html_is_shown_and_not_written_over(
    show: Show, pictures: Path
) -> None:
    before = (pictures / "dog.png").read_bytes()
    assert show("--html", "dog.png").stdout.endswith("show.html\n")
    assert (pictures / "dog.png").read_bytes() == before


def test_a_page_that_cannot_be_written_says_so(show: Show) -> None:
    done = show("dog.png", "--html", "none/page.html")
    assert done.exit_code == 1
    assert "cannot be written" in done.output


def test_too_many_pictures_for_a_page_say_how_to_draw_some(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mirada.cli.show.MOST_ON_A_PAGE", 2)
    done = show(".", "--html")
    assert done.exit_code == 1
    assert "--sample 40" in done.output


def test_the_page_opens_in_a_browser_where_there_is_a_screen(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda uri: bool(opened.append(uri)) or True)
    monkeypatch.setenv("DISPLAY", ":0")
    done = show("dog.png", "--open")
    assert opened == [Path(done.stdout.strip()).as_uri()]


def test_without_a_screen_the_user_is_told_to_open_it(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert "open the page yourself" in show("dog.png", "--open").stderr


def test_an_unknown_picture_says_whether_it_exists_and_what_to_run(
    show: Show, pictures: Path
) -> None:
    assert "does not exist" in show("none.png").output
    photos.write(pictures / "new.png", photos.flat(), "PNG")
    done = show("new.png")
    assert "exists, but is not in the index: run `mirada index`" in done.output
    (pictures / "empty").mkdir()
    assert "holds no picture that is in the index" in show("empty").output
    assert done.exit_code == 1


def test_nothing_named_says_what_to_name(show: Show) -> None:
    done = show()
    assert done.exit_code == 2
    assert "--sample 20" in done.output


@pytest.mark.filterwarnings("ignore:Image.Image.getdata:DeprecationWarning")  # textual-image's
def test_a_preview_is_drawn_with_boxes_where_it_is_asked_for(show: Show) -> None:
    plain, drawn = show("dog.png", "--no-preview"), show("dog.png", "--preview")
    assert drawn.exit_code == 0
    assert len(drawn.stdout) > len(plain.stdout)


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX only")
def test_a_name_that_is_not_utf8_can_be_shown(
    show: Show, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = b"caf\xe9.png".decode("utf-8", "surrogateescape")
    path = photos.write(pictures / name, photos.flat(), "PNG")
    collection = collection_of(pictures, full_record(path))
    monkeypatch.setattr("mirada.cli.show.collection_here", lambda home: collection)
    assert show(name).stdout.startswith("caf\\xe9.png\n")
    assert show(name, "--html").exit_code == 0
