# ruff: noqa: S101 these are tests
"""What every captioner must keep to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from mirada.protocols import Captioner
from mirada.testing.checks import SIZES, Seen, picture, raises
from mirada.types import WHOLE, Ask, Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.protocols import MapEncoder

LEFT, RIGHT, SPECK = Box(0, 0, 0.5, 1), Box(0.5, 0, 1, 1), Box(0.4, 0.4, 0.401, 0.402)


class CaptionerContract:
    """Fixtures `captioner`, ready to use, and `encoder`: whose maps it reads, None for the pixels.

    Every image it is given has a map of that encoder beside it.
    """

    def test_it_is_a_captioner_and_says_what_it_reads_and_writes(
        self, captioner: Captioner, encoder: MapEncoder | None
    ) -> None:
        """It has a name, the encoder whose maps it reads or None, a side and languages."""
        assert isinstance(captioner, Captioner)
        assert captioner.name
        assert captioner.name.strip() == captioner.name
        assert captioner.maps_of == (encoder.name if encoder else None)
        assert captioner.image_size >= 0
        assert captioner.languages
        assert len(set(captioner.languages)) == len(captioner.languages)

    def test_each_wish_gets_a_list_of_different_texts(
        self, captioner: Captioner, encoder: MapEncoder | None
    ) -> None:
        """In order and in every language, of the whole and of parts; as many as asked at most."""
        asks = [
            Ask(box, language, count)
            for language in captioner.languages
            for box, count in ((LEFT, 2), (WHOLE, 5), (SPECK, 1), (WHOLE, 0), (RIGHT, 2))
        ]
        found = captioner.caption(Seen(picture(120, 80), encoder), asks)
        check_captions(asks, found)

    def test_mixed_wishes_are_answered_as_they_are_one_by_one(
        self, captioner: Captioner, encoder: MapEncoder | None
    ) -> None:
        """The order of wishes and their company make no difference."""
        language = captioner.languages[0]
        seen = Seen(picture(120, 80), encoder)
        asks = [Ask(LEFT, language, 2), Ask(WHOLE, language, 3), Ask(RIGHT, language, 2)]
        together = captioner.caption(seen, asks)
        assert captioner.caption(seen, asks[::-1]) == together[::-1]
        assert [captioner.caption(seen, [ask])[0] for ask in asks] == together

    def test_no_wishes_get_nothing(self, captioner: Captioner, encoder: MapEncoder | None) -> None:
        """Nor does one for no texts."""
        seen = Seen(picture(64, 48), encoder)
        assert captioner.caption(seen, []) == []
        assert captioner.caption(seen, [Ask(WHOLE, captioner.languages[0], 0)]) == [[]]

    def test_an_unknown_language_is_refused(
        self, captioner: Captioner, encoder: MapEncoder | None
    ) -> None:
        """By a ValueError, even beside one that is known."""
        seen = Seen(picture(64, 48), encoder)
        asks = [Ask(WHOLE, captioner.languages[0], 1), Ask(WHOLE, "tlh", 1)]
        raises(ValueError, captioner.caption, seen, asks)

    def test_images_may_have_any_size(
        self, captioner: Captioner, encoder: MapEncoder | None
    ) -> None:
        """As small as a pixel, as thin as a line."""
        language = captioner.languages[0]
        asks = [Ask(WHOLE, language, 2), Ask(SPECK, language, 1)]
        for size in SIZES:
            check_captions(asks, captioner.caption(Seen(picture(*size), encoder), asks))

    def test_the_same_image_gives_the_same_texts(
        self, captioner: Captioner, encoder: MapEncoder | None
    ) -> None:
        """Nothing in them is random."""
        asks = [Ask(WHOLE, captioner.languages[0], 3), Ask(LEFT, captioner.languages[0], 2)]
        seen = Seen(picture(120, 80), encoder)
        assert captioner.caption(seen, asks) == captioner.caption(seen, asks)

    def test_threads_may_share_the_captioner(
        self, captioner: Captioner, encoder: MapEncoder | None
    ) -> None:
        """Indexing looks at pictures from many threads at once."""
        asks = [Ask(WHOLE, captioner.languages[0], 2), Ask(LEFT, captioner.languages[0], 1)]
        looks = [Seen(picture(120, 80, seed=seed), encoder) for seed in range(6)]
        alone = [captioner.caption(seen, asks) for seen in looks]
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(lambda seen: captioner.caption(seen, asks), looks)) == alone

    def test_captioned_images_are_left_as_they_were(
        self, captioner: Captioner, encoder: MapEncoder | None
    ) -> None:
        """The caller may go on using them, and their maps."""
        seen = Seen(picture(64, 48), encoder)
        image, maps = seen.image.tobytes(), seen.maps.copy()
        captioner.caption(seen, [Ask(box, captioner.languages[0], 1) for box in (WHOLE, LEFT)])
        assert seen.image.tobytes() == image
        np.testing.assert_array_equal(seen.maps, maps)


def check_captions(asks: Sequence[Ask], found: Sequence[Sequence[str]]) -> None:
    """Check that each wish got different lines of text, no more than it asked for."""
    assert len(found) == len(asks)
    for ask, texts in zip(asks, found, strict=True):
        assert len(texts) <= ask.candidates
        assert len(set(texts)) == len(texts)
        assert all(text and text.strip() == text and text.isprintable() for text in texts)
