"""What the colours of a small picture tell of each box of the lattice.

The feature map has 12 x 12 cells; edges and even patches are seen more finely here, for about
half a millisecond. Means over all boxes take two small matrix products, as in `lattice`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL.Image import Resampling

from mirada.models.lattice import FLAT, SPANS, covered

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

SIDE: Final = 48  # pixels of the small picture, a side
EDGE: Final = 1 / SIDE  # what lies so near the border of a box, on both sides, is its edge
RING: Final = 3 / SIDE  # the surroundings of a span reach so far,
RING_SHARE: Final = 0.15  # or this share of its length, whatever is more


def shrink(image: Image) -> NDArray[np.float32]:
    """(SIDE, SIDE, 3) in about [-1, 1]: the RGB image, squashed, each pixel a mean."""
    small = image.convert("RGB").resize((SIDE, SIDE), Resampling.BOX)
    return np.asarray((np.asarray(small, np.float32) - 127) / 128, np.float32)


def _shares() -> NDArray[np.float32]:
    """(4 * s, SIDE) what each span covers: as it is, with its surroundings, wider, narrower."""
    outward = np.array([[-1, 1]], np.float32)
    ring = np.maximum(RING, RING_SHARE * (SPANS[:, 1:] - SPANS[:, :1]))
    spans = [SPANS + outward * margin for margin in (0, ring, EDGE, -EDGE)]
    return covered(np.clip(np.concatenate(spans), 0, 1).astype(np.float32), SIDE)


SHARES: Final = _shares().reshape(4, len(SPANS), SIDE)
SIZES: Final = SHARES.sum(2)[:, :, None] * SHARES.sum(2)[:, None, :]
"""(4, s, s) pixels of each box."""

FEATURES: Final = 21


def describe_colours(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """(s * s, FEATURES): of every box of the lattice, numbers of about unit size.

    They are the mean colour inside and around, the contrast of both, the spread inside and
    around, and the steps of brightness (across, down) at the edge, inside and in the whole.

    Args:
        pixels: of `shrink`.
    """
    layers = _layers(pixels)
    inside, ringed, wider, narrower = (share @ layers @ share.T for share in SHARES)
    ring = (ringed - inside) / np.maximum(SIZES[1] - SIZES[0], np.float32(1e-3))
    edge = (wider - narrower)[6:] / (SIZES[2] - SIZES[3])
    inside = inside / SIZES[0]
    whole = np.broadcast_to(layers[6:].mean((1, 2))[:, None, None], edge.shape)
    found = [
        inside[:3],
        ring[:3],
        3 * np.abs(inside[:3] - ring[:3]),
        _spread(inside),
        _spread(ring),
        *(4 * steps for steps in (edge, inside[6:], whole)),
    ]
    return np.asarray(np.concatenate(found).reshape(FEATURES, -1).T, np.float32)


def _layers(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """(8, SIDE, SIDE): brightness, red-green, yellow-blue; their squares; steps across, down."""
    red, green, blue = pixels.transpose(2, 0, 1)
    colours = np.stack([(red + green + blue) / 3, red - green, (red + green) / 2 - blue])
    steps = np.zeros((2, SIDE, SIDE), np.float32)
    steps[0, :, :-1] = np.abs(np.diff(colours[0], axis=1))
    steps[1, :-1] = np.abs(np.diff(colours[0], axis=0))
    return np.concatenate([colours, colours * colours, steps])


def _spread(means: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.sqrt(np.maximum(means[3:6] - means[:3] ** 2, FLAT)))
