# ruff: noqa: S101 these are tests
"""What every segmenter must keep to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from mirada.protocols import Segmenter
from mirada.testing.checks import SIZES, Seen, check_proposals, picture

if TYPE_CHECKING:
    from mirada.protocols import MapEncoder
    from mirada.types import Proposal


class SegmenterContract:
    """Fixtures `segmenter`, ready to use, and `encoder`: whose maps it reads, None for the pixels.

    Every image it is given has a map of that encoder beside it.
    """

    def test_it_has_a_name_and_says_whose_maps_it_reads(
        self, segmenter: Segmenter, encoder: MapEncoder | None
    ) -> None:
        """None where it needs the pixels alone; and how large it wants them."""
        assert isinstance(segmenter, Segmenter)
        assert segmenter.name
        assert segmenter.name.strip() == segmenter.name
        assert segmenter.image_size >= 0
        assert segmenter.maps_of == (encoder.name if encoder else None)

    def test_proposals_are_parts_of_the_image(
        self, segmenter: Segmenter, encoder: MapEncoder | None
    ) -> None:
        """At most 30, inside the image, all different, never the whole of it; any size or shape."""
        for size in SIZES:
            check_proposals(segmenter.segment(Seen(picture(*size), encoder)))

    def test_masks_lie_over_the_whole_image_and_fill_their_boxes(
        self, segmenter: Segmenter, encoder: MapEncoder | None
    ) -> None:
        """Cells are as wide as high, and what is in a mask reaches to the edges of its box."""
        for width, height in [(37, 41), (120, 80), (80, 200)]:
            image = picture(width, height).resize((8 * width, 8 * height))
            for one in segmenter.segment(Seen(image, encoder)):
                if one.mask is not None:
                    check_mask(one, width / height)

    def test_a_flat_picture_is_no_trouble(
        self, segmenter: Segmenter, encoder: MapEncoder | None
    ) -> None:
        """There may be nothing in it."""
        for grey in (0, 127, 255):
            flat = picture(64, 48).point(lambda _, grey=grey: grey)
            check_proposals(segmenter.segment(Seen(flat, encoder)))

    def test_the_same_image_gives_the_same_proposals(
        self, segmenter: Segmenter, encoder: MapEncoder | None
    ) -> None:
        """Nothing in it is random."""
        seen = Seen(picture(120, 80), encoder)
        assert segmenter.segment(seen) == segmenter.segment(seen)

    def test_threads_may_share_the_segmenter(
        self, segmenter: Segmenter, encoder: MapEncoder | None
    ) -> None:
        """Indexing looks at pictures from many threads at once."""
        images = [Seen(picture(120, 80, seed=seed), encoder) for seed in range(6)]
        alone = [segmenter.segment(seen) for seen in images]
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(segmenter.segment, images)) == alone

    def test_segmented_images_are_left_as_they_were(
        self, segmenter: Segmenter, encoder: MapEncoder | None
    ) -> None:
        """The caller may go on using them, and their maps."""
        seen = Seen(picture(64, 48), encoder)
        image, maps = seen.image.tobytes(), seen.maps.copy()
        segmenter.segment(seen)
        assert seen.image.tobytes() == image
        np.testing.assert_array_equal(seen.maps, maps)


def check_mask(proposal: Proposal, aspect: float) -> None:
    """Check that a mask agrees with its box to a cell, and with the image, which is so wide."""
    mask, box = proposal.mask, proposal.box
    assert mask is not None
    rows, columns = mask.shape
    assert abs(columns - aspect * rows) <= max(1.0, aspect)  # a row or a column off by rounding
    down, across = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    edges = [across[0] / columns, down[0] / rows, (across[-1] + 1) / columns, (down[-1] + 1) / rows]
    cells = np.array([1 / columns, 1 / rows] * 2)
    assert (np.abs(edges - np.array([box.x0, box.y0, box.x1, box.y1])) <= cells + 1e-9).all()
