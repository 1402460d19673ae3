"""Near copies share their fingerprint but for a few bits; other pictures don't."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance

from mirada.indexing.fingerprint import BITS, fingerprint
from tests import photos


def drawing(seed: int) -> Image.Image:
    """Some 40 rectangles and ellipses of any colour."""
    chance = np.random.default_rng(seed)
    image = photos.flat(tuple(chance.integers(0, 256, 3).tolist()), (400, 300))
    draw = ImageDraw.Draw(image)
    for number in range(40):
        x, y, width, height = (chance.random(4) * (400, 300, 160, 120)).tolist()
        shape = draw.ellipse if number % 2 else draw.rectangle
        shape((x, y, x + width, y + height), fill=tuple(chance.integers(0, 256, 3).tolist()))
    return image


def print_of(image: Image.Image) -> str:
    return fingerprint(image.convert("L"))


def distance(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def saved(image: Image.Image, quality: int) -> Image.Image:
    return Image.open(BytesIO(photos.encode(image, "JPEG", quality=quality)))


EDITS = {
    "saved again": lambda image: saved(image, 40),
    "half as large": lambda image: image.resize((200, 150)),
    "small and saved again": lambda image: saved(image.resize((160, 120)), 60),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.1),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "cropped": lambda image: image.crop((4, 3, 396, 297)),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_near_copy_differs_in_few_bits(edit: str) -> None:
    for seed in range(5):
        image = drawing(seed)
        assert distance(print_of(image), print_of(EDITS[edit](image))) <= 16


def test_a_turned_or_mirrored_picture_is_another_one() -> None:
    image = drawing(0)
    for turn in (Image.Transpose.ROTATE_90, Image.Transpose.FLIP_LEFT_RIGHT):
        assert distance(print_of(image), print_of(image.transpose(turn))) > 40


def test_other_pictures_differ_in_many_bits() -> None:
    prints = [print_of(drawing(seed)) for seed in range(30)]
    far = [distance(a, b) for i, a in enumerate(prints) for b in prints[:i]]
    assert min(far) > 28


def test_a_fingerprint_has_144_bits_in_hexadecimal() -> None:
    assert BITS == 144
    assert len(bytes.fromhex(print_of(drawing(1)))) == 18


@pytest.mark.parametrize("colour", [photos.BLACK, photos.WHITE, (90, 120, 200)])
def test_a_plain_picture_has_none(colour: tuple[int, int, int]) -> None:
    assert print_of(photos.flat(colour)) == ""
    assert print_of(saved(photos.flat(colour), 40)) == ""
