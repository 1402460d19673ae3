# ruff: noqa: S101 these are tests
"""What every segmenter must keep to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from mirada.testing.checks import Seen, check_proposals, picture

if TYPE_CHECKING:
    from mirada.protocols import MapEncoder, Segmenter


class SegmenterContract:
    """Fixtures `segmenter`, ready to use, and `encoder`: whose maps it reads, None for the pixels.

    Every image it is given has a map of that encoder beside it.
    """

    def test_it_has_a_name_and_says_whose_maps_it_reads(
        self, segmenter: Segmenter, encoder: MapEncoder | None
    ) -> None:
        """None where it needs the pixels alone."""
        assert segmenter.name
        assert segmenter.name.strip() == segmenter.name
        assert segmenter.maps_of == (encoder.name if encoder else None)

    def test_proposals_are_parts_of_the_image(
        self, segmenter: Segmenter, encoder: MapEncoder | None
    ) -> None:
        """At most 30, inside the image, all different, never the whole of it; any size or shape."""
        for size in [(1, 1), (2, 900), (900, 2), (37, 41), (320, 240)]:
            check_proposals(segmenter.segment(Seen(picture(*size), encoder)))

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
