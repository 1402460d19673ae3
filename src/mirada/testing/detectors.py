# ruff: noqa: S101 these are tests
"""What every detector must keep to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from mirada.protocols import Detector
from mirada.testing.checks import SIZES, picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.types import Proposal

ODD = (
    "",
    " ",
    ".",
    "😀🏳️‍🌈",
    "海辺の犬",
    "x" * 2_000,
    "word " * 1_000,
    "a. b? c;",
    "a\x00b\n",
    "\u202e",
)
"""What people might type."""


class DetectorContract:
    """Fixture `detector`: ready to use."""

    def test_it_is_a_detector_with_a_name_and_a_side(self, detector: Detector) -> None:
        """The name tells its revision; decoding aims at the side."""
        assert isinstance(detector, Detector)
        assert detector.name
        assert detector.name.strip() == detector.name
        assert detector.image_size > 0

    def test_each_phrase_has_its_answer_in_order(self, detector: Detector) -> None:
        """Also where one comes twice; what is asked beside it changes little of an answer."""
        image = picture(64, 48)
        assert detector.detect(image, []) == []
        cat, dog, again = detector.detect(image, ["cat", "red dog", "cat"])
        assert cat == again
        for found, phrase in ((cat, "cat"), (dog, "red dog")):
            (alone,) = detector.detect(image, [phrase])
            assert len(alone) == len(found)
            for one, other in zip(alone, found, strict=True):
                assert abs(one.confidence - other.confidence) < 1e-3

    def test_boxes_lie_in_the_image(self, detector: Detector) -> None:
        """At most 30, all different, the surest first; in images of any size or shape."""
        for size in SIZES:
            for found in detector.detect(picture(*size), ["cat", "red dog"]):
                check_detections(found)

    def test_any_text_is_accepted(self, detector: Detector) -> None:
        """Empty, long, emoji, other scripts, control characters."""
        answers = detector.detect(picture(64, 48), ODD)
        assert len(answers) == len(ODD)
        for found in answers:
            check_detections(found)

    def test_a_flat_picture_is_no_trouble(self, detector: Detector) -> None:
        """There may be nothing in it."""
        for grey in (0, 255):
            flat = picture(64, 48).point(lambda _, grey=grey: grey)
            for found in detector.detect(flat, ["cat"]):
                check_detections(found)

    def test_the_same_question_gets_the_same_answer(self, detector: Detector) -> None:
        """Nothing in it is random."""
        image, asked = picture(120, 80), ["cat", "red dog"]
        assert detector.detect(image, asked) == detector.detect(image, asked)

    def test_threads_may_share_the_detector(self, detector: Detector) -> None:
        """A query looks at several pictures at once."""
        images = [picture(120, 80, seed=seed) for seed in range(6)]
        alone = [detector.detect(image, ["cat"]) for image in images]
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(lambda image: detector.detect(image, ["cat"]), images)) == alone

    def test_images_are_left_as_they_were(self, detector: Detector) -> None:
        """The caller may go on using them."""
        image = picture(64, 48)
        before = image.tobytes()
        detector.detect(image, ["cat"])
        assert (image.size, image.tobytes()) == ((64, 48), before)


def check_detections(found: Sequence[Proposal]) -> None:
    """Check that these are different boxes in an image, surest first."""
    assert len(found) <= 30
    assert len({one.box for one in found}) == len(found)
    for one in found:
        assert 0 <= one.box.x0 < one.box.x1 <= 1
        assert 0 <= one.box.y0 < one.box.y1 <= 1
    sure = [one.confidence for one in found]
    assert sure == sorted(sure, reverse=True)
    assert all(0 <= one <= 1 for one in sure)
