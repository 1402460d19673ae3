"""Dates in all the forms in which cameras and programs write them."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirada.metadata.dates import (
    offset_from_utc,
    parse_exif_date,
    parse_iso_date,
    parse_offset,
    with_fraction,
)
from mirada.metadata.names import date_in_name

SHOT = datetime(2019, 7, 4, 15, 30)
DAY = datetime(2019, 7, 4)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2019:07:04 15:30:00", SHOT),
        ("2019-07-04 15:30:00", SHOT),
        ("2019/07/04 15:30", SHOT),
        ("2019:07:04", DAY),
        ("0000:00:00 00:00:00", None),
        ("2019:13:04 15:30:00", None),
        ("    :  :     :  :  ", None),
        ("1801:01:01 00:00:00", None),
        ("", None),
    ],
)
def test_dates_of_cameras(text: str, date: datetime | None) -> None:
    assert parse_exif_date(text) == date


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2019-07-04T15:30:00", SHOT),
        ("2019-07-04T15:30Z", SHOT.replace(tzinfo=UTC)),
        ("2019-07-04T15:30:00+02:00", SHOT.replace(tzinfo=timezone(timedelta(hours=2)))),
        ("2019-07-04T15:30:00.25", SHOT.replace(microsecond=250_000)),
        ("2019-07-04", DAY),
        ("2019-07", None),
        ("2019", None),
        ("2019-02-30", None),
    ],
)
def test_dates_of_xmp_count_when_they_name_a_day(text: str, date: datetime | None) -> None:
    assert parse_iso_date(text) == date


@pytest.mark.parametrize(
    ("text", "minutes"), [("+02:00", 120), ("-0930", -570), ("Z", 0), ("+14:00", 840)]
)
def test_offsets_are_read(text: str, minutes: int) -> None:
    zone = parse_offset(text)
    assert zone is not None
    assert zone.utcoffset(None) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", [None, "", "+99:00", "+02:75", "two", "   :  "])
def test_what_is_no_offset_is_none(text: str | None) -> None:
    assert parse_offset(text) is None


@pytest.mark.parametrize(
    ("utc", "hours"),
    [
        (datetime(2019, 7, 4, 19, 30), -4),
        (datetime(2019, 7, 4, 19, 28), -4),  # the last fix was two minutes before
        (datetime(2019, 7, 4, 10, 0), 5.5),
        (datetime(2019, 7, 4, 9, 45), 5.75),
        (datetime(2019, 7, 5, 2, 30), -11),
    ],
)
def test_the_satellites_time_tells_the_zone(utc: datetime, hours: float) -> None:
    assert offset_from_utc(SHOT, utc) == timezone(timedelta(hours=hours))


@pytest.mark.parametrize(
    "utc", [datetime(2019, 7, 4, 19, 15), datetime(2019, 7, 3, 15, 30), datetime(2019, 7, 5, 6, 0)]
)
def test_an_old_fix_tells_no_zone(utc: datetime) -> None:
    assert offset_from_utc(SHOT, utc) is None


def test_fractions_have_up_to_six_digits() -> None:
    assert with_fraction(SHOT, "5").microsecond == 500_000
    assert with_fraction(SHOT, "123456789").microsecond == 123_456
    assert with_fraction(SHOT, "12a") == SHOT
    assert with_fraction(SHOT, None) == SHOT


@pytest.mark.parametrize(
    "name",
    [
        "IMG_20190704_153000.jpg",
        "IMG20190704153000.jpg",
        "20190704_153000(1).jpg",
        "2019-07-04 15.30.00.jpg",
        "2019-07-04_15-30-00.heic",
        "2019-07-04T15:30:00.png",
        "photo_2019-07-04_15-30-00.jpg",
        "Screenshot_2019-07-04-15-30-00-12_abc.png",
        "Screenshot_20190704-153000_Chrome.jpg",
        "Screen Shot 2019-07-04 at 3.30.00 PM.png",
        "Screenshot 2019-07-04 at 3.30.00\u202fPM.png",
        "Captura de pantalla 2019-07-04 a las 15.30.00.png",
        "Screenshot from 2019-07-04 15-30-00.png",
        "WhatsApp Image 2019-07-04 at 15.30.00.jpeg",
        "signal-2019-07-04-153000.jpg",
        "Trip of 20190704 153000 edited.jpg",
    ],
)
def test_moments_in_names(name: str) -> None:
    assert date_in_name(Path(name)) == SHOT


@pytest.mark.parametrize(
    "name", ["IMG-20190704-WA0001.jpg", "2019-07-04 Beach.jpg", "VID-20190704.jpg"]
)
def test_days_in_names(name: str) -> None:
    assert date_in_name(Path(name)) == DAY


def test_a_pixel_names_its_photos_in_utc() -> None:
    date = date_in_name(Path("PXL_20190704_153000123.jpg"))
    assert date == SHOT.replace(microsecond=123_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "name",
    ["000000397133.jpg", "1000268201_693b08cb0e.jpg", "DSC_0042.jpg", "20191304.jpg", "x.jpg",
     "a1920x1080.png", "18990101_000000.jpg", "Screen Shot 2019-07-44 at 3.30.00 PM.png"],
)  # fmt: skip
def test_other_numbers_are_no_dates(name: str) -> None:
    assert date_in_name(Path(name)) is None


def test_noon_and_midnight_on_a_clock_of_twelve_hours() -> None:
    noon = date_in_name(Path("Screen Shot 2019-07-04 at 12.05.00 PM.png"))
    midnight = date_in_name(Path("Screen Shot 2019-07-04 at 12.05.00 AM.png"))
    assert (noon, midnight) == (DAY.replace(hour=12, minute=5), DAY.replace(minute=5))


digits = st.text(alphabet="0123456789:-_. +TZPXLAMWA/٣\0", max_size=40)


@given(digits | st.text(max_size=40))
def test_no_text_makes_a_date_parser_raise(text: str) -> None:
    parse_exif_date(text)
    parse_iso_date(text)
    parse_offset(text)
    with_fraction(SHOT, text)
    date_in_name(Path("x" + text.replace("/", "-").replace("\0", "")))


@given(st.datetimes(datetime(1990, 1, 1), datetime(2099, 12, 31)))
def test_a_date_that_a_camera_writes_is_read_back(date: datetime) -> None:
    date = date.replace(microsecond=0)
    assert parse_exif_date(f"{date:%Y:%m:%d %H:%M:%S}") == date
    assert parse_iso_date(date.isoformat()) == date
    assert date_in_name(Path(f"IMG_{date:%Y%m%d_%H%M%S}.jpg")) == date
