"""Contact sheets, as text and in a real browser."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mirada.search.results import Query, Results
from mirada.search.sheet import contact_sheet, page
from mirada.types import Box, Evidence, Filter, Hit, ImageRecord, ParsedQuery, Phrase, SourceFile
from tests import photos

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DISC, SQUARE = Box(0.1, 0.2, 0.4, 0.8), Box(0.7, 0.25, 0.9, 0.75)
EVIDENCE = (
    Evidence("scene", "a disc left of a square", 0.55, "vector"),
    Evidence("phrase", "disc", 0.8, "region", (DISC,)),
    Evidence("phrase", "<b>square", 0.3, "region", (SQUARE,)),
    Evidence("relation", "disc left of square", 0.04, "region", (DISC, SQUARE)),
    Evidence("filter", "width > 10", 1.0, "metadata"),
)


def hit(path: Path, rank: int, confidence: float | None = 0.5) -> Hit:
    record = ImageRecord(f"{rank:064x}", (SourceFile(path, 1, 1),), 96, 64, "PNG", NOW)
    return Hit(record, rank, 1 / rank, confidence)


def answer(*hits: Hit, text: str = "a red disc") -> Results:
    return Results(Query(text), hits, considered=1234, took_ms=5.4)


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    return [
        photos.write(tmp_path / f"{name}.png", photos.shape(name), "PNG")
        for name in ("disc", "square", "triangle")
    ]


def test_queries_and_names_are_escaped(tmp_path: Path) -> None:
    path = photos.write(tmp_path / "<b>&.png", photos.flat(), "PNG")
    sheet = contact_sheet([answer(hit(path, 1), text="<script>alert(1)</script>")])
    assert "<script>" not in sheet
    assert "&lt;b&gt;&amp;.png" in sheet


def test_a_picture_that_has_gone_leaves_its_reason(tmp_path: Path) -> None:
    sheet = contact_sheet([answer(hit(tmp_path / "gone.png", 1))])
    assert "file not found" in sheet


def test_without_a_confidence_the_similarity_is_shown(pictures: list[Path]) -> None:
    assert "similarity 1.00" in contact_sheet([answer(hit(pictures[0], 1, confidence=None))])


def test_a_name_that_is_not_utf8_keeps_its_link(tmp_path: Path) -> None:
    name = b"caf\xe9.png".decode("utf-8", "surrogateescape")
    path = photos.write(tmp_path / name, photos.flat(), "PNG")
    assert "caf%E9.png'" in page([answer(hit(path, 1))])


def test_an_empty_answer_says_what_came_closest_and_shows_no_picture(pictures: list[Path]) -> None:
    near = replace(hit(pictures[0], 1, 0.04), evidence=(Evidence("phrase", "cat", 0.01, "vector"),))
    empty = replace(answer(text="a cat"), below=(near,), cut=0.1)
    sheet = contact_sheet([empty])
    assert "Nothing matches “a cat”." in sheet
    assert "disc.png</a> (4%): no cat found (1%)." in sheet
    assert "<img" not in sheet
    assert empty._repr_html_() == sheet
    shown = contact_sheet([empty], below=True)
    assert "Below the cut of 10%" in shown
    assert shown.count("<img") == 1


def test_an_empty_index_is_told_apart_from_an_empty_answer() -> None:
    empty = Results(Query("a cat"), (), considered=0, took_ms=1)
    assert "The index is empty." in contact_sheet([empty])


def test_what_was_left_out_and_not_understood_is_said(pictures: list[Path]) -> None:
    parsed = ParsedQuery(
        "q", "en", "q", negations=(Phrase("people", "person"),), warnings=("x was not understood",)
    )
    sheet = contact_sheet([replace(answer(hit(pictures[0], 1)), parsed=parsed, removed=45)])
    assert "45 pictures left out: they seem to show people." in sheet
    assert "X was not understood." in sheet


def test_filters_that_no_picture_passes_are_named() -> None:
    parsed = ParsedQuery("q", "en", "q", filters=(Filter("date", "<", "2000-01-01"),))
    sheet = contact_sheet([replace(answer(text="old"), parsed=parsed)])
    assert "no picture has date &lt; 2000-01-01." in sheet


def test_boxes_are_drawn_once_and_every_clause_is_listed(pictures: list[Path]) -> None:
    sheet = contact_sheet([answer(replace(hit(pictures[0], 1), evidence=EVIDENCE))], why=True)
    assert sheet.count('class="box"') == sheet.count('class="label"') == 2
    assert "disc 80%" in sheet
    assert "&lt;b&gt;square 30%" in sheet
    assert sheet.count('class="dot"') == 4
    for class_ in ("met", "doubt", "unmet"):
        assert f'<li class="{class_}">' in sheet
    assert ">yes<" in sheet
    assert "left:10.00%;top:20.00%;width:30.00%;height:60.00%" in sheet


def test_without_evidence_there_is_nothing_to_draw(pictures: list[Path]) -> None:
    results = [answer(hit(pictures[0], 1))]
    assert contact_sheet(results, why=True).count("<li>") == 1
    assert 'class="box"' not in contact_sheet(results, why=True)


@pytest.mark.parametrize("width", [1200, 500])
def test_a_browser_lays_the_boxes_where_the_things_are(
    browser: Any, pictures: list[Path], width: int
) -> None:
    found = answer(replace(hit(pictures[0], 1), evidence=EVIDENCE))
    below = replace(found, below=(replace(hit(pictures[1], 2), evidence=EVIDENCE),), cut=0.1)
    sheet = pictures[0].parent / "why.html"
    sheet.write_text(page([below], why=True, below=True), encoding="utf-8")
    browser.set_window_size(width, 900)
    try:
        browser.get(sheet.as_uri())
        places = browser.execute_script("""
            const image = document.querySelector('.frame img').getBoundingClientRect();
            return [...document.querySelectorAll('.frame')[0].querySelectorAll('.box')].map(box => {
                const {x, y, right, bottom} = box.getBoundingClientRect();
                return [(x - image.x) / image.width, (y - image.y) / image.height,
                        (right - image.x) / image.width, (bottom - image.y) / image.height];
            });
        """)
        assert places[0] == pytest.approx([0.1, 0.2, 0.4, 0.8], abs=0.01)
        assert places[1] == pytest.approx([0.7, 0.25, 0.9, 0.75], abs=0.01)
        ratio = "const i = document.querySelector('.frame img'); return i.width / i.height"
        assert browser.execute_script(ratio) == pytest.approx(1.5, abs=0.02)
        overflow = browser.execute_script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0
        headings = "return [...document.querySelectorAll('h3')].map(one => one.textContent)"
        assert browser.execute_script(headings) == [
            "Below the cut of 10%: no answers, but the nearest"
        ]
    finally:
        browser.set_window_size(1200, 900)


def test_a_browser_shows_every_picture_in_rank_order(
    browser: Any, pictures: list[Path], tmp_path: Path
) -> None:
    from selenium.webdriver.support.wait import WebDriverWait

    hits = [hit(path, rank) for rank, path in enumerate(pictures, 1)]
    sheet = tmp_path / "sheet.html"
    sheet.write_text(page([answer(*hits), answer(text="nothing")]), encoding="utf-8")
    browser.get(sheet.as_uri())
    shown = "return [...document.images].every(image => image.complete)"
    WebDriverWait(browser, 30).until(lambda page: page.execute_script(shown))
    widths = browser.execute_script(
        "return [...document.images].map(image => [image.alt, image.complete, image.naturalWidth])"
    )
    assert widths == [["disc.png", True, 96], ["square.png", True, 96], ["triangle.png", True, 96]]
    headings = browser.execute_script(
        "return [...document.querySelectorAll('h2')].map(heading => heading.textContent)"
    )
    assert headings == ["a red disc", "nothing"]
    overflow = browser.execute_script(
        "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0


def test_a_picture_links_to_its_original(browser: Any, pictures: list[Path]) -> None:
    sheet = pictures[0].parent / "sheet.html"
    sheet.write_text(page([answer(hit(pictures[0], 1))]), encoding="utf-8")
    browser.get(sheet.as_uri())
    browser.execute_script("document.querySelector('li a').click()")
    assert browser.current_url == pictures[0].as_uri()
