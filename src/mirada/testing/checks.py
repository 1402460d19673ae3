# ruff: noqa: S101 these are tests
"""What the contracts of several roles share: pictures, looks at them, checks of answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PIL.Image import Image

    from mirada.protocols import MapEncoder
    from mirada.types import Proposal

SIZES = ((1, 1), (2, 900), (900, 2), (37, 41), (320, 240))
"""Widths and heights of pictures that any model must put up with."""


class Seen:
    """A `Look` at a picture."""

    def __init__(self, image: Image, encoder: MapEncoder | None) -> None:
        self.image = image
        self.maps = encoder.read_map(image) if encoder else np.zeros((1, 1, 1), np.float32)


def check_proposals(found: Sequence[Proposal]) -> None:
    """Check that these are different parts of an image, surest first, never the whole."""
    assert len(found) <= 30
    boxes = [one.box for one in found]
    assert len(set(boxes)) == len(boxes)
    for box in boxes:
        assert 0 <= box.x0 < box.x1 <= 1
        assert 0 <= box.y0 < box.y1 <= 1
        assert box.area < 0.95
    sure = [one.confidence for one in found]
    assert sure == sorted(sure, reverse=True)
    assert all(0 <= one <= 1 for one in sure)
    for mask in (one.mask for one in found if one.mask is not None):
        assert mask.ndim == 2
        assert mask.dtype == np.bool_
        assert mask.any()


def picture(width: int, height: int, seed: int = 0) -> Image:
    """An RGB picture of noise, always the same for a seed."""
    from PIL import Image  # noqa: PLC0415 stores need no pictures

    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def raises(kind: type[Exception], call: Callable[..., object], *arguments: object) -> None:
    """Check that a call raises that kind of error."""
    try:
        call(*arguments)
    except kind:
        return
    raise AssertionError(f"expected {kind.__name__}")
