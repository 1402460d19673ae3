"""`mirada judge` from queries to qrels: on the command line, and in a real browser."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from mirada.cli import cli
from mirada.collection import Collection
from mirada.judging.judgements import read_judgements
from mirada.judging.log import JudgementLog
from mirada.judging.topics import topic_of
from tests import photos
from tests.conftest import command
from tests.judging.marks import judgement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result

    from mirada.judging.session import Session

pytest.importorskip("fastapi", reason="needs the extra serve")
pytest.importorskip("uvicorn", reason="needs the extra serve")

WAIT = 60  # seconds for a page to do what it is told
SEEN = "return document.querySelectorAll('#grades [aria-disabled=false]').length == 3"
can_interrupt = pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for others there")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, plugin_path: str) -> Path:
    """Three indexed pictures, for all tests here."""
    folder = tmp_path_factory.mktemp("library")
    (folder / ".mirada").mkdir()
    (folder / ".mirada" / "mirada.toml").write_text('encoder = "colour"\n')
    for name, colour in (("rose", photos.RED), ("grass", photos.GREEN), ("sea", photos.BLUE)):
        photos.flat(colour).save(folder / f"{name}.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(plugin_path.split(os.pathsep, maxsplit=1)[0])
        Collection(folder).index(roles=())
    return folder


@pytest.fixture
def album(library: Path) -> Path:
    """The library without judgements."""
    shutil.rmtree(library / ".mirada" / "judgements", ignore_errors=True)
    return library


@pytest.fixture
def mirada(album: Path, plugin_path: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs the command in the album."""
    monkeypatch.syspath_prepend(plugin_path.split(os.pathsep, maxsplit=1)[0])
    monkeypatch.chdir(album)
    return lambda *arguments: CliRunner().invoke(cli, [*map(str, arguments)])


def id_of(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def marks(album: Path) -> Path:
    return album / ".mirada" / "judgements"


@contextmanager
def judging(
    album: Path, environment: dict[str, str], *arguments: str | Path
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of the page while the command runs."""
    process = subprocess.Popen(
        command(["judge", *arguments, "--no-open"]),
        cwd=album,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        assert process.stdout
        yield process.stdout.readline().strip(), process
    finally:
        process.kill()
        process.communicate()


def stopped(process: subprocess.Popen[str]) -> str:
    """What it said on stderr when Ctrl-C ended it."""
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=WAIT)
    assert process.returncode == 0, said
    return said


@can_interrupt
def test_the_page_is_served_to_this_machine_until_it_is_stopped(album, environment) -> None:
    import httpx

    with judging(album, environment, "something red", "--judge", "ana") as (address, process):
        assert address.startswith("http://127.0.0.1:")
        assert "Fits" in httpx.get(f"{address}words.js").text
        (query,) = httpx.get(f"{address}state").json()["queries"]
        assert (query["text"], len(query["images"])) == ("something red", 3)
        picture = httpx.get(f"{address}pictures/{query['images'][0]}")
        assert picture.content.startswith(b"\xff\xd8")
        rebound = httpx.get(f"{address}state", headers={"host": "evil.example"})
        assert rebound.status_code == 400
        said = stopped(process)
    assert "1 queries to search: less than a minute" in said
    assert "0 of 3 judged by ana" in said


def test_runs_of_other_systems_are_judged_too(album, mirada, tmp_path, monkeypatch) -> None:
    served: list[Session] = []
    monkeypatch.setattr("mirada.cli.judge._serve", lambda session, *_, **__: served.append(session))
    rose, sea = id_of(album / "rose.png"), id_of(album / "sea.png")
    run = tmp_path / "other.run"
    run.write_text(f"7 Q0 {sea} 1 2.0 other\n7 Q0 {rose} 2 1.0 other\n7 Q0 gone 3 .5 other\n")
    queries = tmp_path / "queries.tsv"
    queries.write_text("7\tsomething red\n")
    done = mirada("judge", queries, "--run", run, "--depth", "1", "--judge", "ana")
    assert done.exit_code == 0, done.output
    assert "1 results are not in the index" in done.stderr
    ((sheet,),) = (session.sheets() for session in served)
    assert {*sheet.pool.image_ids} == {rose, sea}


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("8 Q0 x 1 1.0 other\n", "ranks for none of these queries"),
        ("7 Q0 x 1 1.0 other\n", "names no picture of the index"),
        ("7 x 1\n", "line 1"),
    ],
)
def test_a_run_that_cannot_be_pooled_is_told(album, mirada, tmp_path, lines, told) -> None:
    (tmp_path / "some.run").write_text(lines)
    (tmp_path / "queries.tsv").write_text("7\tsomething red\n")
    done = mirada("judge", tmp_path / "queries.tsv", "--run", tmp_path / "some.run")
    assert done.exit_code == 1
    assert told in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "give a file of queries, or one query in quotes"),
        (("",), "nothing to judge"),
        (("querys.txt",), "querys.txt"),
        (("red", "--export", "x.txt"), "leave QUERIES and --run out"),
        (("--export", "x.txt"), "make some with `mirada judge QUERIES`"),
        (("red", "--judge", " "), "no name for a judge"),
    ],
)
def test_what_cannot_be_done_is_told(tmp_path: Path, arguments, told) -> None:
    done = CliRunner().invoke(cli, ["judge", *arguments, "--home", str(tmp_path)])
    assert done.exit_code in {1, 2}
    assert told in done.stderr
    assert done.stdout == ""


def test_judgements_of_two_become_qrels_with_their_agreement(album, mirada) -> None:
    for judge, grades in (("ana", (2, 0, 1)), ("luis", (2, 1, 1))):
        with JudgementLog(marks(album), judge) as log:
            for image, grade in zip("abc", grades, strict=True):
                log.note(judgement(image, grade, judge=judge, query_id="7"))
    done = mirada("judge", "--export", "qrels.txt")
    assert done.exit_code == 0, done.output
    lines = (album / "qrels.txt").read_text().splitlines()
    assert lines == ["7 0 a 2", "7 0 b 0", "7 0 c 1"]
    assert (album / "qrels.topics.tsv").read_text() == "7\ta cat\n"
    assert done.stdout.splitlines()[0] == "qrels.txt: 3 pictures judged for 1 queries"
    assert "ana and luis: 3 pictures in common, 67% with the same grade" in done.stdout
    report = json.loads(mirada("judge", "--export", "qrels.txt", "--json").stdout)
    assert report["agreement"][0]["kappa"] == pytest.approx(0.5)


@can_interrupt
def test_queries_are_judged_by_keys_and_found_in_the_qrels(
    browser: Any, album, environment, mirada, tmp_path
) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait

    def shows(text: str) -> None:
        WebDriverWait(browser, WAIT).until(
            lambda page: text in page.find_element(By.ID, "count").text
        )
        if not text.startswith("6 "):
            WebDriverWait(browser, WAIT).until(lambda page: page.execute_script(SEEN))

    def press(key: str, then: str) -> None:
        browser.find_element(By.TAG_NAME, "body").send_keys(key)
        shows(then)

    (tmp_path / "queries.txt").write_text("something red\nalgo azul\n")
    asked = tmp_path / "queries.txt", "--judge", "ana"
    with judging(album, environment, *asked) as (address, process):
        browser.get(address)
        shows("0 of 6")
        assert browser.find_element(By.ID, "query").text == "something red"
        press("2", "1 of 6")
        press("1", "2 of 6")
        press("u", "1 of 6")
        press("0", "2 of 6")
        press(Keys.ARROW_LEFT, "2 of 6")
        pressed = browser.find_element(By.CSS_SELECTOR, "[aria-pressed=true] b")
        assert pressed.text == "Does not fit"
        press("n", "2 of 6")
        stopped(process)
        browser.find_element(By.TAG_NAME, "body").send_keys("2")
        assert_told_as_lost(browser)
        assert browser.find_element(By.ID, "count").text == "2 of 6 judged"
    pool = [one.image_id for one in read_judgements(marks(album))]

    with judging(album, environment, *asked) as (address, process):  # it goes on where it was
        browser.get(address)
        shows("2 of 6")
        browser.find_element(By.CSS_SELECTOR, "#grades [data-grade='1']").click()
        shows("3 of 6")
        assert browser.find_element(By.ID, "query").text == "algo azul"
        assert "New query: algo azul" in browser.find_element(By.ID, "said").text
        for count in (4, 5, 6):
            press("0", f"{count} of 6")
        assert browser.find_element(By.ID, "query").text == "All is judged. Thank you."
        browser.find_element(By.ID, "language").click()
        assert browser.find_element(By.ID, "query").text == "Todo está juzgado. Gracias."
        assert browser.execute_script("return document.documentElement.lang") == "es"
        assert browser.get_log("browser") == []
        stopped(process)

    assert mirada("judge", "--export", tmp_path / "qrels.txt").exit_code == 0
    red = topic_of("something red").id
    lines = [line.split() for line in (tmp_path / "qrels.txt").read_text().splitlines()]
    assert [(image, grade) for query, _, image, grade in lines if query == red][:2] == [
        (pool[0], "2"),
        (pool[1], "0"),
    ]
    assert len(lines) == 6


def assert_told_as_lost(browser: Any) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    trouble = browser.find_element(By.ID, "trouble")
    WebDriverWait(browser, WAIT).until(lambda _: trouble.is_displayed())
    assert "Is mirada judge still running?" in trouble.text
    browser.get_log("browser")  # the connection that was lost is no error of the page
