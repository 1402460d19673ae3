"""The bytes that leave the machine: pixels alone, scaled down, as a JPEG without metadata."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, Final

from PIL import Image

from mirada.types import WHOLE

if TYPE_CHECKING:
    from mirada.types import Box

QUALITY: Final = 85  # of the JPEG, on Pillow's scale
MARGIN: Final = 0.05  # of a part's sides, shown around it
LEAST: Final = 28  # pixels a side: servers refuse less than one patch


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is sent."""

    jpeg: bytes
    width: int  # pixels
    height: int

    @property
    def digest(self) -> str:
        """The sha256 of the bytes, hexadecimal."""
        return sha256(self.jpeg).hexdigest()


def picture_of(image: Image.Image, side: int, box: Box = WHOLE) -> Picture:
    """An RGB image, or a part of it with a margin, as a JPEG without any metadata.

    Args:
        image: left as it is.
        side: pixels of the longer side, at most; only what is smaller than a patch is enlarged.
        box: of the part.
    """
    part = image if box == WHOLE else image.crop(_pixels(box, image.size))
    scale = min(side / max(part.size), 1.0)
    size = [min(max(round(length * scale), LEAST), side) for length in part.size]
    scaled = part.convert("RGB").resize((size[0], size[1]), Image.Resampling.LANCZOS)
    bare = Image.new("RGB", scaled.size)  # takes over pixels, but none of what a file had besides
    bare.paste(scaled)
    file = BytesIO()
    bare.save(file, "JPEG", quality=QUALITY)
    return Picture(file.getvalue(), bare.width, bare.height)


def _pixels(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of a box with its margin, at least one pixel each way."""
    width, height = size
    across, down = MARGIN * (box.x1 - box.x0), MARGIN * (box.y1 - box.y0)
    left = min(int(max(box.x0 - across, 0) * width), width - 1)
    top = min(int(max(box.y0 - down, 0) * height), height - 1)
    right = max(round(min(box.x1 + across, 1) * width), left + 1)
    bottom = max(round(min(box.y1 + down, 1) * height), top + 1)
    return left, top, right, bottom
