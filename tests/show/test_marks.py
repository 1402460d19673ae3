"""Colours and numbers of boxes, and boxes drawn onto pictures."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageColor

from mirada.show.draw import draw_boxes
from mirada.show.marks import COLOURS, SWATCHES, badges, colour_of, swatch
from mirada.types import WHOLE, Box
from tests import photos

fractions = st.floats(0, 1)
boxes = st.builds(
    lambda x, y: Box(min(x), min(y), max(x), max(y)),
    st.tuples(fractions, fractions),
    st.tuples(fractions, fractions),
)


def test_neighbouring_numbers_differ_in_colour() -> None:
    assert all(colour_of(number) != colour_of(number + 1) for number in range(40))


def test_figures_are_legible_on_every_colour() -> None:
    for colour in COLOURS:
        red, green, blue = ImageColor.getrgb(colour)[:3]
        assert 0.2126 * red + 0.7152 * green + 0.0722 * blue > 130


def test_a_lone_number_stands_in_the_upper_left_corner_of_its_box() -> None:
    (badge,) = badges([Box(0.2, 0.3, 0.8, 0.9)])
    assert (badge.x, badge.y, badge.right, badge.low) == (0.2, 0.3, False, False)


def test_numbers_of_equal_boxes_do_not_hide_each_other() -> None:
    placed = badges([Box(0.2, 0.2, 0.8, 0.8)] * 5)
    assert len({(badge.x, badge.y, badge.right, badge.low) for badge in placed}) == 5


@settings(max_examples=30, deadline=None)
@given(st.lists(boxes, max_size=12))
def test_numbers_stay_inside_the_picture(drawn: list[Box]) -> None:
    placed = badges(drawn, width=0.05, height=0.05)
    assert len(placed) == len(drawn)
    for badge, box in zip(placed, drawn, strict=True):
        if box.area > 0.01:
            assert 0 <= badge.x - 0.05 * badge.right <= 0.9500001
            assert 0 <= badge.y - 0.05 * badge.low <= 0.9500001


@pytest.mark.parametrize(
    ("name", "colour"),
    [
        ("blue", SWATCHES["blue"]),
        ("dark white", "#808080"),
        ("light black", "#888888"),
        ("zig", None),
    ],
)
def test_names_of_colours_become_colours(name: str, colour: str | None) -> None:
    assert swatch(name) == colour


def test_a_box_is_drawn_in_its_colour_and_the_picture_stays() -> None:
    picture = photos.flat(photos.BLACK, (400, 300))
    drawn = draw_boxes(picture, [Box(0.25, 0.25, 0.75, 0.75)])
    on_the_line = {drawn.getpixel((x, 150)) for x in range(98, 106)}
    assert ImageColor.getrgb(colour_of(0)) in on_the_line
    assert drawn.getpixel((200, 200)) == photos.BLACK
    assert picture.getcolors() == [(400 * 300, photos.BLACK)]


@settings(max_examples=30, deadline=None)
@given(st.lists(boxes, max_size=3), st.integers(1, 50), st.integers(1, 50))
def test_any_boxes_can_be_drawn_on_any_picture(drawn: list[Box], width: int, height: int) -> None:
    picture = photos.flat(photos.RED, (width, height))
    assert draw_boxes(picture, [*drawn, WHOLE]).size == (width, height)
