"""Notations that people read."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mirada.show import words
from mirada.types import Metadata, Tag
from tests.show.records import METADATA, MODELS, bare_record, full_record


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0%"), (0.004, "<1%"), (0.25, "25%"), (0.99, "99%"), (0.9951, ">99%"), (1, "100%")],
)
def test_percent_is_never_0_or_100_for_what_is_neither(share: float, text: str) -> None:
    assert words.percent(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1 / 8000, "1/8000 s"), (0.004, "1/250 s"), (0.25, "1/4 s"), (0.5, "0.5 s"), (30, "30 s")],
)
def test_shutter_times_are_those_on_a_cameras_dial(seconds: float, text: str) -> None:
    assert words.shutter(seconds) == text


def test_exposure_is_in_photographers_notation() -> None:
    assert words.exposure(METADATA) == "1/250 s f/2.8 ISO 400 50 mm"


def test_exposure_leaves_out_what_is_not_known() -> None:
    assert words.exposure(Metadata(f_number=4.0, focal_length=23.5)) == "f/4 23.5 mm"
    assert words.exposure(Metadata()) == ""


def test_a_moment_shows_the_zone_where_it_is_known() -> None:
    assert words.moment(datetime(2024, 5, 7, 9, 3)) == "7 May 2024, 09:03"
    assert words.moment(datetime(2024, 5, 7, 9, 3, tzinfo=UTC)) == "7 May 2024, 09:03 UTC"
    assert METADATA.taken_at is not None
    assert words.moment(METADATA.taken_at) == "17 May 2024, 10:30 +02:00"


def test_ratings_are_stars() -> None:
    assert [words.stars(rating) for rating in (-1, 0, 3, 5)] == [
        "rejected",
        "☆☆☆☆☆",
        "★★★☆☆",
        "★★★★★",
    ]


def test_positions_name_their_hemispheres() -> None:
    assert words.coordinates(23.13302, -82.38304) == "23.1330° N, 82.3830° W"


@pytest.mark.parametrize(
    ("count", "text"),
    [(999, "999 bytes"), (1_300_000, "1.3 MB"), (52_000, "52 kB"), (999_999, "1.0 MB")],
)
def test_file_sizes_are_in_decimal_units(count: int, text: str) -> None:
    assert words.file_size(count) == text


def test_details_hold_what_is_known_and_nothing_else() -> None:
    rows = dict(words.details(full_record()))
    assert rows["Taken"] == "17 May 2024, 10:30 +02:00"
    assert rows["Keywords"] == "sea, wall"
    assert rows["Rating"] == "★★★★☆"
    assert rows["Size"] == "96 × 64, landscape, PNG"
    assert "Description" not in rows
    assert dict(words.details(bare_record())) == {"Size": "96 × 64, landscape, PNG"}


def test_a_date_that_the_camera_did_not_write_says_where_it_is_from() -> None:
    record = replace(full_record(), metadata=replace(METADATA, taken_from="file"))
    assert dict(words.details(record))["Taken"].endswith("(by the file's date)")


def test_tags_are_grouped_by_source_with_rejected_ones_last() -> None:
    no, yes = Tag("snow", 0.9, "model", "rejected"), Tag("sea", 0.2, "model")
    own = Tag("Oma", 1, "user", "accepted")
    assert words.by_source([own, no, yes]) == [("whole picture", [yes, no]), ("you", [own])]


def test_an_undescribed_picture_says_what_to_run() -> None:
    assert words.missing(bare_record()) == ("not described yet", "mirada index")


def test_a_missing_role_says_what_to_run_but_text_does_not() -> None:
    models = {role: name for role, name in MODELS.items() if role not in {"captions", "text"}}
    record = replace(full_record(), models=models)
    assert words.missing(record) == (
        "not looked at yet: captions",
        "mirada index --only captions",
    )
    assert words.missing(full_record()) is None


def test_the_models_that_looked_come_with_their_roles() -> None:
    by = dict(words.looked_by(full_record(), "mirada-small/1"))
    assert list(by) == ["vector", *MODELS]
    without_text = {role: name for role, name in MODELS.items() if role != "text"}
    by = dict(words.looked_by(replace(full_record(), models=without_text), "x/1"))
    assert by["text"] == "not read: mirada index --ocr"


def test_control_characters_and_odd_bytes_are_escaped_and_line_breaks_stay() -> None:
    assert words.shown("a\nb\x1b[31m \udcff\x00") == "a\nb\\x1b[31m \\xff\\x00"
    assert words.shown("niño 👩‍🚀") == "niño 👩‍🚀"


def test_shapes_are_named() -> None:
    record = bare_record(Path("/a.png"))
    sizes = [(96, 64), (64, 96), (100, 98)]
    shapes = [words.shape(replace(record, width=w, height=h)) for w, h in sizes]
    assert shapes == ["landscape", "portrait", "square"]
