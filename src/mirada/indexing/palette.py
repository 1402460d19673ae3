"""From pixels to the names of their colours: the eleven basic colour terms of English."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL.Image import Resampling

from mirada.types import COLOURS, Swatch

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from mirada.types import Box

BLACK, WHITE, GREY = "black", "white", "grey"
PROTOTYPES: Final = {
    "red": ("ec2d01", "bb3f3f", "fc2647", "9f2305"),
    "orange": ("ca6b02", "f0944d", "dc4d01", "fcb001"),
    "yellow": ("fce166", "fdff38", "fffe7a", "d5b60a"),
    "green": ("61de2a", "87a922", "667c3e", "6fc276"),
    "blue": ("4b57db", "3b719f", "010fcc", "98eff9"),
    "purple": ("952e8f", "5d1451", "aa23ff", "bf77f6"),
    "pink": ("fb5581", "df4ec8", "de9dac", "fe019a"),
    "brown": ("964e02", "836539", "9b7a01", "411900"),
}
"""Four typical sRGB colours of each chromatic term.

Medoids in CIELAB of the colours whose names end in that term in the xkcd colour survey (Munroe
2010, CC0), which asked 220,000 people; the terms are those of Berlin & Kay (1969)."""
NAMES: Final = COLOURS

# What has so little chroma that it has no hue, by CIELAB lightness; fitted on training photos so
# that the colour words of captions lead to the things that they are said of.
_GREY_CHROMA = 11.0
_WHITE_CHROMA, _WHITE_LIGHTNESS = 14.0, 70.0
_BLACK_CHROMA, _BLACK_LIGHTNESS = 10.0, 25.0
_UNLIT = 10.0  # lightness below which anything is black

SAMPLE_SIDE: Final = 96  # pixels: colours of a 20th of the image still cover 300 of them
MIN_SHARE: Final = 0.05
CORE: Final = 0.6
"""Part of a box's sides that counts: things fill the middle of their box, the corners show what
is behind them. Ranked by the share of a colour that a caption names, boxes reach a mean average
precision of .50 by the middle 60% and of .41 by the whole (631 boxes of photos not fitted on)."""

_BITS = 5  # a channel: one table of 32,768 names answers for every colour


class Palette:
    """The named colours of one image; looks at a small copy of it once."""

    def __init__(self, image: Image) -> None:
        """Name every pixel of a copy of an RGB image."""
        pixels = np.asarray(small_copy(image, SAMPLE_SIDE)) >> (8 - _BITS)
        red, green, blue = np.moveaxis(pixels.astype(np.intp), -1, 0)
        self._names = _table()[(red << 2 * _BITS) | (green << _BITS) | blue]

    def whole(self) -> tuple[Swatch, ...]:
        """The colours of the image that cover a 20th of it or more, by falling share."""
        return _swatches(self._names)

    def of(self, box: Box) -> tuple[Swatch, ...]:
        """The colours of the thing in a box, by falling share of the box's middle."""
        rows, columns = self._names.shape
        top, bottom = _span((box.y0, box.y1), rows)
        left, right = _span((box.x0, box.x1), columns)
        return _swatches(self._names[top:bottom, left:right])


def small_copy(image: Image, side: int) -> Image:
    """The image fitted into a square of `side` pixels; never enlarged."""
    scale = min(side / max(image.size), 1.0)
    size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
    return image.resize(size, Resampling.BILINEAR, reducing_gap=2.0)


def _span(sides: tuple[float, float], length: int) -> tuple[int, int]:
    """Pixels from and to of the middle of a side given in fractions; at least one."""
    low, high = np.clip(sides, 0.0, 1.0) * length
    middle, reach = (low + high) / 2, (high - low) / 2 * CORE
    start = min(int(middle - reach), length - 1)
    return start, max(int(np.ceil(middle + reach)), start + 1)


def _swatches(names: NDArray[np.uint8]) -> tuple[Swatch, ...]:
    shares = np.bincount(names.ravel(), minlength=len(NAMES)) / names.size
    found = [Swatch(NAMES[i], float(shares[i])) for i in np.flatnonzero(shares >= MIN_SHARE)]
    return tuple(sorted(found, key=lambda swatch: (-swatch.share, swatch.colour)))


@lru_cache(maxsize=1)
def _table() -> NDArray[np.uint8]:
    """(32768,) places in NAMES of all colours with five bits a channel."""
    steps = (np.arange(1 << _BITS) << (8 - _BITS)) + (1 << (7 - _BITS))
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    return _name(lab(cube))


def _name(colours: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(n,) places in NAMES of (n, 3) CIELAB colours: the nearest prototype, greys by chroma."""
    prototypes = np.array(
        [list(bytes.fromhex(code)) for codes in PROTOTYPES.values() for code in codes]
    )
    terms = np.array([NAMES.index(term) for term, codes in PROTOTYPES.items() for _ in codes])
    distances = ((colours[:, None] - lab(prototypes)[None]) ** 2).sum(axis=-1)
    names: NDArray[np.uint8] = terms[distances.argmin(axis=1)].astype(np.uint8)
    lightness, chroma = colours[:, 0], np.hypot(colours[:, 1], colours[:, 2])
    names[chroma < _GREY_CHROMA] = NAMES.index(GREY)
    names[(chroma < _WHITE_CHROMA) & (lightness > _WHITE_LIGHTNESS)] = NAMES.index(WHITE)
    names[(chroma < _BLACK_CHROMA) & (lightness < _BLACK_LIGHTNESS)] = NAMES.index(BLACK)
    names[lightness < _UNLIT] = NAMES.index(BLACK)
    return names


def lab(rgb: NDArray[np.int64]) -> NDArray[np.float64]:
    """CIELAB (D65) of (n, 3) sRGB values from 0 to 255 (IEC 61966-2-1, CIE 15)."""
    encoded = rgb / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    to_xyz = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
    xyz = linear @ np.transpose(to_xyz) / [0.95047, 1.0, 1.08883]
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
