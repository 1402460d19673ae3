from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirada.errors import ModelUnavailable
from mirada.search.drawn import marks_of
from mirada.search.query import parse
from mirada.search.results import Query
from mirada.search.second import LEAST, UNMET, SecondLook, Verdict, order, retold
from mirada.search.statements import statements
from mirada.types import Evidence, SourceFile
from tests import photos
from tests.search.axes import (
    LEFT,
    RIGHT,
    Picture,
    names,
    part,
    picture,
    searcher_of,
)
from tests.second_sight import ColourDetector, ColourReranker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray
    from PIL.Image import Image

    from mirada.search.results import Results
    from mirada.search.searcher import Searcher

    Saved: TypeAlias = Callable[..., Picture]

THINGS = {"dog": "red", "cat": "green", "car": "blue"}  # by which colour the fakes know them


class Redness:
    """Believes every text as far as a picture is red, but for those that it was told of."""

    name = "redness/1"
    image_size = 8

    def __init__(self, told: Mapping[str, float] | None = None) -> None:
        self.told, self.asked = told or {}, []

    def check(self, image: Image, texts: Sequence[str]) -> NDArray[np.float32]:
        red = np.asarray(image)[..., 0].mean() / 255
        self.asked.extend(texts)
        return np.array([self.told.get(text, red) for text in texts], np.float32)


class Coloured:
    """Looks for things by their colours."""

    name = "things/1"
    image_size = 64

    def detect(self, image: Image, phrases: Sequence[str]) -> list:
        colours = [THINGS[phrase.removesuffix("s")] for phrase in phrases]
        return ColourDetector().detect(image, colours)


@pytest.fixture
def saved(tmp_path: Path) -> Saved:
    """Gives a picture of the world of axes a file with pixels; it is a dog unless told else."""

    def save(name: str, pixels: Image, *parts, whole: str = "") -> Picture:
        path = tmp_path / f"{name}.png"
        pixels.save(path)
        shown = parts or (() if whole else (part("dog", LEFT),))
        record, vector = picture(name, *shown, whole=whole)
        return replace(record, files=(SourceFile(path, 1, 1),)), vector

    return save


@pytest.fixture
def reds(saved: Saved) -> list[Picture]:
    """Five pictures of a dog that nothing tells apart but how red they are: 20% to 100%."""
    return [saved(f"{20 * n}%", photos.flat((51 * n, 0, 0))) for n in range(1, 6)]


def found_by(
    searcher: Searcher, text: str, reranker=None, detector=None, *, limit: int = 20, best: int = 10
) -> Results:
    second = SecondLook(reranker, detector, limit=best)
    return searcher.ask(Query(text), limit=limit, second=second)


def stems(results: Results) -> list[str]:
    return [name.removesuffix(".png") for name in names(results)]


def lines(results: Results, place: int = 0) -> dict[tuple[str, str, str], float]:
    """The evidence of a hit: kind, clause and source -> degree."""
    return {(one.kind, one.clause, one.source): one.degree for one in results[place].evidence}


def test_what_the_reranker_finds_likelier_comes_first(reds) -> None:
    found = found_by(searcher_of(*reds), "a dog", Redness())
    assert stems(found) == ["100%", "80%", "60%", "40%", "20%"]
    assert [hit.rank for hit in found] == [1, 2, 3, 4, 5]
    assert found.recheck is not None
    assert (found.recheck.models, found.recheck.pictures) == (("redness/1",), 5)


def test_without_a_second_look_nothing_tells_of_one(reds) -> None:
    found = searcher_of(*reds).ask(Query("a dog"))
    assert found.recheck is None
    assert {one.source for hit in found for one in hit.evidence} == {"vector"}


def test_the_proof_holds_what_the_reranker_said_and_where_the_thing_was_seen(reds) -> None:
    text = "a dog on the left"
    found = found_by(searcher_of(*reds), text, Redness({text: 0.7}))
    assert lines(found, 1) == {
        ("scene", text, "reranker"): 0.7,
        ("phrase", "dog", "reranker"): 0.8,
        ("position", "dog: left", "reranker"): 0.7,
    }
    assert found[1].evidence[1].boxes == (LEFT,)


def test_score_and_confidence_stay_those_of_the_first_look(reds) -> None:
    searcher = searcher_of(*reds)
    before = {hit.record.image_id: hit for hit in searcher.ask(Query("a dog"))}
    for hit in found_by(searcher, "a dog", Redness()):
        first = before[hit.record.image_id]
        assert (hit.score, hit.confidence) == (first.score, first.confidence)


def test_a_score_is_the_logarithm_of_the_geometric_mean() -> None:
    assert Verdict((0.9, 0.4), ()).score == pytest.approx(math.log(0.6))
    assert Verdict((0.0, 1.0), ()).score == pytest.approx(math.log(LEAST) / 2)


def test_a_picture_of_which_a_clause_plainly_fails_moves_behind() -> None:
    half_right, doubtful = Verdict((0.99, 0.99, 0.05), ()), Verdict((0.3, 0.3, 0.3), ())
    assert half_right.score > doubtful.score
    assert order([half_right, doubtful]) == [1, 0]
    at_the_bound = Verdict((0.99, 0.99, UNMET), ())
    assert order([at_the_bound, doubtful]) == [0, 1]


def test_ties_stay_as_they_were(reds) -> None:
    searcher = searcher_of(*reds)
    before = stems(searcher.ask(Query("a dog")))
    assert stems(found_by(searcher, "a dog", Redness({"a dog": 0.7}))) == before


def test_what_must_not_be_there_is_asked_positively_and_turned(reds) -> None:
    reranker = Redness({"a dog": 0.7})
    found = found_by(searcher_of(*reds), "a dog, no cars", reranker)
    assert set(reranker.asked) == {"a dog", "cars"}
    assert stems(found) == ["20%", "40%", "60%", "80%", "100%"]
    assert lines(found)[("negation", "no cars", "reranker")] == pytest.approx(0.8)


def test_filters_alone_are_not_looked_at_again(reds) -> None:
    reranker = Redness()
    found = found_by(searcher_of(*reds), "format:jpeg", reranker)
    assert (len(found), reranker.asked, found.recheck) == (5, [], None)


def test_a_detector_has_nothing_to_look_for_in_a_scene(saved) -> None:
    beach = saved("beach", photos.flat(), whole="beach")
    assert found_by(searcher_of(beach), "beach at sunset", None, Coloured()).recheck is None


def test_only_the_best_change_places(reds) -> None:
    searcher = searcher_of(*reds)
    before = stems(searcher.ask(Query("a dog")))
    after = found_by(searcher, "a dog", Redness(), best=3)
    assert sorted(stems(after)[:3]) == sorted(before[:3])
    assert stems(after)[3:] == before[3:]
    assert after.recheck.pictures == 3
    assert ("phrase", "dog", "vector") in lines(after, 3)


@pytest.mark.parametrize("limit", [1, 2, 4])
def test_the_first_of_few_are_the_first_of_many(reds, limit) -> None:
    searcher = searcher_of(*reds)
    many, few = (found_by(searcher, "a dog", Redness(), limit=n) for n in (20, limit))
    assert stems(few) == stems(many)[:limit]
    assert len(few.below) <= max(limit - len(few), 1)


def test_what_lies_below_the_cut_is_not_looked_at(reds, saved) -> None:
    cat = saved("cat", photos.flat(photos.RED), part("cat", LEFT))
    found = found_by(searcher_of(*reds, cat), "a dog", Redness())
    assert [hit.record.path.stem for hit in found.below] == ["cat"]
    assert found.recheck.pictures == 5


def test_a_file_that_is_gone_keeps_its_place_and_is_warned_of(reds) -> None:
    searcher = searcher_of(*reds)
    before = stems(searcher.ask(Query("a dog")))
    lost = reds[[record.path.stem for record, _ in reds].index(before[2])][0].path
    lost.unlink()
    found = found_by(searcher, "a dog", Redness())
    assert sorted(stems(found)) == sorted(before)
    assert stems(found)[2] == before[2]
    assert found[2].evidence[0].source == "vector"
    (warning,) = found.warnings
    assert warning.startswith(
        f"1 picture could not be looked at again and keeps its place ({lost.name}: "
    )


def test_a_copy_that_is_still_there_is_looked_at(reds) -> None:
    record, vector = reds[0]
    gone = SourceFile(record.path.with_name("0 gone.png"), 1, 1)
    found = found_by(
        searcher_of((replace(record, files=(gone, *record.files)), vector)), "a dog", Redness()
    )
    assert (found.warnings, found.recheck.pictures) == ((), 1)


class Numbers(Redness):
    """Answers what it was made with, whatever it is asked."""

    def __init__(self, *numbers: float) -> None:
        super().__init__()
        self.numbers = np.array(numbers, np.float32)

    def check(self, image: Image, texts: Sequence[str]) -> NDArray[np.float32]:
        return self.numbers


class Unreached(Redness):
    def check(self, image: Image, texts: Sequence[str]) -> NDArray[np.float32]:
        raise ModelUnavailable("the server cannot be reached")


@pytest.mark.parametrize(
    "reranker",
    [ColourReranker(broken=True), Unreached(), Numbers(0.5, 0.5, 0.5), Numbers(float("nan"))],
)
def test_a_model_without_an_answer_of_use_leaves_all_as_it_was(reds, reranker) -> None:
    searcher = searcher_of(*reds)
    before = searcher.ask(Query("a dog"))
    found = found_by(searcher, "a dog", reranker)
    assert found.hits == before.hits
    (warning,) = found.warnings
    assert warning.startswith("5 pictures could not be looked at again and keep their places (")


def test_a_detector_that_answers_too_little_is_warned_of(reds) -> None:
    class Silent(Coloured):
        def detect(self, image: Image, phrases: Sequence[str]) -> list:
            return []

    found = found_by(searcher_of(*reds), "a dog", None, Silent())
    assert len(found) == 5
    assert "things/1 answered 0 of 1" in found.warnings[0]


def two(left: str, right: str) -> Image:
    """A disc of one colour beside one of another."""
    colours = {"red": photos.RED, "green": photos.GREEN, "blue": photos.BLUE}
    image = photos.shape(colour=colours[left], centre=(0.25, 0.5))
    image.paste(
        photos.shape(colour=colours[right], centre=(0.25, 0.5)).crop((0, 0, 48, 64)), (48, 0)
    )
    return image


@pytest.fixture
def pairs(saved: Saved) -> Searcher:
    """A dog left of a cat, and right of one; the index has them the wrong way round."""
    seen = part("cat", LEFT), part("dog", RIGHT)
    right = saved("right", two("red", "green"), *seen)
    wrong = saved("wrong", two("green", "red"), *reversed([part("dog", LEFT), part("cat", RIGHT)]))
    return searcher_of(right, wrong)


def test_relations_are_judged_by_the_boxes_of_the_detector(pairs) -> None:
    assert stems(pairs.ask(Query("a dog left of a cat"))) == ["wrong", "right"]
    found = found_by(pairs, "a dog left of a cat", None, Coloured())
    assert stems(found) == ["right", "wrong"]
    best, other = lines(found), lines(found, 1)
    assert best[("relation", "dog left of cat", "detector")] > 0.8
    assert other[("relation", "dog left of cat", "detector")] < UNMET
    dog = next(one for one in found[0].evidence if one.clause == "dog")
    assert (dog.source, len(dog.boxes)) == ("detector", 1)
    assert dog.boxes[0].x1 < 0.5
    assert ("scene", "a dog left of a cat", "vector") in best


def test_counts_are_judged_by_the_boxes_of_the_detector(saved) -> None:
    one = saved("one", photos.shape())
    both = saved("both", two("red", "red"))
    found = found_by(searcher_of(one, both), "two dogs", None, Coloured())
    assert stems(found) == ["both", "one"]
    assert lines(found)[("count", "2 dog", "detector")] > 0.5 > UNMET
    assert lines(found, 1)[("count", "2 dog", "detector")] < UNMET


def test_what_must_not_be_there_is_looked_for_too(saved) -> None:
    alone, beside = saved("alone", photos.shape()), saved("beside", two("red", "blue"))
    found = found_by(searcher_of(beside, alone), "a dog, no cars", None, Coloured())
    assert stems(found) == ["alone", "beside"]
    assert lines(found)[("negation", "no cars", "detector")] == 1.0


def test_a_thing_that_is_only_denied_a_place_may_be_missing(saved) -> None:
    alone, beside = saved("alone", photos.shape()), saved("beside", two("red", "green"))
    found = found_by(searcher_of(beside, alone), "a dog not next to a cat", None, Coloured())
    assert stems(found) == ["alone", "beside"]
    assert lines(found)[("phrase", "cat", "detector")] == 0


def test_both_share_the_work(pairs) -> None:
    reranker = Redness({"a dog left of a cat": 0.6, "a dog": 0.7, "a cat": 0.8})
    found = found_by(pairs, "a dog left of a cat", reranker, Coloured())
    assert set(reranker.asked) == {"a dog left of a cat", "a dog", "a cat"}
    told = [(one.kind, one.clause, one.source) for one in found[0].evidence]
    assert told == [
        ("scene", "a dog left of a cat", "reranker"),
        ("phrase", "dog", "detector"),
        ("phrase", "dog", "reranker"),
        ("phrase", "cat", "detector"),
        ("phrase", "cat", "reranker"),
        ("relation", "dog left of cat", "detector"),
    ]
    assert found.recheck.models == ("redness/1", "things/1")
    assert all(not one.boxes for one in found[0].evidence if one.source == "reranker")


def test_of_or_each_picture_is_judged_as_what_it_was_found(saved) -> None:
    dog = saved("dog", photos.flat((102, 0, 0)))
    cat = saved("cat", photos.flat((204, 0, 0)), part("cat", LEFT))
    car = saved("car", photos.flat((255, 0, 0)), part("car", LEFT))
    searcher, reranker = searcher_of(dog, cat, car), Redness()
    found = found_by(searcher, "a dog OR a cat", reranker)
    assert stems(found) == ["cat", "dog"]
    assert sorted(reranker.asked) == ["a cat", "a dog"]
    assert lines(found)[("phrase", "cat", "reranker")] == 0.8


def test_pictures_to_be_like_are_no_words_to_check(reds) -> None:
    searcher, reranker = searcher_of(*reds), Redness()
    query = Query("a dog", like_ids=(reds[0][0].image_id,))
    found = searcher.ask(query, second=SecondLook(reranker, None))
    assert (reranker.asked, found.recheck) == ([], None)


def test_a_batch_is_checked_query_by_query(reds) -> None:
    second = SecondLook(Redness(), None)
    first, other = searcher_of(*reds).by_text(["a dog", "format:jpeg"], second=second)
    assert stems(first)[0] == "100%"
    assert other.recheck is None


def test_the_pictures_are_looked_at_together(reds) -> None:
    met = Barrier(len(reds), timeout=20)

    class Patient(Redness):
        def check(self, image: Image, texts: Sequence[str]) -> NDArray[np.float32]:
            met.wait()  # until all five are being looked at
            return super().check(image, texts)

    assert found_by(searcher_of(*reds), "a dog", Patient()).recheck.pictures == 5


def test_the_time_of_a_search_holds_that_of_its_second_look(reds) -> None:
    assert found_by(searcher_of(*reds), "a dog", ColourReranker(seconds=0.2)).took_ms >= 200


def test_a_clause_that_the_first_look_did_not_judge_is_told_first() -> None:
    asked = statements(parse("a dog"))
    before = [Evidence("phrase", "dog", 0.4, "region", (LEFT,))]
    told = list(retold(before, asked, [0.8]))
    assert [(one.kind, one.degree, one.source) for one in told] == [
        ("scene", 0.8, "reranker"),
        ("phrase", 0.8, "reranker"),
    ]
    assert list(retold(before, asked, [])) == before


def test_boxes_on_a_picture_carry_what_was_said_of_them_alone() -> None:
    by_both = [
        Evidence("phrase", "dog", 0.4, "detector", (LEFT,)),
        Evidence("phrase", "dog", 0.8, "reranker"),
    ]
    assert [mark.label for mark in marks_of(by_both)] == ["dog 40%"]
    region = [Evidence("phrase", "dog", 0.8, "reranker", (LEFT,))]
    assert [mark.label for mark in marks_of(region)] == ["dog"]


DEGREES = st.lists(st.floats(0, 1), max_size=4).map(tuple)
VERDICTS = st.lists(st.none() | DEGREES.map(lambda degrees: Verdict(degrees, ())), max_size=12)


@given(VERDICTS)
def test_an_order_loses_none_and_moves_none_that_was_not_judged(verdicts) -> None:
    found = order(verdicts)
    assert sorted(found) == list(range(len(verdicts)))
    assert all(found[place] == place for place, one in enumerate(verdicts) if one is None)
    judged = [verdicts[old] for old in found if verdicts[old] is not None]
    keys = [(one.fails, -one.score) for one in judged]
    assert keys == sorted(keys)


@pytest.mark.parametrize("seed", range(6))
def test_a_second_look_gives_back_every_hit(reds, saved, seed) -> None:
    random = np.random.default_rng(seed)
    cats = [
        saved(f"cat {n}", two("red", "green"), part("dog"), part("cat", RIGHT)) for n in range(4)
    ]
    for record, _ in (*reds, *cats):
        if random.random() < 0.3:
            record.path.write_bytes(b"no picture")
    searcher, text = searcher_of(*reds, *cats), "a dog left of a cat"
    wild = Numbers(*random.random(3))
    found = found_by(searcher, text, wild, Coloured(), best=int(random.integers(1, 12)))
    first = searcher.ask(Query(text))
    assert sorted(stems(found)) == sorted(stems(first))
    assert [hit.rank for hit in found] == list(range(1, len(first) + 1))
    assert [hit.record for hit in found.below] == [hit.record for hit in first.below]
