"""EXIF, XMP, IPTC and Takeout, each alone."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mirada.metadata.exif import read_exif
from mirada.metadata.iptc import read_iptc
from mirada.metadata.packets import find_xmp, unpack
from mirada.metadata.sidecars import takeout_candidates
from mirada.metadata.takeout import read_takeout
from mirada.metadata.values import camera_name
from mirada.metadata.xmp import read_tags, read_xmp
from mirada.types import Metadata, Tag
from tests import photos
from tests.metadata.sources import HAVANA, alt, bag, exif, iptc, jpeg, loaded, ratio, xmp

SHOT = datetime(2019, 7, 4, 15, 30)
DATE = {0x9003: "2019:07:04 15:30:00"}


def test_a_photo_tells_its_camera_and_settings() -> None:
    block = exif(
        {0x010F: "Canon", 0x0110: "Canon EOS 80D"},
        {0x829D: ratio(28, 10), 0x829A: ratio(1, 200), 0x920A: ratio(50, 1), 0x8827: 400,
         0xA434: "EF50mm f/1.8"},
    )  # fmt: skip
    found = read_exif(loaded(block))
    assert (found.camera, found.lens, found.iso) == ("Canon EOS 80D", "EF50mm f/1.8", 400)
    assert (found.f_number, found.exposure_time, found.focal_length) == (2.8, 0.005, 50.0)


@pytest.mark.parametrize(
    ("make", "model", "name"),
    [
        ("Canon", "Canon EOS 80D", "Canon EOS 80D"),
        ("NIKON CORPORATION", "NIKON D750", "NIKON D750"),
        ("Apple", "iPhone 12", "Apple iPhone 12"),
        ("OLYMPUS IMAGING CORP.", "E-M1", "OLYMPUS E-M1"),
        ("SONY", None, "SONY"),
        (None, "X100", "X100"),
        ("Corporation", " ", None),
    ],
)
def test_a_camera_is_named_once(make: str | None, model: str | None, name: str | None) -> None:
    assert camera_name(make, model) == name


def test_a_date_has_the_offset_that_was_written() -> None:
    shot = {**DATE, 0x9011: "+02:00", 0x9291: "25"}
    taken = read_exif(loaded(exif(shot=shot))).taken_at
    assert taken == SHOT.replace(microsecond=250_000, tzinfo=timezone(timedelta(hours=2)))


def test_a_date_without_offset_is_placed_by_the_satellites() -> None:
    gps = {29: "2019:07:04", 7: (19.0, 29.0, 30.0)}
    taken = read_exif(loaded(exif(shot=DATE, gps=gps))).taken_at
    assert taken == SHOT.replace(tzinfo=timezone(timedelta(hours=-4)))


def test_a_date_without_either_is_local_time() -> None:
    assert read_exif(loaded(exif(shot=DATE))).taken_at == SHOT


def test_an_empty_clock_is_passed_over_for_the_next_date() -> None:
    block = exif({0x0132: "2019:07:04 15:30:00"}, {0x9003: "0000:00:00 00:00:00"})
    assert read_exif(loaded(block)).taken_at == SHOT


def test_a_place_has_its_hemispheres() -> None:
    found = read_exif(loaded(exif(gps=HAVANA)))
    assert (found.latitude, found.longitude) == (23.1333333, -82.36)


def test_a_position_survives_seconds_of_zero_over_zero() -> None:
    gps = {**HAVANA, 2: (ratio(23, 1), ratio(8, 1), ratio(0, 0))}
    assert read_exif(exif(gps=gps)).latitude == 23.1333333


@pytest.mark.parametrize(
    "gps",
    [
        {**HAVANA, 2: (ratio(1, 0), ratio(8, 1), ratio(0, 1))},
        {**HAVANA, 2: (123.0, 0.0, 0.0)},
        {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)},
        {1: "N", 2: (23.0, 0.0, 0.0)},
    ],
)
def test_an_impossible_position_is_none(gps: dict[int, object]) -> None:
    found = read_exif(exif(gps=gps))
    assert (found.latitude, found.longitude) == (None, None)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("OLYMPUS DIGITAL CAMERA", None),
        ("DCIM\\100MEDIA\\DJI_0001.JPG", None),
        ("   ", None),
        ("cof", None),
        ("coffee with Ana", "coffee with Ana"),
        ("la playa de Varadero, año 1999", "la playa de Varadero, año 1999"),
    ],
)
def test_descriptions_are_those_of_people(text: str, shown: str | None) -> None:
    assert read_exif(exif({0x010E: text})).description == shown


def test_text_in_utf8_is_read_though_the_standard_has_ascii() -> None:
    found = read_exif(loaded(exif({0x010E: "niña".encode()})))
    assert found.description == "niña"


def test_the_tags_of_windows_are_read() -> None:
    words, title = "perro;playa\0".encode("utf-16-le"), "Mar\0".encode("utf-16-le")
    block = exif({0x9C9E: words, 0x9C9B: title, 0x4746: 4})
    found = read_exif(loaded(block))
    assert (found.keywords, found.title, found.rating) == (("perro", "playa"), "Mar", 4)


@pytest.mark.parametrize(
    ("comment", "text"),
    [
        (b"ASCII\0\0\0a picnic", "a picnic"),
        (b"UNICODE\0" + "una niña".encode("utf-16-be"), "una niña"),
        (b"UNICODE\0" + "a cat".encode("utf-16-le"), "a cat"),
        (b"JIS\0\0\0\0\0??", None),
    ],
)
def test_comments_name_their_character_set(comment: bytes, text: str | None) -> None:
    assert read_exif(exif(shot={0x9286: comment})).description == text


def test_xmp_is_read_from_elements_and_attributes() -> None:
    packet = xmp(
        bag("dc:subject", ["dog", "Dog", "beach"])
        + bag("lr:hierarchicalSubject", ["Places|Cuba|Havana"])
        + alt("dc:title", "A walk")
        + alt("dc:description", "Max &amp; Ana"),
        'xmp:Rating="4" photoshop:DateCreated="2019-07-04T15:30:00" photoshop:City="Havana" '
        'photoshop:Country="Cuba" tiff:Make="Apple" tiff:Model="iPhone 12" exif:FNumber="28/10" '
        'exif:GPSLatitude="23,8.0N" exif:GPSLongitude="82,21,36W"',
    )
    assert read_xmp(packet) == Metadata(
        taken_at=SHOT,
        camera="Apple iPhone 12",
        f_number=2.8,
        latitude=23.1333333,
        longitude=-82.36,
        place="Havana, Cuba",
        rating=4,
        title="A walk",
        description="Max & Ana",
        keywords=("dog", "beach", "Places", "Cuba", "Havana"),
    )


def test_the_default_language_of_a_title_counts() -> None:
    both = (
        '<dc:title><rdf:Alt><rdf:li xml:lang="es">Un paseo</rdf:li>'
        '<rdf:li xml:lang="x-default">A walk</rdf:li></rdf:Alt></dc:title>'
    )
    assert read_xmp(xmp(both)).title == "A walk"


def test_a_damaged_packet_gives_what_can_be_read() -> None:
    packet = xmp(bag("dc:subject", ["dog", "beach"]) + alt("dc:title", "A walk"))
    cut = packet[: packet.index(b"beach") + 5]
    assert read_xmp(cut).keywords == ("dog", "beach")


BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "lol">%s]>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" dc:title="&j;"/></rdf:RDF></x:xmpmeta>
""" % b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 20) for n in range(9))


@pytest.mark.parametrize(
    "packet",
    [
        BOMB,
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        b"",
        b"\0\0",
        b"not xml at all",
        b"<x>" * 100_000,
    ],
)
def test_hostile_packets_give_nothing(packet: bytes) -> None:
    assert read_xmp(packet) == Metadata()


def test_an_encoding_other_than_utf8_is_read() -> None:
    body = xmp(alt("dc:title", "Año")).decode().partition("?>")[2].rpartition("<?")[0].strip()
    packet = f'<?xml version="1.0" encoding="UTF-16"?>{body}'
    assert read_xmp(packet.encode("utf-16")).title == "Año"


def test_what_mirada_wrote_by_itself_is_no_keyword_of_the_people() -> None:
    note = (
        "<mirada:tags><rdf:Bag>"
        '<rdf:li rdf:parseType="Resource"><mirada:name>dog</mirada:name>'
        "<mirada:state>auto</mirada:state><mirada:confidence>0.9</mirada:confidence>"
        "<mirada:own>True</mirada:own></rdf:li>"
        '<rdf:li rdf:parseType="Resource"><mirada:name>cat</mirada:name>'
        "<mirada:state>accepted</mirada:state><mirada:confidence>0.8</mirada:confidence>"
        "<mirada:own>True</mirada:own></rdf:li>"
        "</rdf:Bag></mirada:tags><mirada:caption>A dog.</mirada:caption>"
    )
    words = bag("dc:subject", ["dog", "cat", "Ana"]) + alt("dc:description", "A dog.")
    packet = xmp(words + note)
    assert read_xmp(packet).keywords == ("cat", "Ana")
    assert read_xmp(packet).description is None
    assert read_tags(packet) == (Tag("dog", 0.9, "model"), Tag("cat", 0.8, "user", "accepted"))


def test_iptc_is_read_in_utf8_and_in_latin() -> None:
    fields = [(25, "perro"), (25, "niña"), (120, "En la playa"), (105, "Verano"), (90, "Havana"),
              (101, "Cuba"), (55, "20190704"), (60, "153000-0400")]  # fmt: skip
    raw = jpeg(iptc=iptc(*fields))
    found = read_iptc(unpack(raw).iptc)
    assert (found.keywords, found.description) == (("perro", "niña"), "En la playa")
    assert (found.title, found.place) == ("Verano", "Havana, Cuba")
    assert found.taken_at == SHOT.replace(tzinfo=timezone(timedelta(hours=-4)))
    latin = jpeg(iptc=iptc((25, "niña".encode("cp1252")), utf8=False))
    assert read_iptc(unpack(latin).iptc).keywords == ("niña",)


def test_takeout_is_read() -> None:
    document = {
        "title": "IMG.jpg",
        "description": "Max en la playa",
        "photoTakenTime": {"timestamp": "1562254200", "formatted": "4 jul. 2019"},
        "geoData": {"latitude": 0.0, "longitude": 0.0},
        "geoDataExif": {"latitude": 23.133, "longitude": -82.36},
        "people": [{"name": "Ana"}, {"name": "Max"}, {}, "?"],
    }
    found = read_takeout(json.dumps(document).encode())
    assert found == Metadata(
        taken_at=datetime(2019, 7, 4, 15, 30, tzinfo=UTC),
        latitude=23.133,
        longitude=-82.36,
        description="Max en la playa",
        keywords=("Ana", "Max"),
    )


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"{}", b'{"title": 1}', b"\xff", b"[" * 100_000, b'{"geoData": 1, "people": 3}',
     b'{"photoTakenTime": {"timestamp": "1e400"}}', b'{"photoTakenTime": {"timestamp": "NaN"}}'],
)  # fmt: skip
def test_other_json_is_none_or_empty(raw: bytes) -> None:
    assert read_takeout(raw) in (None, Metadata())


LONG = "a-very-long-name-of-a-photo-that-somebody-shared-with-me"


@pytest.mark.parametrize(
    ("photo", "sidecar"),
    [
        ("a.jpg", "a.jpg.json"),
        ("a.jpg", "a.jpg.supplemental-metadata.json"),
        ("a.jpg", "a.json"),
        ("a(1).jpg", "a.jpg(1).json"),
        ("a(1).jpg", "a.jpg.supplemental-metadata(1).json"),
        ("a-edited.jpg", "a.jpg.json"),
        ("a-editado(2).jpg", "a.jpg(2).json"),
        ("PXL_20210704_153000123.NIGHT.jpg", "PXL_20210704_153000123.NIGHT.jpg.supplemental-.json"),
        (f"{LONG[:47]}.jpg", f"{LONG[:46]}.json"),
        (f"{LONG[:41]}.jpg", f"{LONG[:41]}.jpg..json"),
    ],
)  # fmt: skip
def test_takeout_names_its_sidecars_oddly(photo: str, sidecar: str) -> None:
    assert sidecar in [path.name for path in takeout_candidates(Path(photo))]


def test_a_second_photo_does_not_take_the_sidecar_of_the_first() -> None:
    assert "a.jpg.json" not in [path.name for path in takeout_candidates(Path("a(1).jpg"))]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_every_format_gives_its_blocks(kind: str) -> None:
    packet = xmp(bag("dc:subject", ["dog"]))
    block = exif({0x010F: "Canon"})
    options: dict[str, object] = {"exif": block.tobytes(), "xmp": packet}
    if kind == "PNG":
        options["pnginfo"] = _itxt(packet)
    if kind == "TIFF":
        block[700] = packet
        options["exif"] = block
    raw = photos.encode(photos.gradient((32, 24)), kind, **options)
    found = unpack(raw)
    assert found.exif is not None
    assert read_exif(found.exif).camera == "Canon"
    assert read_xmp(found.xmp or b"").keywords == ("dog",)


def test_a_png_may_have_its_blocks_behind_the_pixels() -> None:
    raw = photos.encode(photos.flat(), pnginfo=_itxt(xmp(bag("dc:subject", ["dog"])), zip_=True))
    start = raw.index(b"iTXt") - 4
    length = int.from_bytes(raw[start : start + 4], "big") + 12
    end = raw.index(b"IEND") - 4
    moved = raw[:start] + raw[start + length : end] + raw[start : start + length] + raw[end:]
    assert moved.index(b"IDAT") < moved.index(b"iTXt")
    assert read_xmp(unpack(moved).xmp or b"").keywords == ("dog",)


def test_other_files_are_searched_for_a_packet() -> None:
    raw = b"GIF89a" + b"\1" * 500 + xmp(bag("dc:subject", ["dog"])) + b"\1" * 99
    assert read_xmp(find_xmp(raw) or b"").keywords == ("dog",)
    assert unpack(raw).xmp == find_xmp(raw)


def _itxt(packet: bytes, *, zip_: bool = False) -> object:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", packet.decode(), zip=zip_)
    return info


@given(st.binary(max_size=300))
def test_no_bytes_make_a_reader_raise(raw: bytes) -> None:
    read_xmp(raw)
    read_takeout(raw)
    for start in (b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"II*\0"):
        unpack(start + raw)


some_tags = st.sampled_from([0x010F, 0x0110, 0x0132, 0x010E, 0x4746, 0x9C9E])
some_values = st.text(max_size=30) | st.integers(0, 9) | st.binary(max_size=30)


@given(st.dictionaries(some_tags, some_values))
def test_no_tags_make_the_reader_raise(tags: dict[int, object]) -> None:
    block = Image.Exif()
    block.update(tags)
    read_exif(block)
