"""What pixels say without a model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from mirada.indexing.facts import look_at
from mirada.indexing.palette import BLACK, GREY, NAMES, PROTOTYPES, WHITE, Palette, lab
from mirada.types import WHOLE, Box
from tests import photos

SHADES = {
    "black": ["#000000", "#0a0a0c", "#1c1c1c"],
    "white": ["#ffffff", "#f4f4f0", "#e6e8ea"],
    "grey": ["#808080", "#969a98", "#606060"],
    "red": ["#ff0000", "#c01515", "#8b1010"],
    "orange": ["#ff8c00", "#f07818"],
    "yellow": ["#ffff00", "#f2e030"],
    "green": ["#00c000", "#2e8b40", "#708238"],
    "blue": ["#0000ff", "#3060c0", "#87ceeb"],
    "purple": ["#800080", "#7030a0"],
    "pink": ["#ff69b4", "#f4a0b8"],
    "brown": ["#8b4513", "#604020"],
}


@pytest.mark.parametrize(
    ("name", "shade"), [(name, shade) for name, shades in SHADES.items() for shade in shades]
)
def test_a_flat_picture_has_the_one_colour_that_people_call_it(name: str, shade: str) -> None:
    (swatch,) = look_at(Image.new("RGB", (40, 30), shade)).palette
    assert (swatch.colour, swatch.share) == (name, 1.0)


def test_shares_follow_the_areas_and_the_largest_comes_first() -> None:
    image = photos.flat(photos.BLUE, (100, 100))
    image.paste(photos.RED, (0, 0, 100, 25))
    shares = {swatch.colour: swatch.share for swatch in look_at(image).palette}
    assert list(shares) == ["blue", "red"]
    assert shares["blue"] == pytest.approx(0.75, abs=0.02)
    assert shares["red"] == pytest.approx(0.25, abs=0.02)


def test_a_colour_of_less_than_a_20th_is_left_out() -> None:
    image = photos.flat(photos.BLUE, (96, 96))
    image.paste(photos.RED, (0, 0, 96, 3))
    assert [swatch.colour for swatch in Palette(image).whole()] == ["blue"]


def test_a_box_has_the_colour_of_the_thing_in_its_middle() -> None:
    image = photos.shape("disc", photos.RED, size=(120, 120), centre=(0.25, 0.25))
    palette = Palette(image)
    assert [swatch.colour for swatch in palette.of(Box(0.0, 0.0, 0.5, 0.5))] == ["red"]
    assert [swatch.colour for swatch in palette.of(Box(0.5, 0.5, 1.0, 1.0))] == ["white"]


def test_even_a_box_without_area_has_a_colour() -> None:
    palette = Palette(photos.flat(photos.GREEN))
    for box in (Box(0.5, 0.5, 0.5, 0.5), Box(1.0, 1.0, 1.0, 1.0), Box(-1.0, 2.0, -0.5, 3.0)):
        assert [swatch.colour for swatch in palette.of(box)] == ["green"]


@settings(max_examples=25, deadline=None)
@given(width=st.integers(1, 300), height=st.integers(1, 300), seed=st.integers(0, 9))
def test_facts_of_any_size_stay_in_their_ranges(width: int, height: int, seed: int) -> None:
    image = photos.noise((width, height), seed)
    facts = look_at(image)
    assert 0 <= facts.sharpness <= 1
    assert 0 <= facts.brightness <= 1
    for palette in (facts.palette, Palette(image).of(WHOLE)):
        assert {swatch.colour for swatch in palette} <= {*NAMES}
        assert all(0 < swatch.share <= 1 for swatch in palette)
        assert sum(swatch.share for swatch in palette) <= 1 + 1e-9


def test_cielab_of_the_primaries_is_the_published_one() -> None:
    known = lab(np.array([[255, 255, 255], [255, 0, 0], [0, 0, 0]]))
    assert np.allclose(known, [[100, 0, 0], [53.24, 80.09, 67.2], [0, 0, 0]], atol=0.05)


def test_brightness_is_the_mean_luminance() -> None:
    assert look_at(photos.flat(photos.WHITE)).brightness == 1
    assert look_at(photos.flat(photos.BLACK)).brightness == 0
    assert look_at(photos.flat((128, 128, 128))).brightness == pytest.approx(128 / 255)


def scene() -> Image.Image:
    """A colourful drawing with fine detail."""
    image = photos.gradient((400, 300))
    draw = ImageDraw.Draw(image)
    for step in range(0, 400, 12):
        draw.line((step, 0, 400 - step, 300), fill=(step // 2, 255 - step // 2, 90))
    return image


def test_sharpness_falls_when_a_picture_is_blurred_and_blurred_again() -> None:
    blurred = [scene().filter(ImageFilter.GaussianBlur(radius)) for radius in (0, 1, 2, 4, 8)]
    values = [look_at(image).sharpness for image in blurred]
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.7
    assert values[-1] < 0.3


def test_a_sharp_subject_on_a_blurred_ground_is_sharp() -> None:
    image = scene().filter(ImageFilter.GaussianBlur(8))
    assert look_at(image).sharpness < 0.3
    image.paste(scene().crop((100, 80, 300, 220)), (100, 80))
    assert look_at(image).sharpness > 0.5


def test_a_flat_picture_is_not_sharp() -> None:
    assert look_at(photos.flat()).sharpness == 0


def test_grey_and_sepia_pictures_are_black_and_white() -> None:
    grey = ImageOps.grayscale(scene())
    sepia = ImageOps.colorize(grey, (20, 12, 5), (250, 235, 200), mid=(140, 110, 75))
    assert look_at(grey.convert("RGB")).black_and_white
    assert look_at(sepia).black_and_white


def test_colourful_and_flatly_coloured_pictures_are_not_black_and_white() -> None:
    assert not look_at(scene()).black_and_white
    assert not look_at(photos.flat(photos.RED)).black_and_white
    assert not look_at(photos.flat((120, 100, 80))).black_and_white


def test_blue_toned_pictures_are_not_taken_for_old_prints() -> None:
    blue = ImageOps.colorize(ImageOps.grayscale(scene()), (0, 0, 40), (200, 220, 255))
    assert not look_at(blue).black_and_white


def test_every_name_has_its_prototypes_or_no_hue() -> None:
    assert (BLACK, WHITE, GREY, *PROTOTYPES) == NAMES
