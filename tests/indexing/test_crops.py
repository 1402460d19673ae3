from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from mirada.indexing.crops import crop, region_vectors
from mirada.models.small import SmallEncoder
from mirada.types import WHOLE, Box, FeatureMap
from tests import photos
from tests.fakes import ColourEncoder

LEFT, RIGHT = Box(0, 0, 0.5, 1), Box(0.5, 0, 1, 1)


@dataclass
class Seen:
    image: Image.Image
    read: int = 0

    @property
    def maps(self) -> FeatureMap:
        self.read += 1
        return SmallEncoder().read_map(self.image)


@pytest.fixture
def halves() -> Image.Image:
    image = photos.flat(photos.RED, (40, 20))
    image.paste(photos.flat(photos.BLUE, (20, 20)), (20, 0))
    return image


def test_a_crop_is_the_part_in_the_box(halves: Image.Image) -> None:
    part = crop(halves, RIGHT)
    assert part.size == (20, 20)
    assert part.getpixel((0, 0)) == photos.BLUE
    assert crop(halves, WHOLE).size == halves.size


def test_a_crop_has_at_least_one_pixel(halves: Image.Image) -> None:
    for box in (Box(0.5, 0.5, 0.5, 0.5), Box(1, 1, 1, 1), Box(0, 0, 1e-9, 1)):
        assert min(crop(halves, box).size) == 1


def test_surroundings_become_grey_or_blurred_but_never_black(halves: Image.Image) -> None:
    mask = np.zeros((4, 8), bool)
    mask[:, :4] = True
    grey = crop(halves, WHOLE, mask, surroundings="grey")
    assert grey.getpixel((2, 10)) == photos.RED
    assert grey.getpixel((37, 10)) == (127, 127, 127)
    blurred = crop(halves, WHOLE, mask)
    assert blurred.getpixel((2, 10)) == photos.RED
    assert blurred.getpixel((37, 10))[2] > 200
    assert np.asarray(crop(photos.flat(photos.WHITE), WHOLE, mask)).min() == 255


def test_the_image_stays_as_it_was(halves: Image.Image) -> None:
    before = halves.tobytes()
    crop(halves, LEFT, np.zeros((2, 2), bool))
    assert halves.tobytes() == before


def test_an_encoder_without_maps_sees_crops(halves: Image.Image) -> None:
    seen, encoder = Seen(halves), ColourEncoder()
    vectors = region_vectors(seen, encoder, [LEFT, RIGHT])
    np.testing.assert_allclose(vectors, encoder.encode_texts(["red", "blue"]), atol=1e-6)
    assert seen.read == 0


def test_an_encoder_with_maps_reads_them_once(halves: Image.Image) -> None:
    seen, encoder = Seen(halves), SmallEncoder()
    vectors = region_vectors(seen, encoder, [LEFT, RIGHT, WHOLE])
    assert vectors.shape == (3, encoder.dim)
    assert seen.read == 1
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_boxes_cost_nothing(halves: Image.Image) -> None:
    seen = Seen(halves)
    assert region_vectors(seen, SmallEncoder(), []).shape == (0, 384)
    assert region_vectors(seen, ColourEncoder(), []).shape == (0, 4)
    assert seen.read == 0
