from __future__ import annotations

import numpy as np
import pytest

from mirada.search import candidates
from mirada.search.candidates import Candidates, given, recall
from mirada.search.fuse import WORDS_WEIGHT
from mirada.search.query import parse
from tests.search.axes import DIM, LEFT, AxesEncoder, Picture, on, part, picture, store_of

DOG = picture("dog", whole="dog")
CAT = picture("cat", whole="cat")
SAID = picture("said", whole="beach", caption="a dog behind the dunes")
HIDDEN = picture("hidden", part("dog", LEFT), whole="car")


def recalled(text: str, *pictures: Picture, limit: int = 9, **more: frozenset[str]) -> Candidates:
    encoder, query = AxesEncoder(), parse(text)
    vector = encoder.encode_texts([query.full_text])[0] if query.full_text else None
    phrases = encoder.encode_texts([one.text for one in query.phrases])
    among = more.get("among")
    return recall(query, vector, phrases, store_of(*pictures), limit=limit, among=among)


def ids(*pictures: Picture) -> list[str]:
    return [record.image_id for record, _ in pictures]


def test_the_nearest_by_the_whole_comes_first() -> None:
    found = recalled("dog", CAT, DOG)
    assert list(found.ids) == ids(DOG, CAT)
    assert found.scores.tolist() == pytest.approx([1 - WORDS_WEIGHT, 0])


def test_rows_are_those_of_the_ids() -> None:
    found = recalled("dog", CAT, SAID, DOG)
    by_id = dict(zip(found.ids, found.vectors, strict=True))
    for record, vector in (CAT, SAID, DOG):
        np.testing.assert_allclose(by_id[record.image_id], vector)
    assert dict(zip(found.ids, found.words.tolist(), strict=True))[SAID[0].image_id] == 1


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> list[Picture]:
    """Of each source only the best picture is taken; three are nearer than those it hides."""
    monkeypatch.setattr(candidates, "POOL", 1)
    monkeypatch.setattr(candidates, "OF_PARTS", 1)
    return [picture(f"dog {number}", whole="dog") for number in range(3)]


def test_words_bring_a_picture_that_its_vector_would_not(few: list[Picture]) -> None:
    assert SAID[0].image_id in recalled("dog", *few, SAID, limit=1).ids
    assert len(recalled("dog", *few, limit=1).ids) == 1


def test_a_region_brings_a_picture_where_a_phrase_lies_somewhere(few: list[Picture]) -> None:
    assert HIDDEN[0].image_id in recalled("dog on the left", *few, HIDDEN, limit=1).ids


def test_each_of_two_phrases_brings_its_best_region(few: list[Picture]) -> None:
    other = picture("other", part("man"), whole="car")
    found = recalled("a dog next to a man", *few, HIDDEN, other, limit=1)
    assert set(ids(HIDDEN, other)) <= set(found.ids)


def test_one_phrase_anywhere_is_left_to_the_whole(few: list[Picture]) -> None:
    assert HIDDEN[0].image_id not in recalled("dog", *few, HIDDEN, limit=1).ids


@pytest.mark.parametrize("text", ["dog", "dog on the left", "a dog and a man", "no dog", ""])
def test_none_but_those_among_are_found(text: str) -> None:
    among = frozenset(ids(CAT, HIDDEN))
    assert set(recalled(text, DOG, CAT, SAID, HIDDEN, among=among).ids) == among
    assert not recalled(text, DOG, CAT, among=frozenset()).ids


def test_without_words_of_the_whole_all_come_by_id_with_nothing_for_them() -> None:
    found = recalled("no dog", DOG, CAT, SAID)
    assert list(found.ids) == sorted(ids(DOG, CAT, SAID))
    assert not found.scores.any()
    assert not found.words.any()
    assert found.vectors.shape == (3, DIM)


def test_of_very_many_the_first_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "UNGUIDED", 2)
    assert len(recalled("no dog", DOG, CAT, SAID, limit=1).ids) == 2
    assert len(recalled("no dog", DOG, CAT, SAID, limit=3).ids) == 3


def test_given_pictures_are_scored_as_they_are_recalled() -> None:
    pictures = (CAT, SAID, DOG, HIDDEN)
    found = recalled("dog", *pictures)
    again = given(parse("dog"), on("dog"), store_of(*pictures), found.ids)
    np.testing.assert_allclose(again.scores, found.scores)
    np.testing.assert_array_equal(again.words, found.words)
    np.testing.assert_array_equal(again.vectors, found.vectors)


def test_given_pictures_stay_in_their_order_and_number() -> None:
    store = store_of(CAT, SAID, DOG)
    assert list(given(parse("dog"), on("dog"), store, ids(CAT, DOG)).ids) == ids(CAT, DOG)
    assert given(parse("no dog"), None, store, ids(CAT, DOG)).scores.tolist() == [0, 0]
    assert given(parse("dog"), on("dog"), store, []).vectors.shape == (0, DIM)
