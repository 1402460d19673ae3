# ruff: noqa: S101 these are tests
"""What every store must keep to."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mirada.testing.checks import raises
from mirada.testing.records import DIM, ENCODER, described, file_at, record_of, unit
from mirada.types import COLOURS, Facts, Filter, Metadata, Tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.protocols import Store
    from mirada.types import ImageRecord, Matrix, Vector


class StoreContract:
    """Fixture `store`: empty, for vectors of `ENCODER` with `DIM` numbers."""

    def test_it_says_whose_vectors_it_holds(self, store: Store) -> None:
        """Name and dim are those it was made with."""
        assert (store.encoder, store.dim) == (ENCODER, DIM)

    def test_an_empty_store_answers_with_nothing(self, store: Store) -> None:
        """Every question has an answer of the right shape."""
        assert (len(store), list(store.ids()), dict(store.files())) == (0, [], {})
        assert store.get([]) == []
        assert store.vectors([]).shape == (0, DIM)
        assert store.select([]) == store.select([Filter("tag", "=", "dog")]) == frozenset()
        assert store.parts([]).boxes.shape == (0, 0, 4)
        assert store.nearest_parts(np.stack([unit(1, 0, 0, 0)]), limit=5)[0].ids == ()
        ranking = store.nearest(unit(1, 0, 0, 0), limit=5)
        assert (ranking.ids, ranking.scores.shape) == ((), (0,))

    def test_a_record_comes_back_as_it_was_put(self, store: Store) -> None:
        """Every field is kept, to the microsecond and nanosecond."""
        a = record_of("a.jpg", "copy of a.jpg")
        store.put([a], np.stack([unit(1, 2, 3, 4)]))
        assert store.get([a.image_id]) == [a]
        np.testing.assert_array_equal(store.vectors([a.image_id]), [unit(1, 2, 3, 4)])
        assert dict(store.files()) == dict.fromkeys(a.files, a.image_id)

    def test_a_description_comes_back_as_it_was_put(self, store: Store) -> None:
        """The regions are asked for on their own, largest first."""
        a, b = described(record_of("a.jpg")), record_of("b.jpg")
        local = replace(Metadata(), taken_at=datetime(2020, 1, 2, 3, 4, 5))
        b = replace(b, metadata=local, facts=Facts((), True, 0.0, 1.0, ""))
        store.put([a, b], np.stack([unit(1, 0, 0, 0), unit(0, 1, 0, 0)]))
        assert store.get([a.image_id, b.image_id]) == [replace(a, regions=()), b]
        assert store.regions([b.image_id, a.image_id]) == [(), a.regions]
        vectors = [region.vector for region in store.regions([a.image_id])[0]]
        np.testing.assert_array_equal(vectors, [unit(1, 1, 0, 0), unit(0, 1, 0, 0)])
        assert store.models() == {a.image_id: a.models, b.image_id: {}}

    def test_an_update_replaces_the_description_alone(self, store: Store) -> None:
        """Files and vector stay, whatever the record says of files; old regions go."""
        a, b = _put_two(store)
        store.set_files({a.image_id: [file_at("moved.jpg")]})
        store.update([described(a)])
        (found,) = store.get([a.image_id])
        assert found == replace(described(a), files=(file_at("moved.jpg"),), regions=())
        np.testing.assert_array_equal(store.vectors([a.image_id]), [unit(1, 0, 0, 0)])
        assert len(store.regions([a.image_id])[0]) == 2
        store.update([replace(described(a), regions=described(a).regions[1:])])
        assert store.regions([a.image_id, b.image_id]) == [described(a).regions[1:], ()]

    def test_an_update_of_an_unknown_image_is_refused(self, store: Store) -> None:
        """Then nothing of the call is done."""
        a, _ = _put_two(store)
        raises(KeyError, store.update, [described(a), record_of("unknown.jpg")])
        assert store.get([a.image_id]) == [a]

    def test_regions_go_with_their_image(self, store: Store) -> None:
        """And come back only when they are put again."""
        a, _ = _put_two(store)
        store.update([described(a)])
        store.set_files({a.image_id: ()})
        raises(KeyError, store.regions, [a.image_id])
        store.put([a], np.stack([unit(1, 0, 0, 0)]))
        assert store.regions([a.image_id]) == [()]

    def test_words_find_what_was_said_of_images(self, store: Store) -> None:
        """Captions, tags and read text; the more of the words an image has the better."""
        a, b = _put_two(store)
        assert store.match("a dog", limit=5).ids == ()
        store.update([described(a), replace(b, tags=(Tag("dog", 0.9, "model"),))])
        assert store.match("dog red collar", limit=5).ids == (a.image_id, b.image_id)
        assert store.match("dogs", limit=1).ids in {(a.image_id,), (b.image_id,)}
        assert len(store.match("a puppy", limit=5).ids) == 2  # it is a dog
        assert len(store.match("un perro", limit=5).ids) == 2
        assert store.match("woof", limit=5).ids == (a.image_id,)
        for nothing in ("zebra", "", " ", '"', "' OR 1=1 --"):
            assert store.match(nothing, limit=5).ids == ()
        assert store.match("dog", limit=0).ids == ()
        store.set_files({a.image_id: ()})
        store.optimize()
        assert store.match("dog", limit=5).ids == (b.image_id,)

    def test_filters_choose_images(self, store: Store) -> None:
        """All must hold; what is unknown meets only what is denied."""
        a, b = described(record_of("a.jpg")), record_of("b.png")
        store.put([a, b], np.stack([unit(1, 0, 0, 0), unit(0, 1, 0, 0)]))
        both, dog = {a.image_id, b.image_id}, Filter("tag", "=", "dog")
        assert store.select([]) == both
        assert store.select([dog]) == {a.image_id}
        assert store.select([Filter("tag", "!=", "dog")]) == {b.image_id}
        assert store.select([dog, Filter("path", "=", "b.png")]) == set()
        assert store.select([Filter("place", "=", "havana")]) == {a.image_id}
        assert store.select([Filter("date", "<", "2022-01-01")]) == {a.image_id}
        assert store.select([Filter("date", "!=", "2022")]) == {a.image_id}
        assert store.select([Filter("width", ">", "600"), Filter("format", "=", "jpg")]) == both
        assert store.select([Filter("any", "=", "' OR 1=1 --")]) == set()
        for bad in (Filter("smell", "=", "rose"), Filter("width", "=", "wide")):
            raises(ValueError, store.select, [bad])

    def test_rejected_tags_choose_nothing(self, store: Store) -> None:
        """The user said that they are wrong."""
        a, _ = _put_two(store)
        store.update([replace(a, tags=(Tag("dog", 0.9, "model", "rejected"),))])
        assert store.select([Filter("tag", "=", "dog")]) == set()
        assert store.select([Filter("any", "=", "dog")]) == set()

    def test_only_chosen_images_are_ranked(self, store: Store) -> None:
        """Ids that are unknown do not matter."""
        a, b = _put_two(store)
        store.update([described(a), described(b)])
        only = frozenset((b.image_id, "0" * 64, "' OR 1=1 --"))
        vectors = np.stack([unit(1, 0, 0, 0)])
        for chosen, expected in ((only, (b.image_id,)), (only - {b.image_id}, ()), (set(), ())):
            among = frozenset(chosen)
            assert store.nearest(vectors[0], limit=5, among=among).ids == expected
            assert store.match("dog", limit=5, among=among).ids == expected
            assert store.nearest_parts(vectors, limit=5, among=among)[0].ids == expected

    def test_regions_come_as_arrays(self, store: Store) -> None:
        """Padded with zeros to the most regions of any image asked for."""
        a, b = _put_two(store)
        store.update([described(a)])
        parts = store.parts([b.image_id, a.image_id])
        assert parts.present.tolist() == [[False, False], [True, True]]
        assert parts.boxes[1].tolist() == [[0, 0, 0.75, 0.5], [0.5, 0.5, 0.75, 0.75]]
        np.testing.assert_array_equal(parts.vectors[1], [unit(1, 1, 0, 0), unit(0, 1, 0, 0)])
        assert parts.colours.shape == (2, 2, len(COLOURS))
        assert parts.colours[1].sum(axis=1).tolist() == [1, 0]
        assert parts.colours[1, 0, COLOURS.index("red")] == 1
        for padded in (parts.boxes, parts.vectors, parts.colours):
            assert padded.dtype == np.float32
            assert not padded[0].any()
        shapes = ((0, ()), (1, (b.image_id,)))
        assert all(store.parts(ids).vectors.shape == (count, 0, DIM) for count, ids in shapes)
        raises(KeyError, store.parts, [a.image_id, "0" * 64])
        store.update([a])
        assert store.parts([a.image_id]).present.shape == (1, 0)

    def test_images_are_ranked_by_their_best_region(self, store: Store) -> None:
        """Those without regions are not found."""
        a, b = _put_two(store)
        c = record_of("c.jpg")
        store.put([c], np.stack([unit(0, 0, 1, 0)]))
        store.update([described(a)])
        store.update([replace(c, regions=described(c).regions[1:])])
        questions = np.stack([unit(1, 0, 0, 0), unit(0, 2, 0, 0)])
        first, second = store.nearest_parts(questions, limit=5)
        assert first.ids == (a.image_id, c.image_id)
        np.testing.assert_allclose(first.scores, [0.5**0.5, 0], atol=1e-6)
        assert second.ids == tuple(sorted((a.image_id, c.image_id)))
        assert [one.ids for one in store.nearest_parts(questions, limit=1)] == [
            first.ids[:1],
            second.ids[:1],
        ]
        assert store.nearest_parts(questions[:0], limit=5) == []
        assert store.nearest_parts(questions, limit=0)[1].ids == ()
        for bad in (questions[:, :3], questions[0], np.full((1, DIM), np.nan, np.float32)):
            raises(ValueError, partial(store.nearest_parts, limit=1), bad)
        store.set_files({a.image_id: ()})
        assert store.nearest_parts(questions, limit=5)[0].ids == (c.image_id,)
        assert b.image_id not in second.ids

    def test_any_file_name_comes_back_as_it_was_put(self, store: Store) -> None:
        """Names with quotes, line breaks, emoji, or bytes that are no UTF-8."""
        names = [
            "o'clock.jpg",
            'say "x".png',
            "a\nb.jpg",
            "ñandú 😀.jpg",
            "%20 #1?.jpg",
            "-- ;.jpg",
        ]
        if os.name == "posix":
            names += ["not utf-8 \udcff\udc80.jpg", "back\\slash.jpg"]
        records = [record_of(name) for name in names]
        store.put(records, _same(unit(1, 0, 0, 0), len(records)))
        assert store.get([record.image_id for record in records]) == records
        assert {file.path.name for file in store.files()} == {*names}

    def test_ids_are_answered_in_the_order_they_were_asked(self, store: Store) -> None:
        """Repeated ones as often as asked."""
        a, b = _put_two(store)
        asked = [b.image_id, a.image_id, b.image_id]
        assert store.get(asked) == [b, a, b]
        assert store.vectors(asked).argmax(axis=1).tolist() == [1, 0, 1]

    def test_an_unknown_id_is_a_key_error(self, store: Store) -> None:
        """Also one that is no sha256, and one that tries to be SQL."""
        _put_two(store)
        for unknown in ("0" * 64, "beach", "' OR 1=1 --", ""):
            raises(KeyError, store.get, [unknown])
            raises(KeyError, store.vectors, [unknown])

    def test_put_again_replaces(self, store: Store) -> None:
        """One record an image, with the last of its vectors."""
        a, b = _put_two(store)
        later = replace(a, files=record_of("z.jpg").files, width=32)
        store.put([later], np.stack([unit(0, 0, 0, 1)]))
        assert len(store) == 2
        assert sorted(store.ids()) == sorted([a.image_id, b.image_id])
        assert store.get([a.image_id]) == [later]
        assert store.nearest(unit(0, 0, 0, 1), limit=1).ids == (a.image_id,)

    def test_nothing_to_write_is_no_error(self, store: Store) -> None:
        """Empty batches change nothing."""
        store.put([], np.empty((0, DIM), np.float32))
        store.set_files({})
        assert len(store) == 0

    def test_files_are_replaced_and_the_rest_stays(self, store: Store) -> None:
        """They are kept sorted by path."""
        a, b = _put_two(store)
        store.set_files({a.image_id: [file_at("moved.jpg"), file_at("copy.jpg")]})
        (found,) = store.get([a.image_id])
        assert found == replace(a, files=(file_at("copy.jpg"), file_at("moved.jpg")))
        np.testing.assert_array_equal(store.vectors([a.image_id]), [unit(1, 0, 0, 0)])
        assert {*store.files()} == {*found.files, *b.files}

    def test_an_image_without_files_is_removed(self, store: Store) -> None:
        """It is found no more; removing it twice is no error."""
        a, b = _put_two(store)
        for _ in range(2):
            store.set_files({a.image_id: ()})
            assert list(store.ids()) == [b.image_id]
            assert store.nearest(unit(1, 0, 0, 0), limit=2).ids == (b.image_id,)
        raises(KeyError, store.get, [a.image_id])

    def test_files_for_an_unknown_image_are_refused(self, store: Store) -> None:
        """Then nothing of the call is done."""
        a, _ = _put_two(store)
        files = {a.image_id: [file_at("new.jpg")], "0" * 64: [file_at("c.jpg")]}
        raises(KeyError, store.set_files, files)
        assert store.get([a.image_id]) == [a]

    def test_what_could_not_be_found_again_is_refused(self, store: Store) -> None:
        """Vectors of the wrong shape or length, not finite; records without files or put twice."""
        a, b = record_of("a.jpg"), record_of("b.jpg")
        good = np.stack([unit(1, 0, 0, 0)])
        refused: list[tuple[Sequence[ImageRecord], Matrix]] = [
            ([a], good[:, :3]),
            ([a, b], good),
            ([a], good[0]),
            ([a], np.float32(2) * good),
            ([a], np.zeros((1, DIM), np.float32)),
            ([a], np.full((1, DIM), np.nan, np.float32)),
            ([replace(a, files=())], good),
            ([a, a], np.concatenate([good, good])),
        ]
        for records, vectors in refused:
            raises(ValueError, store.put, records, vectors)
        assert len(store) == 0

    def test_the_nearest_come_by_falling_dot_product(self, store: Store) -> None:
        """Scores are dot products with the question, whatever its length."""
        a, b = _put_two(store)
        ranking = store.nearest(np.array([0.6, 0.8, 0, 0], np.float32), limit=2)
        assert ranking.ids == (b.image_id, a.image_id)
        np.testing.assert_allclose(ranking.scores, [0.8, 0.6], rtol=1e-6)
        assert ranking.scores.dtype == np.float32
        opposite = store.nearest(np.array([-3, 0, 0, 0], np.float32), limit=2)
        assert opposite.ids == (b.image_id, a.image_id)
        np.testing.assert_allclose(opposite.scores, [0, -3], atol=1e-6)

    def test_ties_are_decided_by_id(self, store: Store) -> None:
        """Equal vectors come in the order of their ids, wherever they were put."""
        records = [record_of(f"{number}.jpg") for number in range(20)]
        for part in (records[:7], records[7:]):
            store.put(part, _same(unit(1, 2, 3, 4), len(part)))
        ordered = sorted(record.image_id for record in records)
        assert store.nearest(unit(4, 3, 2, 1), limit=20).ids == tuple(ordered)
        assert store.nearest(unit(4, 3, 2, 1), limit=3).ids == tuple(ordered[:3])

    def test_any_limit_is_answered(self, store: Store) -> None:
        """Never more than asked, never more than there are."""
        _put_two(store)
        found = [len(store.nearest(unit(1, 1, 0, 0), limit=n).ids) for n in (0, 1, 2, 1_000)]
        assert found == [0, 1, 2, 2]

    def test_a_question_of_the_wrong_shape_is_refused(self, store: Store) -> None:
        """So is one that is not finite."""
        for bad in (unit(1, 0, 0), np.full(DIM, np.inf, np.float32), np.zeros((1, DIM), "f4")):
            raises(ValueError, partial(store.nearest, limit=1), bad)

    def test_optimizing_changes_no_answer(self, store: Store) -> None:
        """Neither on an empty store nor after many small writes."""
        store.optimize()
        records = [record_of(f"{number}.jpg") for number in range(12)]
        for number, record in enumerate(records):
            store.put([record], np.stack([unit(1, number, 0, 0)]))
        store.set_files({records[3].image_id: ()})
        before = store.nearest(unit(1, 1, 0, 0), limit=12)
        for _ in range(2):
            store.optimize()
            after = store.nearest(unit(1, 1, 0, 0), limit=12)
            assert after.ids == before.ids
            assert len(store) == 11

    def test_threads_may_read_while_one_writes(self, store: Store) -> None:
        """Each answer is of one moment: as many files as the write had."""
        _put_two(store)

        def read(_: int) -> int:
            return len(store.nearest(unit(1, 1, 1, 1), limit=100).ids)

        with ThreadPoolExecutor(4) as pool:
            counts = pool.map(read, range(40))
            for number in range(8):
                store.put([record_of(f"new {number}.jpg")], np.stack([unit(0, 0, 1, 0)]))
            assert {*counts} <= {*range(2, 11)}
        assert len(store) == 10


def _put_two(store: Store) -> tuple[ImageRecord, ImageRecord]:
    a, b = record_of("a.jpg"), record_of("b.jpg")
    store.put([a, b], np.stack([unit(1, 0, 0, 0), unit(0, 1, 0, 0)]))
    return a, b


def _same(vector: Vector, count: int) -> Matrix:
    return np.tile(vector, (count, 1))
