"""What pixels say without a model: colours, black and white, sharpness, brightness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL.Image import Resampling

from mirada.indexing.fingerprint import fingerprint
from mirada.indexing.palette import Palette, small_copy
from mirada.types import Facts

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

FACTS_VERSION: Final = "facts/1"

SHARPNESS_SIDE: Final = 384  # pixels: the scale at which blur is judged, that of a screen
_TILES = 4  # a side: what is in focus may fill a small part
_SHARPEST = 3  # the tile that speaks for the image, so that one bright edge does not
_BLURRED, _CRISP = 1.5, 8.5  # log variance of the Laplacian: half of photos under a heavy blur,
# and the crispest 5% of untouched ones

_COLOUR_SIDE: Final = 96  # pixels
_COLOURLESS = 5.0  # chroma (of 128) that 99% of a grey image stay below: what JPEG leaves
_ONE_TINT = 5.0  # the same for what a tint that depends on brightness alone does not explain
_TINTED = 45.0  # chroma that old prints stay below
_SPREAD = 20.0  # standard deviation of brightness (of 255), below which tints cannot be told
_LEVELS = 32  # of brightness


def look_at(image: Image) -> Facts:
    """The facts of an RGB image; about 4 ms at 400 x 300 pixels."""
    grey = image.convert("L")
    return Facts(
        palette=Palette(image).whole(),
        black_and_white=is_black_and_white(image),
        sharpness=sharpness(grey),
        brightness=float(np.asarray(grey).mean()) / 255,
        fingerprint=fingerprint(grey),
    )


def sharpness(grey: Image) -> float:
    """From 0, blurred, to 1, crisp; below 0.5 most people would call it blurred.

    The variance of the Laplacian (Pech-Pacheco et al. 2000) in the third sharpest of 16 tiles of
    a copy of 384 pixels, on a logarithmic scale. It falls when an image is blurred further;
    across images it also depends on how much texture they show. 0 for images too small to tell.
    """
    pixels = np.asarray(_fitted(grey), dtype=np.int16)
    if min(pixels.shape) < 2 + _TILES:
        return 0.0
    centre = pixels[1:-1, 1:-1]
    around = pixels[:-2, 1:-1] + pixels[2:, 1:-1] + pixels[1:-1, :-2] + pixels[1:-1, 2:]
    variances = np.sort(_tile_variances((4 * centre - around).astype(np.float32)))
    level = np.log1p(variances[-_SHARPEST])
    return float(np.clip((level - _BLURRED) / (_CRISP - _BLURRED), 0, 1))


def is_black_and_white(image: Image) -> bool:
    """Whether an RGB image shows no colours: all grey, or grey under one tint, such as sepia.

    A tint moves chroma along with brightness alone, towards yellow and red.
    """
    planes = np.asarray(small_copy(image, _COLOUR_SIDE).convert("YCbCr"), dtype=np.float32)
    luma, chroma = planes[..., 0].ravel(), planes[..., 1:].reshape(-1, 2) - 128
    most = _nearly_all(chroma)
    if most < _COLOURLESS:
        return True
    blue, red = chroma.mean(axis=0)
    if most > _TINTED or blue > 0 or red < 0 or luma.std() < _SPREAD:
        return False
    return _nearly_all(chroma - _tint(luma, chroma)) < _ONE_TINT


def _fitted(grey: Image) -> Image:
    """A copy at the scale at which sharpness is judged; never enlarged."""
    copy = grey.copy()
    copy.thumbnail((SHARPNESS_SIDE, SHARPNESS_SIDE), Resampling.BICUBIC)
    return copy


def _tile_variances(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(16,) variances in a grid of equal tiles; pixels left over at the edges don't count."""
    rows, columns = (side // _TILES for side in values.shape)
    tiles = values[: rows * _TILES, : columns * _TILES].reshape(_TILES, rows, _TILES, columns)
    variances: NDArray[np.float32] = tiles.var(axis=(1, 3)).ravel()
    return variances


def _nearly_all(chroma: NDArray[np.float32]) -> float:
    """The chroma that 99% of (n, 2) blue and red differences stay below."""
    return float(np.percentile(np.hypot(chroma[:, 0], chroma[:, 1]), 99))


def _tint(luma: NDArray[np.float32], chroma: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 2) mean chroma of the pixels that are as bright as each."""
    level = (luma * (_LEVELS / 256)).astype(np.intp)
    counts = np.maximum(np.bincount(level, minlength=_LEVELS), 1)
    means = [np.bincount(level, plane, _LEVELS) / counts for plane in chroma.T]
    return np.stack(means, axis=-1).astype(np.float32)[level]
