"""Contact sheets, as text and in a real browser."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mirada.search.results import Query, Results
from mirada.search.sheet import contact_sheet, page
from mirada.types import Hit, ImageRecord, SourceFile
from tests import photos

NOW = datetime(2026, 1, 1, tzinfo=UTC)


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
