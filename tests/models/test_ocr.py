"""Reading rendered text; only where the extra is installed."""

import socket
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image, ImageDraw, ImageFont

from mirada.errors import ModelUnavailable
from mirada.models.ocr import RapidReader
from mirada.plugins import list_plugins
from mirada.testing import TextReaderContract
from tests import photos


def written(*lines: tuple[str, float, float], size: tuple[int, int] = (640, 480)) -> Image.Image:
    """Lines of text on a blue ground, each with the place of its top left in fractions."""
    image = photos.flat((40, 70, 120), size)
    draw = ImageDraw.Draw(image)
    for text, x, y in lines:
        place = (x * size[0], y * size[1])
        draw.text(place, text, fill="white", font=ImageFont.load_default(size[1] / 12))
    return image


@pytest.fixture(scope="module")
def reader() -> RapidReader:
    pytest.importorskip("rapidocr", reason="needs the extra ocr")
    return RapidReader()


class TestRapidReader(TextReaderContract):
    """It keeps the contract."""


def test_lines_come_from_top_to_bottom_with_where_they_stand(reader: RapidReader) -> None:
    image = written(("closed on Sundays", 0.1, 0.7), ("OPEN 9 TO 5", 0.3, 0.2))
    first, second = reader.read(image)
    assert (first.text, second.text) == ("OPEN 9 TO 5", "closed on Sundays")
    assert first.box.x0 == pytest.approx(0.3, abs=0.03)
    assert first.box.y0 == pytest.approx(0.2, abs=0.05)
    assert 0.05 < first.box.y1 - first.box.y0 < 0.15
    assert all(0.6 <= line.confidence <= 1 for line in (first, second))


def test_a_large_photo_is_read_as_a_small_one(reader: RapidReader) -> None:
    image = written(("HAVANA 1958", 0.2, 0.4), size=(3000, 2000))
    assert [line.text for line in reader.read(image)] == ["HAVANA 1958"]


def test_pictures_without_text_have_no_lines(reader: RapidReader) -> None:
    assert reader.read(photos.gradient()) == []
    assert reader.read(photos.shape("disc")) == []
    assert reader.read(photos.flat()) == []


@pytest.mark.parametrize(
    "size", [(1, 1), (7, 9), (3, 400), (400, 3), (31, 33), (5000, 10), (10, 5000), (701, 20)]
)
def test_odd_sizes_are_no_error(reader: RapidReader, size: tuple[int, int]) -> None:
    assert reader.read(photos.flat(size=size)) == []


def test_threads_may_share_it(reader: RapidReader) -> None:
    words = ["ALPHA", "BRAVO", "DELTA", "HOTEL"]
    images = [written((word, 0.3, 0.4), size=(320, 240)) for word in words]
    with ThreadPoolExecutor(4) as pool:
        found = [[line.text for line in lines] for lines in pool.map(reader.read, images)]
    assert found == [[word] for word in words]


def test_nothing_is_looked_up_on_the_network(
    reader: RapidReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert RapidReader().read(written(("EXIT", 0.3, 0.4), size=(320, 240)))[0].text == "EXIT"


def test_its_name_tells_its_revision(reader: RapidReader) -> None:
    assert reader.name.startswith("rapidocr-")


def test_without_the_extra_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    with pytest.raises(ModelUnavailable, match=r"pip install 'mirada\[ocr\]'"):
        RapidReader()


def test_it_is_listed_among_the_readers() -> None:
    assert "rapidocr" in {plugin.name for plugin in list_plugins("readers")}
