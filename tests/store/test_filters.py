"""What filters mean, by hand; and whole columns give what one record at a time does."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirada.store import view
from mirada.store.conditions import SOURCES
from mirada.store.holds import holds
from mirada.store.lance import LanceStore
from mirada.testing import DIM, ENCODER, described, record_of, unit
from mirada.types import (
    Caption,
    Facts,
    Filter,
    ImageRecord,
    Keyphrase,
    Metadata,
    SourceFile,
    Swatch,
    Tag,
    TextLine,
)

PLAIN = record_of("plain.jpg")  # nothing is known of it but its file: 640 x 480, 1,009 bytes
FULL = replace(
    described(record_of("full.jpg")),
    files=(SourceFile(Path("/home/ana/Vacaciones 2024/Niños/IMG_0042.JPG"), 5_234_567, 0),),
    facts=Facts((Swatch("red", 0.4), Swatch("blue", 0.1)), False, 0.5, 0.5, ""),
    metadata=Metadata(
        taken_at=datetime(2020, 6, 30, 23, 30, tzinfo=timezone(timedelta(hours=-4))),
        camera="Canon EOS 5D Mark II",
        lens="EF50mm f/1.8",
        iso=400,
        f_number=2.83,
        focal_length=50.0,
        place="Málaga, Andalusia, Spain",
        rating=4,
        title="Cumpleaños",
        keywords=("holiday", "Año Nuevo"),
    ),
    tags=(Tag("dog", 0.9, "model"), Tag("golden hour", 0.8, "user"), *described(PLAIN).tags[1:]),
    text_lines=tuple(
        replace(one, text="NO-PARKING, please!") for one in described(PLAIN).text_lines
    ),
)


def says(text: str, record: ImageRecord) -> bool:
    """Whether "field op value" holds."""
    field, op, value = text.split(" ", 2)
    return holds(Filter(field, op, value), record)


@pytest.mark.parametrize(
    "text",
    [
        "tag = dog",
        "tag = golden",
        "tag = golden hour",
        "any = DOG",
        "any = ano nuevo",
        "any = año nuevo",
        "any = a dog with a red collar",
        "any = malaga",
        "caption = red collar",
        "text = no parking",
        "text = no-parking",
        "path = vacaciones",
        "path = vacaciones 2024/ninos",
        "path = img_",
        "path = img_*.jpg",
        "path = vac*",
        "path = home/**/*.jpg",
        "path = ana/*/niños",
        "camera = canon",
        "camera = 5d mark",
        "lens = ef50",
        "place = málaga",
        "place = spain",
        "place = españa",
        "date = 2020",
        "date = 2020-06",
        "date = 2020-06-30",
        "date < 2020-07-01",
        "date <= 2020-06-30",
        "date > 2020-05",
        "date >= 2020-06-30",
        "date != 2020-07-01",
        "date != 2019-01-01..2020-06-30",
        "date = 2019-01-01..2020-07-01",
        "color = red",
        "color = rojo",
        "color != blue",
        "color != bw",
        "orientation = landscape",
        "orientation = horizontal",
        "format = jpg",
        "format = .jpeg",
        "size > 5mb",
        "size < 6 MB",
        "size = 5mb",
        "size = 5.2mb",
        "size >= 5234567",
        "width = 640",
        "width >= 640",
        "height < 481",
        "width = 600..640",
        "width != 641..700",
        "rating >= 4",
        "iso = 400",
        "iso != 200",
        "aperture = 2.8",
        "aperture > 2.8",
        "focal = 50",
    ],
)
def test_what_holds(text: str) -> None:
    assert says(text, FULL)


@pytest.mark.parametrize(
    "text",
    [
        "tag = dogs house",
        "tag = do",  # a word is whole
        "tag = our",
        "any = dog golden",  # not of two tags
        "any = vacaciones",  # names of files are not what the image says
        "text = parking no",
        "caption = golden hour",
        "path = img_*.png",
        "path = *42",  # names are whole
        "path = ana/*.jpg",  # * stays inside one name
        "path = img.0042",  # . is a dot
        "camera = nikon",
        "date = 2021",
        "date = 2020-07-01",  # it was the 1st in Greenwich, but not there
        "date < 2020-06-30",
        "date > 2020-06-30",
        "date > 2020",
        "date != 2020",
        "date != 2020-06-30..2020-07-01",
        "color = blue",  # too little
        "color = bw",
        "color = turquoise",
        "orientation = portrait",
        "orientation = square",
        "format = png",
        "size < 5mb",
        "size = 5.3mb",
        "width > 640",
        "width != 640",
        "width != 600..640",
        "rating = 5",
        "aperture < 2.8",
        "focal = 55",
    ],
)
def test_what_does_not_hold(text: str) -> None:
    assert not says(text, FULL)


UNKNOWN = ("any", "text", "tag", "caption", "camera", "lens", "place", "color")
UNKNOWN_NUMBERS = ("rating", "iso", "aperture", "focal")


@pytest.mark.parametrize("field", [*UNKNOWN, *UNKNOWN_NUMBERS])
def test_what_is_unknown_meets_only_what_is_denied(field: str) -> None:
    assert not says(f"{field} = 5", PLAIN)
    assert says(f"{field} != 5", PLAIN)
    if field in UNKNOWN_NUMBERS:
        assert not any(says(f"{field} {op} 5", PLAIN) for op in ("<", "<=", ">", ">="))


@pytest.mark.parametrize("op", ["=", "!=", "<", "<=", ">", ">="])
def test_an_image_without_a_date_meets_no_date(op: str) -> None:
    assert not says(f"date {op} 2020", PLAIN)


def test_an_image_is_square_only_where_its_sides_are_equal() -> None:
    assert says("orientation = square", replace(PLAIN, width=480))
    assert says("orientation = portrait", replace(PLAIN, width=479))


def test_black_and_white_is_a_colour_beside_those_of_the_palette() -> None:
    old = replace(PLAIN, facts=Facts((Swatch("grey", 0.9),), True, 0.5, 0.5, ""))
    assert says("color = bw", old)
    assert says("color = gray", old)
    assert not says("color != bw", old)


@pytest.mark.parametrize(
    "text",
    [
        *("smell = rose", "tag < dog", "tag ~ dog", "width = wide", "width = ", "date = soon"),
        *("date = 2020-02-30", "size = 5tb", "iso = ٣", f"path = {'x' * 1_001}", "width ~ 5"),
        *("width = 5mb", "date = ..2020", "date < 2019..2020"),
    ],
)
def test_what_no_filter_can_be_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        says(text, FULL)


def test_a_value_of_signs_alone_is_looked_for_as_it_is() -> None:
    shout = replace(PLAIN, captions=(Caption("what?!", "en", 0.5),))
    assert says("caption = ?!", shout)
    assert says("caption = 😀", replace(PLAIN, captions=(Caption("so 😀", "en", 0.5),)))
    assert not says("caption = !?", shout)


TEXTS = ["dog", "Perro", "niños", "NIÑOS 2024", "a.b*c", "ﬁ ß İ", "😀!", "%'\"\\", "", "é"]
texts = st.sampled_from(TEXTS) | st.text(max_size=4).filter(
    lambda one: not any("\ud800" <= sign <= "\udfff" for sign in one)
)
some = st.sampled_from
states = some(["auto", "accepted", "rejected"])
dates = st.none() | some(
    [
        datetime(2020, 1, 1),
        datetime(2020, 6, 30, 23, 59, tzinfo=timezone(timedelta(hours=5))),
        datetime(1, 1, 1),
        datetime(9999, 12, 31),
    ]
)
facts = st.none() | st.builds(
    Facts,
    st.lists(st.builds(Swatch, some(["red", "grey"]), some([0.05, 0.15, 0.5])), max_size=2).map(
        tuple
    ),
    st.booleans(),
    st.just(0.5),
    st.just(0.5),
    st.just(""),
)
metadata = st.none() | st.builds(
    Metadata,
    taken_at=dates,
    camera=st.none() | texts,
    lens=st.none() | texts,
    iso=st.none() | some([100, 400]),
    f_number=st.none() | some([2.8, 2.83, 4.0]),
    focal_length=st.none() | some([4.25, 50.0]),
    place=st.none() | texts | st.just("Madrid, Spain"),
    rating=st.none() | some([-1, 0, 5]),
    title=st.none() | texts,
    keywords=st.lists(texts, max_size=2).map(tuple),
)
line = described(PLAIN).text_lines[0]
names = some(["a.jpg", "ñ/b c.JPG", "2024/x.png", "not utf-8 \udcff.jpg"])
files = st.lists(names, min_size=1, max_size=2, unique=True).map(
    lambda found: tuple(SourceFile(Path("/pictures") / one, 5_000_000, 0) for one in sorted(found))
)


@st.composite
def records(draw: st.DrawFn) -> list[ImageRecord]:
    return [
        replace(
            record_of(f"{number}.jpg"),
            files=draw(files),
            width=draw(some([480, 640])),
            format=draw(some(["JPEG", "PNG", "HEIF"])),
            facts=draw(facts),
            metadata=draw(metadata),
            tags=tuple(
                Tag(draw(texts), 0.5, "model", draw(states)) for _ in range(draw(some([0, 2])))
            ),
            captions=tuple(Caption(one, "en", 0.5) for one in draw(st.lists(texts, max_size=2))),
            phrases=tuple(
                Keyphrase(one, "noun", "tag") for one in draw(st.lists(texts, max_size=1))
            ),
            text_lines=tuple(
                TextLine(one, line.box, 0.5) for one in draw(st.lists(texts, max_size=1))
            ),
        )
        for number in range(3)
    ]


VALUES = ["2020", "2020-06-30", "5", "640", "5mb", "4.2", "2.8", "-1", "red", "bw", "landscape"]
VALUES += ["jpg", "*.jpg", "2024/*", "pictures/**", "no", "2019..2021", "1..500", "spain", "españa"]
asked = st.builds(
    Filter,
    some(sorted(SOURCES)),
    some(["=", "!=", "<", "<=", ">", ">="]),
    some(VALUES) | texts,
)


@given(records(), st.lists(asked, min_size=1, max_size=12))
@settings(max_examples=25, deadline=None)
def test_columns_say_what_each_record_says(found: list[ImageRecord], filters: list[Filter]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / ".mirada"
        store = LanceStore.create(home, encoder=ENCODER, dim=DIM)
        store.put(found, np.stack([unit(1, 0, 0, 0)] * len(found)))
        for one in filters:
            try:
                expected = {record.image_id for record in found if holds(one, record)}
            except ValueError as error:
                with pytest.raises(ValueError, match=re.escape(str(error))):
                    store.select([one])
                continue
            assert store.select([one]) == expected
            with mock.patch.object(view, "KEPT_ROWS", 0):  # batch by batch
                assert store.select([one]) == expected


def test_a_library_that_moved_is_chosen_from_by_where_it_lies_now(tmp_path: Path) -> None:
    store = LanceStore.create(tmp_path / "old" / ".mirada", encoder=ENCODER, dim=DIM)
    inside = replace(PLAIN, files=(SourceFile(tmp_path / "old" / "beach" / "a.jpg", 1, 2),))
    store.put([inside], np.stack([unit(1, 0, 0, 0)]))
    (tmp_path / "old").rename(tmp_path / "new")
    moved = LanceStore.open(tmp_path / "new" / ".mirada")
    assert moved.select([Filter("path", "=", "new/beach/*.jpg")]) == {PLAIN.image_id}
    assert moved.select([Filter("path", "=", "old/beach")]) == set()
