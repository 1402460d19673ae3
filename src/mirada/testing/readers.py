# ruff: noqa: S101 these are tests
"""What every reader of text must keep to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from mirada.protocols import TextReader
from mirada.testing.checks import SIZES, picture
from mirada.types import TextLine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image


class TextReaderContract:
    """Fixture `reader`: ready to use."""

    def test_it_is_a_reader_with_a_name_and_a_side(self, reader: TextReader) -> None:
        """The name tells its revision; decoding aims at the side."""
        assert isinstance(reader, TextReader)
        assert reader.name
        assert reader.name.strip() == reader.name
        assert reader.image_size > 0

    def test_lines_lie_in_the_image(self, reader: TextReader) -> None:
        """In one of any size or shape, be there text or not."""
        for size in SIZES:
            check_lines(reader.read(picture(*size)))
        check_lines(reader.read(written("OPEN 9 TO 5")))

    def test_a_picture_without_text_is_no_trouble(self, reader: TextReader) -> None:
        """What is read in it, if anything, lies in it."""
        for grey in (0, 127, 255):
            check_lines(reader.read(picture(64, 48).point(lambda _, grey=grey: grey)))

    def test_the_same_image_gives_the_same_lines(self, reader: TextReader) -> None:
        """Nothing in it is random."""
        for image in (written("OPEN 9 TO 5"), picture(120, 80)):
            assert reader.read(image) == reader.read(image)

    def test_threads_may_share_the_reader(self, reader: TextReader) -> None:
        """Each gets the lines of its own image."""
        images = [written(word) for word in ("ALPHA", "BRAVO", "DELTA", "HOTEL")]
        alone = [reader.read(image) for image in images]
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(reader.read, images)) == alone

    def test_images_are_left_as_they_were(self, reader: TextReader) -> None:
        """The caller may go on using them."""
        image = written("OPEN 9 TO 5")
        before = image.tobytes()
        reader.read(image)
        assert (image.size, image.tobytes()) == ((320, 240), before)


def written(text: str) -> Image:
    """An RGB picture of 320 x 240 with a line of text in white on blue."""
    from PIL import Image as Pillow  # noqa: PLC0415 stores need no pictures
    from PIL import ImageDraw, ImageFont  # noqa: PLC0415

    image = Pillow.new("RGB", (320, 240), (40, 70, 120))
    font = ImageFont.load_default(28)
    ImageDraw.Draw(image).text((40, 100), text, fill="white", font=font)
    return image


def check_lines(found: Sequence[TextLine]) -> None:
    """Check that these are lines with words, inside an image."""
    for line in found:
        assert isinstance(line, TextLine)
        assert line.text == " ".join(line.text.split()) != ""
        assert 0 <= line.box.x0 <= line.box.x1 <= 1
        assert 0 <= line.box.y0 <= line.box.y1 <= 1
        assert 0 <= line.confidence <= 1
