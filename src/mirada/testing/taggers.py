# ruff: noqa: S101 these are tests
"""What every tagger must keep to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from mirada.testing.checks import SIZES, picture

if TYPE_CHECKING:
    from mirada.protocols import Tagger


class TaggerContract:
    """Fixture `tagger`: ready to use."""

    def test_it_has_a_name_and_a_size(self, tagger: Tagger) -> None:
        """With a revision: tags of other names are made anew."""
        assert tagger.name
        assert tagger.name.strip() == tagger.name
        assert tagger.image_size >= 0

    def test_tags_are_few_different_and_in_lower_case(self, tagger: Tagger) -> None:
        """For pictures of any size and shape, down to one pixel."""
        for size in SIZES:
            names = [tag.name for tag in tagger.tag(picture(*size))]
            assert len(names) <= 30
            assert len(set(names)) == len(names)
            assert all(name and name == " ".join(name.lower().split()) for name in names)

    def test_the_surest_come_first(self, tagger: Tagger) -> None:
        """With probabilities, as words of a model that nobody has judged yet."""
        tags = tagger.tag(picture(64, 48))
        sure = [tag.confidence for tag in tags]
        assert sure == sorted(sure, reverse=True)
        assert all(0 <= one <= 1 for one in sure)
        assert {(tag.source, tag.state) for tag in tags} <= {("model", "auto")}

    def test_the_same_image_has_the_same_tags(self, tagger: Tagger) -> None:
        """Nothing in it is random."""
        assert tagger.tag(picture(64, 48)) == tagger.tag(picture(64, 48))

    def test_threads_may_share_it(self, tagger: Tagger) -> None:
        """Indexing looks at pictures from many threads at once."""
        images = [picture(64, 48, seed=seed) for seed in range(6)]
        alone = [tagger.tag(image) for image in images]
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(tagger.tag, images)) == alone

    def test_images_are_left_as_they_were(self, tagger: Tagger) -> None:
        """The caller may go on using them."""
        image = picture(64, 48)
        before = image.tobytes()
        tagger.tag(image)
        assert (image.size, image.tobytes()) == ((64, 48), before)
