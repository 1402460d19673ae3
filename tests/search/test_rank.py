from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mirada.search.assign import MISSING
from mirada.search.candidates import Candidates
from mirada.search.query import parse
from mirada.search.rank import (
    Constants,
    Looked,
    Ranker,
    colours_of,
    is_directed,
    located,
    wanted,
    with_whole,
)
from mirada.types import Box, Phrase
from tests.search.axes import (
    LEFT,
    RIGHT,
    AxesEncoder,
    Picture,
    PlainEncoder,
    on,
    part,
    picture,
    presence,
    store_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mirada.types import Matrix, Parts

ONCE = Constants(presence=0)  # places and likeness alone


class Told:
    """Stands in for a `Presence`: log odds by the text of a phrase, one for each image."""

    def __init__(self, odds: Mapping[str, Sequence[float]], **thresholds: float) -> None:
        self._odds, self._thresholds = odds, thresholds

    def __call__(self, phrases: Sequence[Phrase], *rest: object) -> Matrix:
        return np.array([self._odds[one.text] for one in phrases], np.float32)

    def thresholds(self, phrases: Sequence[Phrase], *rest: object) -> Matrix:
        return np.array([self._thresholds[one.text] for one in phrases], np.float32)


def look(
    text: str, *pictures: Picture, judge: Any = None, constants: Constants | None = None
) -> Looked:
    """At pictures to which vector and words of the whole give the same, none."""
    query, store = parse(text), store_of(*pictures)
    ids = tuple(record.image_id for record, _ in pictures)
    nothing = np.zeros(len(ids), np.float32)
    vector = on(*query.full_text.split()) if query.full_text else None
    candidates = Candidates(ids, nothing, nothing, store.vectors(ids))
    ranker = Ranker(AxesEncoder(), judge, constants)
    return ranker.look(query, vector, candidates, store.parts(ids))


def parts_of(*pictures: Picture) -> tuple[Parts, Matrix]:
    store, ids = store_of(*pictures), [record.image_id for record, _ in pictures]
    return store.parts(ids), store.vectors(ids)


def test_the_picture_with_the_thing_where_it_is_asked_for_comes_first() -> None:
    right = picture("right", part("dog", RIGHT))
    left = picture("left", part("dog", LEFT))
    totals = look("dog on the left", right, left, picture("none", part("car", LEFT))).totals
    assert totals.argmax() == 1
    assert totals.argmin() == 2


def test_the_order_of_two_things_counts() -> None:
    one = picture("one", part("dog", LEFT), part("man", RIGHT))
    other = picture("other", part("man", LEFT), part("dog", RIGHT))
    first, second = look("a dog left of a man", one, other).totals
    assert first > second
    first, second = look("a dog right of a man", one, other).totals
    assert first < second


def test_the_likeness_of_the_whole_enters_as_it_is() -> None:
    query, (parts, vectors) = parse("beach scene"), parts_of(picture("a"), picture("b"))
    scores = np.array([0.25, 0.75], np.float32)
    candidates = Candidates(("a", "b"), scores, np.zeros(2, np.float32), vectors)
    totals = Ranker(AxesEncoder(), None, ONCE).look(query, on("beach"), candidates, parts).totals
    assert totals[1] - totals[0] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("text", "directed"),
    [
        ("dog on the left", True),
        ("a dog left of a man", True),
        ("a dog between two cars", True),
        ("a dog next to a man", False),
        ("a dog and a man", False),
        ("sunset", False),
        ("no dog on the left", False),
    ],
)
def test_queries_of_places_and_directions_are_directed(text: str, directed: bool) -> None:
    assert is_directed(parse(text)) == directed


def test_clauses_weigh_more_where_places_are_asked_for() -> None:
    dog, none = picture("dog", part("dog", LEFT)), picture("none", part("car", LEFT))

    def apart(text: str, **constants: float) -> float:
        looked = look(text, dog, none, constants=Constants(presence=0, **constants))
        return float(looked.totals[0] - looked.totals[1])

    assert apart("dog on the left", directed=0.4) == pytest.approx(
        2 * apart("dog on the left", directed=0.2)
    )
    assert apart("dog on the left", close=9) == apart("dog on the left")
    assert apart("dog", close=0.4) == pytest.approx(2 * apart("dog", close=0.2))
    assert apart("dog", directed=9) == apart("dog")
    assert Constants().directed > Constants().close


def test_located_phrases_never_get_the_whole_image() -> None:
    whole = picture("whole", part("car", RIGHT), whole="dog")
    assert look("dog", whole).clauses.regions.tolist() == [[0]]
    assert look("dog on the left", whole).clauses.regions[0, 0] != 0
    assert 0 not in look("a dog left of a car", whole).clauses.regions


def test_where_nothing_has_regions_the_whole_image_is_all_there_is() -> None:
    looked = look("dog on the left", picture("dog", whole="dog"), picture("cat", whole="cat"))
    assert looked.clauses.regions[0].tolist() == [0]
    assert looked.totals[0] > looked.totals[1]


def test_phrases_with_a_place_or_a_relation_are_located() -> None:
    assert located(parse("a dog left of a man")) == [0, 1]
    assert located(parse("dog on the left")) == [0]
    assert located(parse("a dog and a man")) == []


def test_a_region_of_the_colour_asked_for_is_taken() -> None:
    both = picture("both", part("car", LEFT, "blue"), part("car", RIGHT, "red"), whole="beach")
    blue, red = (look(f"a {colour} car", both) for colour in ("blue", "red"))
    sides = [float(one.parts.boxes[0, one.clauses.regions[0, 0], 0]) for one in (blue, red)]
    assert sides == pytest.approx([LEFT.x0, RIGHT.x0])


def test_another_colour_costs_what_the_constants_say() -> None:
    red, blue = picture("red", part("car", LEFT, "red")), picture("blue", part("car", LEFT, "blue"))
    constants = Constants(presence=0, colour=0.5, faint=0.1)
    clauses = look("red car on the left", red, blue, constants=constants).clauses
    assert clauses.phrase_logs[0, 0] - clauses.phrase_logs[1, 0] == pytest.approx(
        -0.5 * np.log(0.1), abs=1e-5
    )


def test_a_region_without_a_palette_is_not_blamed_for_its_colour() -> None:
    plain, red = picture("plain", part("car", LEFT)), picture("red", part("car", LEFT, "red"))
    clauses = look("red car on the left", plain, red).clauses
    assert clauses.phrase_logs[0] == pytest.approx(clauses.phrase_logs[1])


@pytest.mark.parametrize(
    ("attrs", "language", "places"),
    [
        (("red",), "en", [3]),
        (("big", "black", "white"), "en", [0, 1]),
        (("rojo",), "es", [3]),
        (("rojas",), "es", [3]),
        (("shiny",), "en", []),
        ((), "en", []),
    ],
)
def test_colours_are_known_in_both_languages(
    attrs: tuple[str, ...], language: str, places: list[int]
) -> None:
    assert colours_of(Phrase("x", "x", attrs), language) == places


def test_wanted_are_the_things_and_the_scene() -> None:
    assert [one.text for one in wanted(parse("a dog and a man"))] == ["dog", "man"]
    assert [one.text for one in wanted(parse("sunset"))] == ["sunset"]
    assert wanted(parse("no dog")) == ()


def sure(text: str, *odds: float) -> float:
    """Confidence of one picture whose vector says nothing either way."""
    judge = Told({"dog": odds[:1], "man": odds[1:]})
    looked = look(text, picture("p", part("dog", LEFT), part("man", RIGHT)), judge=judge)
    assert looked.confidences is not None
    return float(looked.confidences[0])


def test_the_confidence_rises_with_the_odds_of_the_thing() -> None:
    found = [sure("dog", odds) for odds in (-6, -2, 0, 2, 6)]
    assert found == sorted(found)
    assert found[0] < Constants().cut < 0.95 < found[-1]


def test_the_confidence_of_one_thing_is_a_logistic_of_its_odds() -> None:
    constants = Constants()
    expected = 1 / (1 + np.exp(-(constants.scale * 1.5 + constants.offset)))
    assert sure("dog", 1.5) == pytest.approx(expected)


@pytest.mark.parametrize("missing", [0, 1])
def test_a_thing_that_is_missing_makes_the_other_worth_nothing(missing: int) -> None:
    odds = [5.0, 5.0]
    odds[missing] = -12.0
    spoilt, met = sure("a dog and a man", *odds), sure("a dog and a man", 5, 5)
    assert spoilt < 0.3 * met


@pytest.mark.parametrize("odds", [(5.0, -3.0), (-3.0, 5.0), (1.0, 0.0)])
def test_the_thing_least_sure_to_be_there_counts_most(odds: tuple[float, float]) -> None:
    least, middle = min(odds), sum(odds) / 2
    found = sure("a dog and a man", *odds)
    assert sure("a dog and a man", least, least) < found < sure("a dog and a man", middle, middle)


def test_a_place_that_is_not_met_lowers_the_confidence() -> None:
    left, right = (picture(name, part("dog", box)) for name, box in (("l", LEFT), ("r", RIGHT)))
    looked = look("dog on the left", left, right, judge=Told({"dog": [4, 4]}))
    assert looked.confidences is not None
    met, failed = looked.confidences
    assert failed == pytest.approx(Constants().unmet * met, rel=0.01)


def test_a_place_is_not_met_by_a_thing_that_no_region_shows() -> None:
    other = picture("other", part("car", RIGHT), whole="dog")
    looked = look(
        "dog on the left", other, picture("l", part("dog", LEFT)), judge=Told({"dog": [4, 4]})
    )
    assert looked.clauses.regions[0, 0] == MISSING
    assert looked.confidences is not None
    assert looked.confidences[0] == pytest.approx(
        Constants().unmet * looked.confidences[1], rel=0.01
    )


def test_a_relation_that_is_not_met_lowers_the_confidence() -> None:
    one = picture("one", part("dog", LEFT), part("man", RIGHT))
    judge = Told({"dog": [4], "man": [4]})
    right = look("a dog right of a man", one, judge=judge).confidences
    left = look("a dog left of a man", one, judge=judge).confidences
    assert right is not None
    assert left is not None
    assert right[0] < 0.5 * left[0]


def test_without_learnt_tags_the_whole_image_says_how_sure_it_is() -> None:
    looked = look("dog", picture("dog", whole="dog"), picture("cat", whole="cat"))
    assert looked.confidences is not None
    assert looked.by_whole is not None
    assert looked.confidences.tolist() == looked.by_whole.tolist()
    assert looked.confidences[0] > 0.9
    assert looked.confidences[1] < 0.1


def test_an_encoder_that_knows_no_chances_tells_no_confidence_and_removes_nothing() -> None:
    dog = picture("dog", whole="dog")
    (record, vector), query = dog, parse("man no dog")
    nothing = np.zeros(1, np.float32)
    found = Candidates((record.image_id,), nothing, nothing, vector[None])
    looked = Ranker(PlainEncoder(), None).look(query, on("man"), found, parts_of(dog)[0])
    assert looked.confidences is None
    assert looked.kept.all()


def test_what_must_not_be_there_is_removed_from_its_threshold_on() -> None:
    three = [picture(name, whole="car") for name in "abc"]
    judge = Told({"dog": [-1, 0.5, 2]}, dog=0.5)
    assert look("no dog", *three, judge=judge).kept.tolist() == [True, False, False]


def test_a_threshold_never_lies_below_what_is_plainly_absent() -> None:
    three = [picture(name, whole="car") for name in "abc"]
    judge = Told({"dog": [-9, -6, -4]}, dog=-20)
    assert look("no dog", *three, judge=judge).kept.tolist() == [True, True, False]


def test_each_of_several_negations_removes() -> None:
    three = [picture(name, whole="car") for name in "abc"]
    judge = Told({"dog": [3, -3, -3], "cat": [-3, 3, -3]}, dog=0, cat=0)
    assert look("no dog no cat", *three, judge=judge).kept.tolist() == [False, False, True]


def test_no_dog_on_the_left_minds_dogs_on_the_left_alone() -> None:
    left, right = (picture(name, part("dog", box)) for name, box in (("l", LEFT), ("r", RIGHT)))
    car = picture("car", part("car", LEFT))
    looked = look("no dog on the left", left, right, car, judge=presence())
    assert looked.kept.tolist() == [False, True, True]


def test_a_dog_somewhere_is_not_a_dog_in_the_foreground() -> None:
    far = picture("far", part("dog", Box(0.45, 0.1, 0.55, 0.2)), whole="dog")
    near = picture("near", part("dog", Box(0.1, 0.4, 0.9, 1.0)), whole="dog")
    looked = look("no dog in the foreground", far, near, judge=presence())
    assert looked.kept.tolist() == [True, False]


def test_the_whole_image_stands_before_its_regions() -> None:
    parts, vectors = parts_of(picture("a", part("dog", LEFT)), picture("b", whole="cat"))
    whole = with_whole(parts, vectors)
    assert whole.boxes[:, 0].tolist() == [[0, 0, 1, 1]] * 2
    assert whole.present.tolist() == [[True, True], [True, False]]
    np.testing.assert_array_equal(whole.vectors[:, 0], vectors)
    np.testing.assert_array_equal(whole.vectors[:, 1:], parts.vectors)


@pytest.mark.parametrize("text", ["dog", "dog on the left", "a dog left of a man", "no dog", ""])
def test_no_candidates_are_looked_at_without_complaint(text: str) -> None:
    query, (parts, vectors) = parse(text), parts_of(picture("a", part("dog", LEFT)))
    none = Candidates((), np.zeros(0, np.float32), np.zeros(0, np.float32), vectors[:0])
    cut = type(parts)(parts.boxes[:0], parts.vectors[:0], parts.present[:0], parts.colours[:0])
    looked = Ranker(AxesEncoder(), presence()).look(query, on("dog"), none, cut)
    assert looked.totals.shape == (0,)


@pytest.mark.parametrize(
    "text", ["sunset", "dog", "two dogs", "a red dog above a cat", "", "no dog"]
)
def test_a_picture_scores_the_same_among_others_as_alone(text: str) -> None:
    one = picture("one", part("dog", LEFT, "red"), part("man", RIGHT))
    other = picture("other", part("cat"), part("car", LEFT), part("dog", RIGHT))
    both = look(text, one, other, judge=presence()).totals
    alone = [look(text, each, judge=presence()).totals[0] for each in (one, other)]
    assert both == pytest.approx(alone, abs=1e-5)
