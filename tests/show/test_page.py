"""Pages, as text and in a real browser."""

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mirada.show.html import Html, element, join
from mirada.show.page import page
from mirada.types import Box, Caption, ImageRecord, Keyphrase, Tag, TextLine
from tests import photos
from tests.show.records import METADATA, MODELS, bare_record, full_record, region

VOID = {"meta", "img", "input"}
NOWHERE = Path("/nowhere/gone.jpg")
HOSTILE = "<script>alert(1)</script>\"'&<b>"


class Parsed(HTMLParser):
    """The elements and texts of a page; fails where tags don't nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def of_class(self, name: str) -> list[dict[str, str]]:
        return [attrs for _, attrs in self.elements if name in attrs.get("class", "").split()]


def html_of(*records: ImageRecord, title: str = "a page") -> str:
    return "".join(page(records, total=len(records), title=title, encoder="mirada-small/1"))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return photos.write(tmp_path / "a.png", photos.shape(), "PNG")


def test_everything_that_is_known_is_on_the_page(picture: Path) -> None:
    texts = {text.strip() for text in Parsed(html_of(full_record(picture))).texts}
    for text in (
        "A dog runs on a beach.",
        "Un perro corre por la playa.",
        "83%",
        "whole picture",
        "31% rejected",
        "a brown dog",
        "covers 25% · proposal 50%",
        "brown dog",
        "STOP",
        "17 May 2024, 10:30 +02:00",
        "1/250 s f/2.8 ISO 400 50 mm",
        "★★★★☆",
        "captions-model/1",
        "green 60%, dark blue 30%",
        str(picture),
    ):
        assert text in texts, text


def test_every_region_has_one_box_and_one_entry_of_the_same_name(picture: Path) -> None:
    parsed = Parsed(html_of(full_record(picture), full_record(picture)))
    boxes = [attrs["data-part"] for attrs in parsed.of_class("box")]
    entries = [attrs["data-part"] for attrs in parsed.of_class("region")]
    assert sorted(boxes) == sorted(entries) == ["p1-r1", "p1-r2", "p2-r1", "p2-r2"]
    assert [attrs["data-part"] for attrs in parsed.of_class("written")] == ["p1-t1", "p2-t1"]


def test_boxes_lie_where_the_record_says(picture: Path) -> None:
    record = replace(full_record(picture), regions=(region(Box(0.1, 0.2, 0.5, 0.95)),))
    (edge,) = Parsed(html_of(replace(record, text_lines=()))).of_class("edge")
    sides = {side: edge[side] for side in ("x", "y", "width", "height")}
    assert sides == {"x": "10.00%", "y": "20.00%", "width": "40.00%", "height": "75.00%"}


@settings(max_examples=30, deadline=None)
@given(st.text())
def test_any_text_is_shown_and_none_is_markup(text: str) -> None:
    tag = Tag(text, 0.5, text, text)
    record = replace(
        full_record(NOWHERE),
        tags=(tag,),
        captions=(Caption(text, text, 0.5),),
        regions=(region(Box(0, 0, 1, 1), tag, caption=text),),
        phrases=(Keyphrase(text, text, text),),
        text_lines=(TextLine(text, Box(0, 0, 1, 1), 0.5),),
        metadata=replace(METADATA, title=text, keywords=(text,)),
        models=dict.fromkeys(MODELS, text),
    )
    same = replace(record, tags=(replace(tag, name="x"),))
    usual = [name for name, _ in Parsed(html_of(same, title="x")).elements]
    html = html_of(record, title=text)
    assert [name for name, _ in Parsed(html).elements] == usual
    html.encode("utf-8")


def test_what_tries_to_be_markup_is_shown_as_it_is() -> None:
    record = replace(full_record(NOWHERE), tags=(Tag(HOSTILE, 0.5, "model"),))
    html = html_of(record, title=HOSTILE)
    assert "<script>alert" not in html
    assert HOSTILE in Parsed(html).texts


def test_a_name_that_is_markup_or_not_utf8_keeps_its_link(tmp_path: Path) -> None:
    name = b"<b>caf\xe9.png".decode("utf-8", "surrogateescape")
    path = photos.write(tmp_path / name, photos.flat(), "PNG")
    parsed = Parsed(html_of(full_record(path)))
    assert path.as_uri() in [attrs.get("href") for _, attrs in parsed.elements]
    assert r"<b>caf\xe9.png" in parsed.texts


def test_the_picture_is_embedded_upright_without_its_metadata(tmp_path: Path) -> None:
    exif = photos.exif_with(6)
    exif[0x010F] = "Secret camera"
    path = tmp_path / "turned.jpg"
    photos.gradient((320, 200)).save(path, "JPEG", exif=exif)
    (source,) = re.findall(r"data:image/jpeg;base64,([^\"]+)", html_of(full_record(path)))
    data = base64.b64decode(source)
    embedded = Image.open(BytesIO(data))
    assert embedded.size == (200, 320)
    assert (dict(embedded.getexif()), b"Secret" in data) == ({}, False)


def test_a_copy_stands_in_for_a_file_that_has_gone(picture: Path) -> None:
    html = html_of(full_record(NOWHERE, picture))
    assert "data:image/jpeg" in html
    assert "2 copies" in html


def test_a_picture_that_has_gone_leaves_its_reason_and_its_boxes() -> None:
    parsed = Parsed(html_of(full_record(NOWHERE)))
    assert any("the picture cannot be shown: file not found" in text for text in parsed.texts)
    assert len(parsed.of_class("box")) == 2


def test_an_undescribed_picture_says_what_to_run_once(picture: Path) -> None:
    parsed = Parsed(html_of(bare_record(picture)))
    assert parsed.texts.count("mirada index") == 1
    assert not {"Tags", "Regions", "Text", "Found by"} & {*parsed.texts}


def test_a_missing_role_says_what_to_run(picture: Path) -> None:
    models = {role: name for role, name in MODELS.items() if role != "captions"}
    record = replace(full_record(picture), captions=(), models=models)
    assert "mirada index --only captions" in Parsed(html_of(record)).texts


def test_what_was_looked_for_in_vain_is_told_so(picture: Path) -> None:
    texts = Parsed(html_of(replace(bare_record(picture), models=MODELS))).texts
    assert {"No caption passed the check.", "No tag is sure enough.", "No text found."} <= {*texts}


def test_the_page_asks_nothing_of_any_network(picture: Path) -> None:
    parsed = Parsed(html_of(full_record(picture)))
    links = [
        attrs[name] for _, attrs in parsed.elements for name in ("src", "href") if name in attrs
    ]
    assert all(link.startswith(("data:", "file:", "#")) for link in links)
    (policy,) = [attrs["content"] for _, attrs in parsed.elements if "http-equiv" in attrs]
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_plain_children_are_escaped_and_built_ones_are_not() -> None:
    inner = element("b", "<i>", class_='"x"')
    assert inner == '<b class="&quot;x&quot;">&lt;i&gt;</b>'
    assert join(inner, None, "&") == inner + "&amp;"
    assert isinstance(join(inner), Html)


@pytest.fixture
def opened(browser: Any, picture: Path, tmp_path: Path) -> Any:
    """The browser, on a page with a described picture and a bare one."""
    path = tmp_path / "page.html"
    path.write_text(html_of(full_record(picture), bare_record(picture)), encoding="utf-8")
    browser.get(path.as_uri())
    return browser


def lit(browser: Any) -> list[str]:
    return browser.execute_script(
        "return [...document.querySelectorAll('.lit')].map(part => part.dataset.part)"
    )


def test_a_browser_shows_the_pictures_with_boxes_in_place(opened: Any) -> None:
    shown = "return [...document.images].map(image => image.complete && image.naturalWidth)"
    assert opened.execute_script(shown) == [96, 96]
    inside = opened.execute_script("""
        const frame = document.querySelector('.frame').getBoundingClientRect();
        const box = document.querySelector('.box .edge').getBoundingClientRect();
        return [(box.x - frame.x) / frame.width, box.height / frame.height];
    """)
    assert inside == pytest.approx([0.25, 0.5], abs=0.01)


def test_an_entry_lights_its_box_when_hovered_or_focused(opened: Any) -> None:
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.by import By

    first, second = opened.find_elements(By.CSS_SELECTOR, "li.region")
    ActionChains(opened).move_to_element(first).perform()
    assert lit(opened) == ["p1-r1"] * 2
    opened.execute_script("arguments[0].focus()", second)
    assert lit(opened) == ["p1-r2"] * 2
    opened.execute_script("document.activeElement.blur()")
    assert lit(opened) == []


def test_a_click_on_a_box_leads_to_its_entry(opened: Any) -> None:
    opened.execute_script(
        "document.querySelectorAll('.box .edge')[1]"
        ".dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    assert opened.execute_script("return document.activeElement.dataset.part") == "p1-r2"


def test_keys_hide_the_boxes(opened: Any) -> None:
    from selenium.webdriver.common.by import By

    opened.find_element(By.TAG_NAME, "body").send_keys("b")
    hidden = "return getComputedStyle(document.querySelector('.box')).opacity"
    opened.execute_script(
        "document.querySelectorAll('.box').forEach(b => b.style.transition='none')"
    )
    assert opened.execute_script(hidden) == "0"


@pytest.mark.parametrize("width", [1200, 500])
def test_nothing_is_wider_than_the_screen(opened: Any, width: int) -> None:
    opened.set_window_size(width, 900)
    try:
        assert opened.execute_script(
            "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
    finally:
        opened.set_window_size(1200, 900)


def test_a_browser_finds_no_fault_with_the_page(opened: Any) -> None:
    assert opened.get_log("browser") == []
