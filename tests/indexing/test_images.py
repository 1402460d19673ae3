from __future__ import annotations

import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageCms

from mirada.errors import UnreadableImage
from mirada.indexing import formats
from mirada.indexing.colours import grey_of
from mirada.indexing.images import decode_image, open_image, thumbnail_jpeg
from tests.bad_files import make_bad_folder, png, png_chunk, text_bomb, with_broken_exif
from tests.photos import (
    BLUE,
    GREEN,
    ORIENTATION,
    RED,
    WHITE,
    corners,
    encode,
    exif_with,
    flat,
    gradient,
    noise,
)

if TYPE_CHECKING:
    from pathlib import Path

LOSSLESS = {
    "PNG": {},
    "BMP": {},
    "PPM": {},
    "TIFF": {},
    "WEBP": {"lossless": True},
    "JPEG2000": {},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    "HEIF": {"quality": -1, "chroma": 444},
}


def near(pixel: object, colour: tuple[int, int, int], tolerance: int = 3) -> bool:
    return bool(np.abs(np.subtract(pixel, colour)).max() <= tolerance)  # type: ignore[call-overload]


def quarters(image: Image.Image) -> list[str]:
    """Names of the colours in the middle of the four quarters, row by row."""
    names = {RED: "red", GREEN: "green", BLUE: "blue", WHITE: "white"}
    spots = [(image.width * i // 4, image.height * j // 4) for j in (1, 3) for i in (1, 3)]
    pixels = [image.getpixel(spot) for spot in spots]
    return [next(name for c, name in names.items() if near(p, c, 40)) for p in pixels]


def psnr(a: Image.Image, b: Image.Image) -> float:
    difference = np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
    return float(10 * np.log10(255**2 / max((difference**2).mean(), 1e-9)))


# What comes out


@pytest.mark.parametrize("format_", LOSSLESS)
def test_each_format_gives_the_pixels_that_were_put_in(format_: str) -> None:
    decoded = decode_image(encode(corners(), format_, **LOSSLESS[format_]), 8)
    assert quarters(decoded.pixels) == ["red", "green", "blue", "white"]
    assert (decoded.width, decoded.height, decoded.format) == (16, 8, format_)
    assert decoded.pixels.mode == "RGB"


def test_a_jpeg_comes_out_close_to_what_was_put_in() -> None:
    assert psnr(open_image(encode(gradient(), "JPEG", quality=95), 240), gradient()) > 38


def test_the_content_decides_and_not_the_suffix(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encode(flat(GREEN), "PNG"))
    assert decode_image(path, 32).format == "PNG"


def test_paths_bytes_and_streams_give_the_same(tmp_path: Path) -> None:
    data = encode(gradient(), "PNG")
    path = tmp_path / "gradient.png"
    path.write_bytes(data)
    assert open_image(path, 64) == open_image(data, 64) == open_image(BytesIO(data), 64)


def test_an_image_of_one_pixel_is_an_image() -> None:
    decoded = decode_image(encode(flat(BLUE, (1, 1))), 224)
    assert (decoded.pixels.size, decoded.pixels.getpixel((0, 0))) == ((1, 1), BLUE)


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG", "AVIF", "TIFF"])
def test_of_several_frames_or_pages_the_first_counts(format_: str) -> None:
    frames = [flat(BLUE, (20, 30)), flat(RED, (20, 30))]
    data = encode(flat(GREEN, (20, 30)), format_, save_all=True, append_images=frames)
    assert near(open_image(data, 8).getpixel((4, 4)), GREEN, 12)


def test_of_an_mpo_the_first_picture_counts_and_it_is_a_jpeg() -> None:
    data = encode(flat(GREEN), "MPO", save_all=True, append_images=[flat(RED)])
    decoded = decode_image(data, 16)
    assert near(decoded.pixels.getpixel((5, 5)), GREEN)
    assert decoded.format == "JPEG"


def test_the_result_carries_no_metadata() -> None:
    data = encode(flat(), "JPEG", comment=b"private", exif=exif_with(3))
    assert open_image(data, 16).info == {}


def test_a_size_below_one_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        open_image(encode(flat()), 0)


# Size


@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
def test_a_large_image_comes_shrunk_but_never_below_what_was_asked(format_: str) -> None:
    decoded = decode_image(encode(gradient((1600, 1203)), format_), 100)
    width, height = decoded.pixels.size
    assert (decoded.width, decoded.height) == (1600, 1203)
    assert 200 <= height < 420
    assert width / height == pytest.approx(1600 / 1203, rel=0.01)


@given(
    width=st.integers(1, 400),
    height=st.integers(1, 400),
    size=st.integers(1, 120),
    format_=st.sampled_from(["JPEG", "BMP"]),
)
@settings(max_examples=60, deadline=None)
def test_no_image_is_enlarged_and_the_shorter_side_suffices(
    width: int, height: int, size: int, format_: str
) -> None:
    decoded = decode_image(encode(flat(size=(width, height)), format_), size)
    assert (decoded.width, decoded.height) == (width, height)
    assert decoded.pixels.width <= width
    assert decoded.pixels.height <= height
    assert min(decoded.pixels.size) >= min(size, width, height)


@pytest.mark.parametrize("size", [(1600, 1200), (1600, 1201), (1499, 1000)])
@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
def test_decoding_scaled_is_close_to_decoding_in_full(format_: str, size: tuple[int, int]) -> None:
    data = encode(gradient(size), format_)
    bicubic = Image.Resampling.BICUBIC
    scaled = open_image(data, 100).resize((100, 100), bicubic)
    full = Image.open(BytesIO(data)).convert("RGB").resize((100, 100), bicubic)
    assert psnr(scaled, full) > 40


# Orientation


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [  # EXIF 2.3: where row 0 and column 0 of what is stored belong
        (1, ["red", "green", "blue", "white"]),
        (2, ["green", "red", "white", "blue"]),
        (3, ["white", "blue", "green", "red"]),
        (4, ["blue", "white", "red", "green"]),
        (5, ["red", "blue", "green", "white"]),
        (6, ["blue", "red", "white", "green"]),
        (7, ["white", "green", "blue", "red"]),
        (8, ["green", "white", "red", "blue"]),
    ],
)
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_images_come_upright(format_: str, orientation: int, expected: list[str]) -> None:
    big = corners().resize((128, 64), Image.Resampling.NEAREST)
    exif = exif_with(orientation)
    options = {"exif": exif.tobytes() if format_ == "HEIF" else exif}
    decoded = decode_image(encode(big, format_, **options), 16)
    assert quarters(decoded.pixels) == expected
    upright = (64, 128) if orientation >= 5 else (128, 64)
    assert (decoded.width, decoded.height) == upright
    assert (decoded.pixels.width > decoded.pixels.height) == (orientation < 5)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_changes_nothing(orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    assert decode_image(encode(flat(), "JPEG", exif=exif), 16).width == 64


def test_broken_exif_does_not_cost_the_image() -> None:
    assert decode_image(with_broken_exif(encode(flat(), "JPEG")), 16).height == 48


# Colour


def rgb_profile() -> bytes:
    """The profile of a screen whose red and blue are swapped, made from sRGB's own."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = data.index(b"rXYZ"), data.index(b"bXYZ")
    data[red : red + 4], data[blue : blue + 4] = b"bXYZ", b"rXYZ"
    name = data.index("sRGB".encode("utf-16-be"))
    data[name : name + 8] = "swap".encode("utf-16-be")
    return bytes(data)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_an_embedded_profile_is_applied(format_: str) -> None:
    data = encode(flat(RED), format_, icc_profile=rgb_profile())
    assert near(open_image(data, 16).getpixel((5, 5)), BLUE, 6)


def test_an_embedded_srgb_profile_changes_nothing() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert open_image(encode(gradient(), icc_profile=srgb), 240) == open_image(
        encode(gradient()), 240
    )


@pytest.mark.parametrize("profile", [b"junk", b"\0" * 400, rgb_profile()[:300]])
def test_a_broken_profile_is_ignored(profile: bytes) -> None:
    data = encode(flat(RED), "PNG", icc_profile=profile)
    assert open_image(data, 16).getpixel((5, 5)) == RED


def test_a_profile_for_other_pixels_is_ignored() -> None:
    grey = encode(Image.new("L", (8, 8), 100), "PNG", icc_profile=rgb_profile())
    assert open_image(grey, 8).getpixel((0, 0)) == (100, 100, 100)


@pytest.mark.parametrize("format_", ["JPEG", "TIFF"])
def test_printing_inks_become_light(format_: str) -> None:
    cyan_and_yellow = Image.new("CMYK", (32, 32), (255, 0, 255, 0))
    assert near(open_image(encode(cyan_and_yellow, format_), 16).getpixel((9, 9)), GREEN, 8)


def test_lab_becomes_rgb() -> None:
    white = Image.new("LAB", (8, 8), (255, 128, 128))
    assert near(open_image(encode(white, "TIFF"), 8).getpixel((0, 0)), WHITE, 6)


def test_ycbcr_becomes_rgb() -> None:
    data = encode(flat(GREEN).convert("YCbCr"), "TIFF")
    assert near(open_image(data, 8).getpixel((0, 0)), GREEN, 6)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparent_pixels_show_a_white_ground(mode: str) -> None:
    image = Image.new("RGBA", (40, 20), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (20, 0, 40, 20))
    image = image.convert("LA") if mode == "LA" else image
    data = encode(image, "TIFF") if mode == "LA" else encode(image, "PNG")
    if mode == "PA":
        data = encode(image.quantize(4), "PNG")
    pixels = open_image(data, 20)
    assert pixels.getpixel((5, 10)) == WHITE
    assert near(pixels.getpixel((30, 10)), (76, 76, 76) if mode == "LA" else RED, 2)


def test_half_transparent_pixels_mix_with_white() -> None:
    data = encode(Image.new("RGBA", (8, 8), (0, 0, 0, 128)))
    assert near(open_image(data, 8).getpixel((0, 0)), (127, 127, 127), 1)


@pytest.mark.parametrize("mode", ["L", "RGB", "1", "P"])
def test_a_colour_declared_transparent_shows_white(mode: str) -> None:
    image = Image.new(mode, (8, 8), 0)
    clear: object = (0, 0, 0) if mode == "RGB" else 0
    assert open_image(encode(image, "PNG", transparency=clear), 8).getpixel((0, 0)) == WHITE


def test_invisible_colours_do_not_bleed_into_a_shrunk_image() -> None:
    pixels = np.zeros((400, 400, 4), dtype=np.uint8)
    pixels[:, ::2] = (255, 0, 0, 255)  # red stripes between invisible black ones
    shrunk = open_image(encode(Image.fromarray(pixels)), 50)
    assert near(shrunk.getpixel((50, 50)), (255, 127, 127), 2)


@pytest.mark.parametrize("size", [(12, 8), (800, 600)])
def test_palettes_are_looked_up_before_shrinking(size: tuple[int, int]) -> None:
    image = corners().resize(size, Image.Resampling.NEAREST).quantize(4)
    assert quarters(open_image(encode(image, "GIF"), 4)) == ["red", "green", "blue", "white"]


def test_black_and_white_bitmaps_become_grey_levels() -> None:
    board = np.indices((400, 400)).sum(axis=0) % 2 == 0
    shrunk = open_image(encode(Image.fromarray(board), "PNG"), 50)
    assert near(shrunk.getpixel((40, 40)), (127, 127, 127), 2)


# More than 8 bits


def sixteen_bits(value: int) -> Image.Image:
    return Image.fromarray(np.full((8, 8), value, dtype=np.uint16))


@pytest.mark.parametrize("format_", ["PNG", "TIFF", "PPM"])
@pytest.mark.parametrize(("value", "grey"), [(0, 0), (0x4000, 64), (0x8000, 128), (0xFFFF, 255)])
def test_16_bit_grey_is_scaled_and_does_not_saturate(format_: str, value: int, grey: int) -> None:
    pixel = open_image(encode(sixteen_bits(value), format_), 8).getpixel((3, 3))
    assert near(pixel, (grey, grey, grey), 1)


def test_16_bit_grey_with_the_high_byte_first_is_read_alike() -> None:
    big_endian = Image.frombytes("I;16B", (1, 1), b"\x80\x01")
    assert open_image(encode(big_endian, "TIFF"), 8).getpixel((0, 0)) == (128, 128, 128)


def test_16_bit_colour_keeps_its_high_bytes() -> None:
    rows = b"\0" + b"\x80\x01\xff\xff\0\0" * 2
    data = png(2, 1, rows, depth=16, colour=2)
    assert open_image(data, 8).getpixel((1, 0)) == (128, 255, 0)


@pytest.mark.parametrize("top", [1.0, 255.0, 65535.0])
def test_float_grey_is_scaled_from_its_usual_range(top: float) -> None:
    image = Image.fromarray(np.array([[0, top / 2, top]], dtype=np.float32))
    row = np.asarray(open_image(encode(image, "TIFF"), 8))[0, :, 0]
    assert row.tolist() == [0, 128, 255]


def test_grey_outside_every_usual_range_is_stretched() -> None:
    grey = grey_of(np.array([[-51, 0, 204]], dtype=np.float32))
    assert np.asarray(grey).tolist() == [[0, 51, 255]]


def test_values_that_are_not_numbers_become_black() -> None:
    grey = grey_of(np.array([[np.nan, 0.5, 1.0, np.inf, -np.inf]], dtype=np.float32))
    assert np.asarray(grey).tolist() == [[0, 128, 255, 0, 0]]
    assert np.asarray(grey_of(np.full((1, 2), np.nan, dtype=np.float32))).tolist() == [[0, 0]]


@given(hnp.arrays(np.float32, (2, 3), elements=st.floats(width=32)))
@settings(deadline=None)
def test_any_floats_make_a_grey_that_keeps_their_order(values: np.ndarray) -> None:
    grey = np.asarray(grey_of(values)).ravel().astype(int)
    finite = np.isfinite(values.ravel())
    assert (np.diff(grey[finite][np.argsort(values.ravel()[finite])]) >= 0).all()


def test_a_flat_image_of_large_floats_is_an_image() -> None:
    assert np.asarray(grey_of(np.full((1, 2), 1e30, dtype=np.float32))).tolist() == [[0, 0]]


# What is refused


def test_every_bad_file_is_refused_with_its_reason_and_every_good_one_opens(
    tmp_path: Path,
) -> None:
    folder = make_bad_folder(tmp_path / "bad")
    assert len(folder.bad) >= 30
    assert len(folder.good) >= 12
    assert len({path.read_bytes() for path in folder.good}) == len(folder.good)
    for path in folder.good:
        assert decode_image(path, 32).pixels.mode == "RGB"
    for path, reason in folder.bad.items():
        expected = "not found" if path.is_symlink() else reason  # only a scan sees links
        with pytest.raises(UnreadableImage) as error:
            decode_image(path, 32)
        assert expected.lower() in str(error.value).lower(), path.name
        assert len(str(error.value)) < 140
        assert str(tmp_path) not in str(error.value)


@pytest.mark.parametrize(
    ("format_", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("GIF", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("BMP", {}),
        ("PPM", {}),
        ("AVIF", {}),
        ("HEIF", {}),
        ("JPEG2000", {}),
    ],
)
def test_a_file_cut_anywhere_is_never_half_an_image(
    format_: str, options: dict[str, object]
) -> None:
    data = encode(noise((32, 24)), format_, **options)
    whole = open_image(data, 16)
    for cut in [*range(1, len(data), max(1, len(data) // 25)), len(data) - 1]:
        try:
            pixels = open_image(data[:cut], 16)
        except UnreadableImage:
            continue
        assert cut > len(data) - 32, f"{cut} of {len(data)} bytes"
        assert pixels == whole  # only the end mark was missing


def test_an_empty_source_is_refused_as_empty() -> None:
    with pytest.raises(UnreadableImage, match="empty file"):
        open_image(b"", 8)


def test_pixels_over_the_limit_are_refused_before_they_are_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(formats, "MAX_PIXELS", 10_000)
    monkeypatch.setattr(formats, "MAX_JPEG_PIXELS", 40_000)
    big = flat(size=(150, 150))
    assert decode_image(encode(big, "JPEG"), 8).width == 150
    for data in (encode(big), encode(big, "JPEG", progressive=True), encode(big, "HEIF")):
        with pytest.raises(UnreadableImage, match="150 x 150 pixels is over the limit"):
            open_image(data, 8)


def test_an_image_of_a_few_endless_rows_is_refused() -> None:
    with pytest.raises(UnreadableImage, match="200001 x 1 pixels is over the limit of 200000"):
        open_image(png(200_001, 1, bytes(200_002)), 8)


def test_a_tiff_that_lacks_strips_is_truncated() -> None:
    data = bytearray(encode(flat(size=(9, 9)), "TIFF"))
    height = data.index(b"\x01\x01\x04\x00\x01\x00\x00\x00") + 8  # tag 257
    data[height] = 90
    with pytest.raises(UnreadableImage, match="truncated TIFF"):
        open_image(bytes(data), 8)


def test_a_panorama_beyond_pillows_own_limit_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 1000)
    assert decode_image(encode(gradient((300, 30)), "JPEG"), 8).width == 300
    assert decode_image(encode(gradient((300, 30))), 8).width == 300


def test_pillows_own_limit_stays_as_the_user_set_it() -> None:
    before = PIL.Image.MAX_IMAGE_PIXELS
    open_image(encode(flat()), 8)
    with pytest.raises(UnreadableImage):
        open_image(text_bomb(), 8)
    assert before == PIL.Image.MAX_IMAGE_PIXELS


def test_running_out_of_memory_is_the_images_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_args: object, **_options: object) -> None:
        raise MemoryError

    monkeypatch.setattr("mirada.indexing.images.to_srgb", exhausted)
    with pytest.raises(UnreadableImage, match="more memory than there is"):
        open_image(encode(flat()), 8)


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_an_rgb_image_or_unreadable(data: bytes) -> None:
    opens_or_is_refused(data)


SIGNATURES = [
    b"\xff\xd8\xff\xe0",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"RIFF\x40\0\0\0WEBPVP8X",
    b"II*\0\x08\0\0\0",
    b"MM\0*\0\0\0\x08",
    b"BM",
    b"\0\0\0\x18ftypheic",
    b"\0\0\0\x18ftypavif",
    b"\xff\x4f\xff\x51",
    b"P5 9 9 255 ",
]


@given(st.sampled_from(SIGNATURES), st.binary(max_size=300))
@settings(max_examples=250, deadline=None)
def test_any_bytes_after_a_signature_are_an_rgb_image_or_unreadable(
    signature: bytes, data: bytes
) -> None:
    opens_or_is_refused(signature + data)


VALID = [
    encode(noise((24, 16)), "JPEG", exif=exif_with(6)),
    encode(noise((24, 16)), "JPEG", progressive=True),
    encode(noise((24, 16)), "PNG", icc_profile=rgb_profile()),
    encode(noise((24, 16)).quantize(8), "GIF"),
    encode(noise((24, 16)).convert("RGBA"), "WEBP", exif=exif_with(3)),
    encode(noise((24, 16)), "TIFF", compression="tiff_lzw"),
    encode(noise((24, 16)), "TIFF", exif=exif_with(5)),
    encode(noise((24, 16)), "BMP"),
    encode(noise((24, 16)), "AVIF"),
    encode(noise((24, 16)), "HEIF"),
    encode(noise((24, 16)), "JPEG2000"),
    encode(Image.fromarray(np.eye(9, dtype=np.float32)), "TIFF"),
]


@given(
    st.sampled_from(VALID),
    st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=6),
)
@settings(max_examples=400, deadline=None)
def test_any_damage_leaves_an_rgb_image_or_an_unreadable_one(
    data: bytes, damage: list[tuple[float, int]]
) -> None:
    damaged = bytearray(data)
    for place, value in damage:
        damaged[int(place * len(data))] = value
    opens_or_is_refused(bytes(damaged))


def opens_or_is_refused(data: bytes) -> None:
    decoded, reason = None, "none"
    try:
        decoded = decode_image(data, 8)
    except UnreadableImage as error:
        reason = str(error)
    assert 0 < len(reason) < 140
    assert reason.isprintable()
    if decoded is not None:
        assert decoded.pixels.mode == "RGB"
        assert min(decoded.width, decoded.height) >= 1


# Manners in a process shared with others


def test_warnings_of_decoders_stay_inside_and_those_of_others_do_not() -> None:
    no_frames = png(1, 1, b"\0\0", extra=png_chunk(b"acTL", bytes(8)))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Image.open(BytesIO(no_frames)).load()
        open_image(no_frames, 8)
        warnings.warn("mine", stacklevel=1)
    assert ["APNG" in str(warning.message) for warning in caught] == [True, False]


def test_many_threads_may_decode_at_once_and_leave_the_warning_filters_alone() -> None:
    before = list(warnings.filters)
    files = VALID * 4
    expected = [open_image(data, 8) for data in files]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda data: open_image(data, 8), files)) == expected
    assert list(warnings.filters) == before


def test_heif_costs_nothing_until_a_heif_file_comes() -> None:
    code = (
        "import sys, mirada.indexing.images as i;"
        "assert 'pi_heif' not in sys.modules and 'pathspec' not in sys.modules;"
        "assert 'PIL.TiffImagePlugin' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# Thumbnails


def test_a_thumbnail_is_a_small_upright_jpeg(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encode(gradient((1200, 600)), "JPEG", exif=exif_with(6), comment=b"private"))
    data = thumbnail_jpeg(path, 384)
    thumbnail = Image.open(BytesIO(data))
    assert (thumbnail.format, thumbnail.size) == ("JPEG", (192, 384))
    assert "comment" not in thumbnail.info
    assert len(data) < 30_000


def test_a_thumbnail_is_never_larger_than_its_image() -> None:
    assert Image.open(BytesIO(thumbnail_jpeg(encode(flat(size=(10, 5)))))).size == (10, 5)


def test_a_thumbnail_of_a_bad_file_is_refused() -> None:
    with pytest.raises(UnreadableImage):
        thumbnail_jpeg(b"no image")
