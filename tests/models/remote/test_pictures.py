"""What leaves the machine of a picture."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image, ImageCms

from mirada.models.remote.pictures import picture_of
from mirada.types import Box
from tests.photos import RED, flat

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = (b"GPSx", b"My Camera", b"Anna", b"adobe", b"hidden comment", b"ICC_PROFILE", b"Exif")


def photo(path: Path) -> Image.Image:
    """A JPEG with all that cameras and people write into one, opened."""
    image = flat(RED, (1600, 1200))
    exif = Image.Exif()
    exif[0x010F] = "My Camera"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 30.0), 18: "GPSx"})
    thumbnail = BytesIO()
    flat(RED, (160, 120)).save(thumbnail, "JPEG", comment=b"hidden comment")
    image.save(
        path,
        exif=exif,
        comment=b"hidden comment",
        xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>Anna</x:xmpmeta>",
        icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    )
    raw = path.read_bytes()
    assert all(secret in raw for secret in SECRETS), "the source holds what must not leave"
    return Image.open(path)


def test_metadata_never_leaves(tmp_path: Path) -> None:
    image = photo(tmp_path / "photo.jpg")
    for box in (Box(0, 0, 1, 1), Box(0.2, 0.2, 0.6, 0.7)):
        sent = picture_of(image, 768, box).jpeg
        assert not any(secret in sent for secret in SECRETS)
        again = Image.open(BytesIO(sent))
        assert not again.getexif()
        assert set(again.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        kinds = [kind for kind, _ in getattr(again, "applist", [])]
        assert kinds == ["APP0"], "JFIF's own header and nothing else"


def test_the_longer_side_is_as_told_and_nothing_is_enlarged() -> None:
    assert (picture_of(flat(RED, (1600, 800)), 768).width) == 768
    assert (picture_of(flat(RED, (1600, 800)), 768).height) == 384
    assert (picture_of(flat(RED, (100, 90)), 768).width) == 100
    assert Image.open(BytesIO(picture_of(flat(RED, (800, 1600)), 64).jpeg)).size == (32, 64)


def test_what_is_smaller_than_a_patch_is_made_as_large_as_one() -> None:
    """Servers refuse pictures of a few pixels."""
    for size in ((1, 1), (900, 2), (2, 900)):
        sent = picture_of(flat(RED, size), 768)
        assert min(sent.width, sent.height) == 28
        assert max(sent.width, sent.height) <= 768


def test_a_part_is_cut_out_with_a_margin() -> None:
    image = Image.new("RGB", (200, 100), (0, 0, 255))
    image.paste((255, 0, 0), (0, 0, 100, 100))
    left = Image.open(BytesIO(picture_of(image, 768, Box(0, 0, 0.5, 1)).jpeg))
    assert left.size == (105, 100)
    assert left.getpixel((50, 50))[0] > 240  # type: ignore[index]


def test_the_same_pixels_give_the_same_bytes() -> None:
    image = flat(RED, (300, 200))
    assert picture_of(image, 64).digest == picture_of(image.copy(), 64).digest
    assert picture_of(image, 64).digest != picture_of(image, 32).digest


def test_the_image_is_left_as_it_was(tmp_path: Path) -> None:
    image = photo(tmp_path / "photo.jpg")
    before = image.tobytes()
    picture_of(image, 64)
    assert (image.size, image.tobytes()) == ((1600, 1200), before)
