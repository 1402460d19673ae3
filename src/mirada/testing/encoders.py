# ruff: noqa: S101 these are tests
"""What every encoder must keep to, and those that can do more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mirada.protocols import Batched, Calibrated, Digested
from mirada.testing.checks import picture
from mirada.types import Box

if TYPE_CHECKING:
    from mirada.protocols import Encoder, Grounded, MapEncoder
    from mirada.types import Matrix

    class GroundedEncoder(Grounded, Encoder, Protocol):
        """An encoder with a grounding."""


class EncoderContract:
    """Fixture `encoder`: ready to use."""

    def test_it_has_a_name_with_a_revision(self, encoder: Encoder) -> None:
        """Vectors of other names don't mix with its own."""
        assert encoder.name.strip() == encoder.name
        assert encoder.name
        assert encoder.dim > 0
        assert encoder.image_size > 0

    def test_nothing_gives_no_rows(self, encoder: Encoder) -> None:
        """Of the right width."""
        for rows in (encoder.encode_images([]), encoder.encode_texts([])):
            _check_rows(rows, encoder, 0)

    def test_one_gives_one_row(self, encoder: Encoder) -> None:
        """As a query does."""
        _check_rows(encoder.encode_images([picture(64, 48)]), encoder, 1)
        _check_rows(encoder.encode_texts(["a dog"]), encoder, 1)

    def test_what_differs_has_different_rows(self, encoder: Encoder) -> None:
        """Else nothing could be found."""
        dark = picture(64, 48).point(lambda value: value // 8)
        seen = encoder.encode_images([picture(64, 48), dark])
        read = encoder.encode_texts(["a red ball", "the blue box at the top"])
        for rows in (seen, read):
            assert np.abs(rows[0] - rows[1]).max() > 1e-4

    def test_images_give_unit_rows(self, encoder: Encoder) -> None:
        """Of any size and shape, down to one pixel."""
        sizes = [(1, 1), (2, 900), (900, 2), (37, 41), (encoder.image_size, encoder.image_size)]
        _check_rows(encoder.encode_images([picture(*size) for size in sizes]), encoder, len(sizes))

    def test_texts_give_unit_rows(self, encoder: Encoder) -> None:
        """Any text: empty, long, emoji, other scripts, control characters, no text at all."""
        texts = ["a dog", "", " ", "😀🏳️‍🌈", "playa al atardecer", "海辺の犬", "x" * 5_000]
        texts += ["word " * 2_000, "a\x00b\n", "ñ" * 300, "\u202eabc", "byte \udc80 of a file name"]
        _check_rows(encoder.encode_texts(texts), encoder, len(texts))

    def test_rows_come_in_order_and_don_t_depend_on_the_batch(self, encoder: Encoder) -> None:
        """One by one gives what all together give."""
        images = [picture(64, 48, seed=seed) for seed in range(3)]
        texts = ["a red car", "two children on a beach at sunset", "snow"]
        one_by_one = np.concatenate([encoder.encode_images([image]) for image in images])
        np.testing.assert_allclose(encoder.encode_images(images), one_by_one, atol=1e-3)
        one_by_one = np.concatenate([encoder.encode_texts([text]) for text in texts])
        np.testing.assert_allclose(encoder.encode_texts(texts), one_by_one, atol=1e-2)

    def test_more_than_a_batch_is_answered_whole(self, encoder: Encoder) -> None:
        """In order, the last one of an odd number too."""
        size = encoder.batch_size if isinstance(encoder, Batched) else 2
        assert size > 0
        images = [picture(24, 18, seed=seed) for seed in range(2 * size + 1)]
        texts = [f"{number} red cars" for number in range(2 * size + 1)]
        seen, read = encoder.encode_images(images), encoder.encode_texts(texts)
        _check_rows(seen, encoder, len(images))
        _check_rows(read, encoder, len(texts))
        for place in (0, size, 2 * size):
            alone = encoder.encode_images([images[place]])[0]
            np.testing.assert_allclose(seen[place], alone, atol=1e-3)
            alone = encoder.encode_texts([texts[place]])[0]
            np.testing.assert_allclose(read[place], alone, atol=1e-2)

    def test_a_calibration_fits_its_vectors(self, encoder: Encoder) -> None:
        """Where it has one."""
        if not isinstance(encoder, Calibrated):
            return
        found = encoder.calibration
        _check_rows(found.distractors, encoder, len(found.distractors))
        assert len(found.distractors) > 1
        assert min(found.temperature, found.scale) > 0
        assert 0 < found.prior < 1
        assert np.isfinite(found.offset)

    def test_a_digest_is_hexadecimal(self, encoder: Encoder) -> None:
        """Where it has one."""
        if isinstance(encoder, Digested):
            assert int(encoder.digest, 16) >= 0

    def test_the_same_input_gives_the_same_row(self, encoder: Encoder) -> None:
        """Nothing in it is random."""
        image = picture(64, 48)
        once, again = encoder.encode_images([image]), encoder.encode_images([image])
        np.testing.assert_allclose(once, again, atol=1e-6)
        once, again = encoder.encode_texts(["a dog"]), encoder.encode_texts(["a dog"])
        np.testing.assert_allclose(once, again, atol=1e-6)

    def test_threads_may_share_it(self, encoder: Encoder) -> None:
        """Indexing encodes pictures from many threads at once."""
        images = [picture(64, 48, seed=seed) for seed in range(8)]
        alone = encoder.encode_images(images)
        with ThreadPoolExecutor(4) as pool:
            rows = list(pool.map(lambda image: encoder.encode_images([image])[0], images))
        np.testing.assert_allclose(np.stack(rows), alone, atol=1e-3)

    def test_images_are_left_as_they_were(self, encoder: Encoder) -> None:
        """The caller may go on using them."""
        image = picture(64, 48)
        before = image.tobytes()
        encoder.encode_images([image])
        assert (image.size, image.tobytes()) == ((64, 48), before)


class MapEncoderContract(EncoderContract):
    """The same for an encoder that makes maps."""

    def test_the_map_of_an_image_gives_its_vector(self, encoder: MapEncoder) -> None:
        """So that one forward pass serves the whole and its parts."""
        image = picture(64, 48)
        of_map = encoder.encode_map(encoder.read_map(image))
        np.testing.assert_allclose(of_map, encoder.encode_images([image])[0], atol=1e-5)

    def test_boxes_give_unit_rows_in_order(self, encoder: MapEncoder) -> None:
        """None for no boxes, and those of one box don't hang on the others."""
        maps = encoder.read_map(picture(64, 48))
        boxes = [Box(0, 0, 0.5, 0.5), Box(0.25, 0.5, 1, 1), Box(0.4, 0.4, 0.41, 0.41)]
        _check_rows(encoder.encode_boxes(maps, []), encoder, 0)
        rows = encoder.encode_boxes(maps, boxes)
        _check_rows(rows, encoder, len(boxes))
        one_by_one = np.concatenate([encoder.encode_boxes(maps, [box]) for box in boxes])
        np.testing.assert_allclose(rows, one_by_one, atol=1e-5)


class GroundedContract:
    """Fixture `grounded`: an encoder that learnt how well texts fit parts of images."""

    def test_what_it_learnt_fits_its_vectors(self, grounded: GroundedEncoder) -> None:
        """Every table has a row for each of its dimensions, or a column."""
        learnt, dim = grounded.grounding, grounded.dim
        assert learnt is not None
        rank = learnt.text.shape[1]
        assert learnt.text.shape == learnt.region.shape == learnt.whole.shape == (dim, rank)
        assert (learnt.shape.shape, learnt.favour.shape) == ((6, dim), (dim,))
        assert learnt.distractors.shape[1] == dim

    def test_a_better_fit_is_never_less_likely(self, grounded: GroundedEncoder) -> None:
        """All that is learnt is finite, and the logistic rises."""
        learnt = grounded.grounding
        assert learnt is not None
        tables = (learnt.text, learnt.region, learnt.whole, learnt.shape, learnt.favour)
        assert all(np.isfinite(table).all() for table in (*tables, learnt.distractors))
        assert np.isfinite([learnt.sharpness, learnt.scale, learnt.offset]).all()
        assert learnt.sharpness > 0
        assert learnt.scale > 0


def _check_rows(rows: Matrix, encoder: Encoder, count: int) -> None:
    assert rows.shape == (count, encoder.dim)
    assert rows.dtype == np.dtype(np.float32)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-3)
