"""What models that write are shown and asked, and what is kept of it: no library is needed."""

import pytest

from mirada.errors import ConfigError
from mirada.models.hub.pictures import fit, part_of
from mirada.models.hub.prompts import CHAT, choose_prompts, tidy, without_marks
from mirada.testing.checks import picture
from mirada.types import WHOLE, Box


def test_prompts_and_languages_must_go_together() -> None:
    with pytest.raises(ConfigError, match="prompts sentence are unknown"):
        choose_prompts(CHAT, {"sentence": "Say"}, ["en"])
    with pytest.raises(ConfigError, match="prompts region-fr, whole-fr are missing"):
        choose_prompts(CHAT, None, ["en", "fr"])
    with pytest.raises(ConfigError, match=r"languages \(none\)"):
        choose_prompts(CHAT, None, [])
    french = {"whole-fr": "Décrivez", "region-fr": "Nommez"}
    assert choose_prompts(CHAT, french, ["fr"]) == {
        ("whole", "fr"): "Décrivez",
        ("region", "fr"): "Nommez",
    }


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("A dog on a beach.\n", "a dog on a beach"),
        ('"A dog on a beach."', "a dog on a beach"),
        ("<think>A dog? A cat?</think>\n\nA dog.", "a dog"),
        ("<think>A dog, or", ""),
        ("\n\n  A \x00 dog\t barks \nIt is brown.", "a dog barks"),
        ("- «Un perro en la playa».", "un perro en la playa"),
        ("��", ""),
        (" ... ", ""),
        ("", ""),
    ],
)
def test_texts_are_made_tidy(written, kept) -> None:
    assert tidy(written) == kept


def test_a_text_without_end_is_cut_between_words() -> None:
    assert tidy("word " * 100) == " ".join(["word"] * 60)
    assert len(tidy("x" * 1000)) == 300


def test_texts_of_users_hold_no_marks_of_models() -> None:
    assert without_marks("a <image> of <im<image>age>", ["<image>"]) == "a of <im age>"
    assert without_marks("a\x00b " * 200, []) == ("a b " * 75).strip()


def test_parts_have_a_pixel_at_least_and_the_whole_is_not_copied() -> None:
    image = picture(10, 10)
    assert part_of(image, WHOLE) is image
    assert part_of(image, Box(0.2, 0.1, 0.5, 0.8)).size == (3, 7)
    assert part_of(image, Box(1, 1, 1, 1)).size == (1, 1)


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ((100, 80), (100, 80)),
        ((4000, 3000), (768, 576)),
        ((1, 1), (32, 32)),
        ((2, 900), (96, 768)),
        ((900, 2), (768, 96)),
        ((8, 4), (32, 16)),
    ],
)
def test_pictures_are_brought_to_a_shape_that_processors_take(given, made) -> None:
    assert fit(picture(*given), 768).size == made
