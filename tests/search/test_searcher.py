from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mirada.errors import StoreError
from mirada.search.rank import Constants
from mirada.search.results import Query
from mirada.search.searcher import Searcher, unit_sum
from tests.search.axes import (
    LEFT,
    RIGHT,
    AxesEncoder,
    Picture,
    PlainEncoder,
    names,
    names_below,
    on,
    part,
    picture,
    presence,
    searcher_of,
    store_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.search.results import Results
    from mirada.types import ImageRecord

DOG, CAT = picture("dog", part("dog", LEFT)), picture("cat", part("cat", LEFT))
MAN, CAR = picture("man", part("man", LEFT)), picture("car", part("car", LEFT))
RIGHT_DOG = picture("right dog", part("dog", RIGHT))
ALL = (DOG, CAT, MAN, CAR)


def asked(text: str, *pictures: Picture, limit: int = 20) -> Results:
    return searcher_of(*pictures).ask(Query(text), limit=limit)


def png(made: Picture) -> Picture:
    record, vector = made
    return replace(record, format="PNG"), vector


def twins(*numbers: int) -> list[Picture]:
    """Pictures of a dog that nothing tells apart but their names."""
    return [picture(f"dog {number}", part("dog", LEFT)) for number in numbers]


def test_what_meets_the_words_is_a_hit_and_the_nearest_of_the_rest_lie_below() -> None:
    found = asked("dog", *ALL)
    assert names(found) == ["dog"]
    assert set(names_below(found)) == {"cat", "man", "car"}
    assert (found.considered, found.cut, found.removed) == (4, Constants().cut, 0)
    assert found.parsed is not None


def test_ranks_go_on_from_the_hits_to_those_below() -> None:
    found = asked("dog", *ALL)
    assert [hit.rank for hit in (*found.hits, *found.below)] == [1, 2, 3, 4]


def test_hits_are_above_the_cut_and_the_others_below_it_surest_first() -> None:
    both = picture("both", part("dog", LEFT), part("cat", RIGHT))
    found = asked("dog", *ALL, both, RIGHT_DOG)
    cut = Constants().cut
    assert all(hit.confidence is not None and hit.confidence >= cut for hit in found.hits)
    sure = [hit.confidence or 0.0 for hit in found.below]
    assert sure == sorted(sure, reverse=True)
    assert max(sure) < cut


def test_nothing_matches_is_an_answer_with_the_nearest_below() -> None:
    found = asked("dog", CAT, MAN, limit=1)
    assert not found.hits
    assert len(found.below) == 1


def test_at_least_one_lies_below_even_where_there_are_hits_enough() -> None:
    found = asked("dog", *twins(1, 2, 3), CAT, MAN, limit=2)
    assert (len(found.hits), len(found.below)) == (2, 1)


def test_hits_and_those_below_are_as_many_as_asked_for() -> None:
    found = asked("dog", DOG, CAT, MAN, CAR, limit=3)
    assert (len(found.hits), len(found.below)) == (1, 2)


def test_an_empty_index_answers_nothing() -> None:
    store = store_of(DOG)
    store.set_files({DOG[0].image_id: ()})
    found = Searcher(store, AxesEncoder(), presence()).ask(Query("dog"))
    assert (found.hits, found.below, found.considered) == ((), (), 0)


def test_ties_are_decided_by_id() -> None:
    some = twins(*range(8))
    ids = [hit.record.image_id for hit in asked("dog", *some)]
    assert ids == sorted(record.image_id for record, _ in some)
    again = [hit.record.image_id for hit in asked("dog", *reversed(some))]
    assert again == ids


def test_filters_restrict_what_is_found() -> None:
    found = asked("dog format:png", DOG, png(RIGHT_DOG), CAT)
    assert names(found) == ["right dog"]
    assert not found.below


def test_filters_that_nothing_meets_leave_nothing() -> None:
    found = asked("dog format:png", *ALL)
    assert (found.hits, found.below) == ((), ())


def test_filters_alone_are_an_answer_without_a_confidence() -> None:
    found = asked("format:png", DOG, png(CAT), png(MAN))
    assert sorted(names(found)) == ["cat", "man"]
    assert {hit.confidence for hit in found} == {None}
    assert found.cut is None
    assert [one.kind for one in found[0].evidence] == ["filter"]


def test_negations_alone_leave_the_rest_and_count_what_they_remove() -> None:
    found = asked("no dog", *ALL, RIGHT_DOG)
    assert sorted(names(found)) == ["car", "cat", "man"]
    assert (found.removed, found.below) == (2, ())


def test_no_animals_removes_every_kind_of_animal() -> None:
    found = asked("no animals", *ALL)
    assert sorted(names(found)) == ["car", "man"]
    assert found.removed == 2


def test_no_dog_on_the_left_removes_it_only_there() -> None:
    found = asked("no dog on the left", DOG, RIGHT_DOG, CAR)
    assert sorted(names(found)) == ["car", "right dog"]
    assert found.removed == 1


def test_what_must_not_be_there_leaves_a_picture_that_is_nearest() -> None:
    both = picture("both", part("dog", LEFT), part("man", RIGHT))
    assert names(asked("dog", both, DOG)) == ["dog", "both"]
    found = asked("dog no man", both, DOG)
    assert (names(found), found.removed) == (["dog"], 1)
    assert "both" not in names_below(found)


def test_a_dog_on_the_wrong_side_comes_after_and_is_less_sure() -> None:
    found = asked("dog on the left", RIGHT_DOG, DOG)
    assert names(found) == ["dog", "right dog"]
    first, second = (hit.confidence for hit in found)
    assert first is not None
    assert second is not None
    assert second < 0.5 * first


def test_evidence_tells_clause_by_clause() -> None:
    (hit,) = asked("dog on the left", DOG)
    assert [one.kind for one in hit.evidence] == ["scene", "phrase", "position"]


def test_or_takes_what_meets_either_and_each_as_the_one_it_meets_best() -> None:
    found = asked("dog OR cat", *ALL)
    assert sorted(names(found)) == ["cat", "dog"]
    assert sorted(names_below(found)) == ["car", "man"]
    assert [hit.rank for hit in (*found.hits, *found.below)] == [1, 2, 3, 4]
    by_name = {hit.record.path.name: hit for hit in found}
    for name in ("dog", "cat"):
        (alone,) = (hit for hit in asked(name, *ALL) if hit.record.path.name == name)
        assert by_name[name].confidence == alone.confidence
        assert by_name[name].evidence == alone.evidence


def test_or_shows_no_more_below_than_any_other_query() -> None:
    found = asked("dog OR cat", *ALL, *twins(1, 2), limit=2)
    assert (len(found.hits), len(found.below)) == (2, 1)


def test_what_meets_a_filter_is_an_answer_however_unlike_the_other_words_it_is() -> None:
    found = asked("dog OR format:png", DOG, png(CAR), CAT)
    assert names(found) == ["dog", "car"]
    assert names_below(found) == ["cat"]


@pytest.mark.parametrize("text", ["dog OR format:png", "format:png OR dog"])
def test_or_has_a_cut_where_one_of_its_queries_has(text: str) -> None:
    assert asked(text, DOG, png(CAR)).cut == Constants().cut


def test_pictures_that_were_judged_leave() -> None:
    like, unlike = DOG[0].image_id, CAT[0].image_id
    query = Query("dog", like_ids=(like,), unlike_ids=(unlike,))
    found = searcher_of(*ALL, RIGHT_DOG).ask(query)
    assert names(found)[0] == "right dog"
    assert not {"dog", "cat"} & {*names(found), *names_below(found)}
    assert found[0].confidence is None  # it is fitted on words alone


def test_liked_pictures_move_what_is_asked_for() -> None:
    near = picture("near", whole="beach dog")
    searcher = Searcher(store_of(DOG, CAR, near), PlainEncoder())
    liked = Query("car", like_ids=(DOG[0].image_id,))
    assert names(searcher.ask(Query("car"))) != names(searcher.ask(liked))
    assert names(searcher.ask(Query(None, like_ids=(DOG[0].image_id,))))[0] == "near"


def test_an_encoder_that_knows_no_chances_hides_nothing() -> None:
    searcher = Searcher(store_of(*ALL), PlainEncoder())
    found = searcher.ask(Query("dog"))
    assert names(found)[0] == "dog"
    assert (len(found), found.below, found.cut) == (4, (), None)
    denied = searcher.ask(Query("no dog"))
    assert (len(denied), denied.removed) == (4, 0)


QUERIES = [
    "dog",
    "dog on the left",
    "a dog left of a man",
    "dog no man",
    "no animals",
    "beach",
    "two dogs",
]


@pytest.mark.parametrize("text", QUERIES)
def test_scores_are_those_by_which_hits_are_ordered(text: str) -> None:
    both = picture("both", part("dog", LEFT), part("man", RIGHT), caption="a dog and a man")
    searcher = searcher_of(*ALL, RIGHT_DOG, both, picture("beach", whole="beach dog"))
    found = searcher.ask(Query(text))
    hits = [*found.hits, *found.below]
    scores = searcher.score(text, [hit.record.image_id for hit in hits])
    assert scores == pytest.approx([hit.score for hit in hits], abs=1e-5)
    ordered = [hit.score for hit in found.hits]
    assert ordered == sorted(ordered, reverse=True)


def test_what_must_not_be_there_scores_nothing() -> None:
    ids = [record.image_id for record, _ in (CAR, DOG)]
    scores = searcher_of(*ALL).score("no dog", ids)
    assert np.isfinite(scores[0])
    assert scores[1] == -np.inf


def test_of_or_the_better_score_counts() -> None:
    searcher, ids = searcher_of(*ALL), [record.image_id for record, _ in ALL]
    each = [searcher.score(one, ids) for one in ("dog", "cat")]
    np.testing.assert_allclose(searcher.score("dog OR cat", ids), np.maximum(*each))


def test_a_ranking_goes_on_below_the_cut() -> None:
    ranking = searcher_of(*ALL).rank("dog", limit=3)
    assert ranking.ids[0] == DOG[0].image_id
    assert len(ranking.ids) == 3


def test_what_is_like_a_picture_is_not_itself() -> None:
    searcher = searcher_of(*ALL, RIGHT_DOG)
    found = searcher.like(DOG[0].image_id, Query(None), limit=2)
    assert names(found)[0] == "right dog"
    assert ([hit.rank for hit in found], found.considered) == ([1, 2], 4)
    with pytest.raises(StoreError, match="search again"):
        searcher.like("gone", Query(None))


def test_by_part_finds_by_the_best_region() -> None:
    hidden = picture("hidden", part("dog", LEFT), whole="car")
    found = searcher_of(CAT, hidden).by_part(on("dog"), Query(None), limit=1)
    assert names(found) == ["hidden"]


def test_many_texts_are_answered_as_each_alone() -> None:
    searcher = searcher_of(*ALL)
    found = searcher.by_text(["dog", "no dog"], limit=2)
    assert [names(one) for one in found] == [
        names(searcher.ask(Query(text), limit=2)) for text in ("dog", "no dog")
    ]


def test_a_search_that_a_write_disturbs_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_of(*ALL)
    get, calls = store.get, []

    def disturbed(ids: Sequence[str]) -> list[ImageRecord]:
        calls.append(ids)
        if len(calls) == 1:
            raise KeyError(ids[0])
        return get(ids)

    monkeypatch.setattr(store, "get", disturbed)
    assert names(Searcher(store, AxesEncoder(), presence()).ask(Query("dog"))) == ["dog"]
    assert len(calls) == 2


def test_a_search_that_is_always_disturbed_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(ids: Sequence[str]) -> list[ImageRecord]:
        raise KeyError("gone")

    store = store_of(*ALL)
    monkeypatch.setattr(store, "get", gone)
    with pytest.raises(StoreError, match="search again later"):
        Searcher(store, AxesEncoder(), presence()).ask(Query("dog"))


def test_between_two_vectors_lies_their_unit_sum() -> None:
    np.testing.assert_allclose(unit_sum(on("dog"), on("cat")), on("dog", "cat"), atol=1e-6)
    assert np.isfinite(unit_sum(on("dog"), -on("dog"))).all()


@pytest.mark.parametrize(
    ("text", "looked_at"), [("dog", 4), ("dog, no cats", 2), ("dog next to a man, no cats", 1)]
)
def test_the_more_things_are_asked_for_the_fewer_pictures_are_looked_at(
    monkeypatch: pytest.MonkeyPatch, text: str, looked_at: int
) -> None:
    monkeypatch.setattr("mirada.search.searcher.WORK", 4)
    store, counts = store_of(*twins(1, 2, 3, 4, 5)), []
    parts = store.parts
    monkeypatch.setattr(store, "parts", lambda ids: counts.append(len(ids)) or parts(ids))
    Searcher(store, AxesEncoder(), presence()).ask(Query(text), limit=1)
    assert counts == [looked_at]
