"""Parts of an image as images of their own, and the vectors of parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
from PIL import Image as Pillow
from PIL import ImageFilter

from mirada.protocols import MapEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image

    from mirada.protocols import Encoder, Look
    from mirada.types import Box, Matrix, Vector

Surroundings: TypeAlias = Literal["blur", "grey"]

GREY: Final = (127, 127, 127)  # what encoders take for the mean; black would be seen as a thing
BLUR: Final = 0.06  # radius, in shares of the crop's longer side


def crop(
    image: Image,
    box: Box,
    mask: NDArray[np.bool_] | None = None,
    *,
    surroundings: Surroundings = "blur",
) -> Image:
    """The part of an RGB image in a box, at least one pixel a side.

    Args:
        image: left as it is.
        box: what to cut out, to the nearest pixel.
        mask: (rows, columns) over the whole image; what lies outside it is made vague.
        surroundings: how: blurred, or replaced by middle grey.
    """
    edges = _edges(box, image.width, image.height)
    part = image.crop(edges)
    if mask is None:
        return part
    vague = _blurred(part) if surroundings == "blur" else Pillow.new("RGB", part.size, GREY)
    return Pillow.composite(part, vague, _over(mask, image.size).crop(edges))


def image_vector(look: Look, encoder: Encoder) -> Vector:
    """(dim,) unit vector of the whole image, from its map where the encoder makes one."""
    if isinstance(encoder, MapEncoder):
        return encoder.encode_map(look.maps)
    vector: Vector = encoder.encode_images([look.image])[0]
    return vector


def region_vectors(look: Look, encoder: Encoder, boxes: Sequence[Box]) -> Matrix:
    """(n, dim) unit rows of the parts of an image, in order; (0, dim) for none.

    One forward pass serves all boxes where the encoder makes maps; else each part is cut out.
    """
    if isinstance(encoder, MapEncoder):
        maps = look.maps if boxes else np.empty((0, 0, 0), np.float32)
        return encoder.encode_boxes(maps, boxes)
    return encoder.encode_images([crop(look.image, box) for box in boxes])


def _edges(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    left = min(round(box.x0 * width), width - 1)
    top = min(round(box.y0 * height), height - 1)
    right, bottom = round(box.x1 * width), round(box.y1 * height)
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _blurred(part: Image) -> Image:
    return part.filter(ImageFilter.GaussianBlur(BLUR * max(part.size)))


def _over(mask: NDArray[np.bool_], size: tuple[int, int]) -> Image:
    small = Pillow.fromarray(np.where(mask, np.uint8(255), np.uint8(0)))
    return small.resize(size, Pillow.Resampling.BILINEAR)
