from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mirada.search.assign import MISSING, Sightings, Weights, assign
from mirada.search.geometry import RELATIONS, between, position, relation
from mirada.types import ParsedQuery, Phrase, Relation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LEFT, MIDDLE, RIGHT = (0.0, 0.4, 0.2, 0.6), (0.4, 0.4, 0.6, 0.6), (0.8, 0.4, 1.0, 0.6)
DOG, MAN, CAR = (Phrase(word, word) for word in ("dog", "man", "car"))
SURE, NOT = 0.97, 1e-4


def query(*phrases: Phrase, **more: Any) -> ParsedQuery:
    return ParsedQuery("", "en", "", phrases=phrases, **more)


def seen(
    boxes: Sequence[Sequence[tuple[float, ...]]],
    phrases: Any = (),
    negations: Any = (),
) -> Sightings:
    """From probabilities (phrases, images, regions) of images with equally many regions."""
    rows = np.array(boxes, float)
    count, regions = rows.shape[:2]

    def logs(chances: Any) -> NDArray[np.float64]:
        return np.log(np.array(chances, float).reshape(-1, count, regions))

    present = np.ones((count, regions), bool)
    return Sightings(logs(phrases), logs(negations), rows, present, np.zeros(count))


def test_the_region_that_shows_the_thing_is_chosen() -> None:
    found = assign(query(DOG), seen([[LEFT, RIGHT]], [[[0.1, 0.9]]]))
    assert found.regions.tolist() == [[1]]
    assert found.phrases[0] == pytest.approx(np.log(0.9))


def test_regions_that_may_show_it_too_count_as_well() -> None:
    found = assign(query(DOG), seen([[LEFT, RIGHT]], [[[0.1, 0.9]]]))
    assert found.total[0] == pytest.approx(np.log(0.1 + 0.9 + np.exp(-4)))
    assert found.others[0] == pytest.approx(found.total[0] - np.log(0.9))


def test_the_dog_on_the_left_is_chosen_over_a_slightly_surer_one_on_the_right() -> None:
    asked = query(Phrase("dog", "dog", pos=("left",)))
    found = assign(asked, seen([[LEFT, RIGHT]], [[[0.8, 0.9]]]))
    assert found.regions.tolist() == [[0]]
    assert found.position_degrees.tolist() == [[1.0]]


def test_of_two_images_the_one_with_the_dog_left_of_the_man_is_better() -> None:
    asked = query(DOG, MAN, relations=(Relation("left_of", 0, (1,)),))
    chances = [[[SURE, NOT], [NOT, SURE]], [[NOT, SURE], [SURE, NOT]]]
    found = assign(asked, seen([[LEFT, RIGHT]] * 2, chances))
    assert found.regions.tolist() == [[0, 1], [1, 0]]
    assert found.total[0] > found.total[1] + 2
    assert found.relation_degrees[0, 0] > 0.9
    assert found.relation_degrees[1, 0] < 0.01


def test_the_man_who_stands_right_is_chosen_for_the_relations_sake() -> None:
    asked = query(DOG, MAN, relations=(Relation("left_of", 0, (1,)),))
    chances = [[[NOT, SURE, NOT]], [[SURE, NOT, 0.7]]]
    found = assign(asked, seen([[LEFT, MIDDLE, RIGHT]], chances))
    assert found.regions.tolist() == [[1, 2]]


def test_a_thing_between_two_others() -> None:
    asked = query(DOG, MAN, CAR, relations=(Relation("between", 0, (1, 2)),))
    chances = [[[0.9, 0.5, NOT]], [[0.9, NOT, NOT]], [[NOT, NOT, 0.9]]]
    found = assign(asked, seen([[LEFT, MIDDLE, RIGHT]], chances))
    assert found.regions.tolist() == [[1, 0, 2]]
    assert found.relation_degrees[0, 0] > 0.9


def test_a_thing_between_two_of_a_kind() -> None:
    asked = query(DOG, Phrase("men", "man", count="2"), relations=(Relation("between", 0, (1,)),))
    men = [[SURE, NOT, SURE], [SURE, NOT, NOT]]
    found = assign(asked, seen([[LEFT, MIDDLE, RIGHT]] * 2, [[[NOT, SURE, NOT]] * 2, men]))
    assert found.relation_degrees[0, 0] > 0.9
    assert found.relation_degrees[1, 0] < 0.01
    assert found.count_chances[:, 1] == pytest.approx([0.94, 0.0], abs=0.01)


def test_a_missing_phrase_costs_a_bounded_penalty() -> None:
    with np.errstate(divide="ignore"):
        lacking = seen([[LEFT, RIGHT]], [[[SURE, 0.5]], [[0.0, 0.0]]])
    found = assign(query(DOG, MAN), lacking)
    assert found.regions.tolist() == [[0, MISSING]]
    assert found.phrases[0] == pytest.approx((np.log(SURE) - 4) / np.sqrt(2))
    assert found.total[0] > found.phrases[0] > -3


def test_a_relation_is_not_met_by_what_is_missing_but_its_opposite_is() -> None:
    chances = [[[SURE]], [[1e-6]]]
    plain, negated = (
        assign(
            query(DOG, MAN, relations=(Relation("next_to", 0, (1,), negated=one),)),
            seen([[LEFT]], chances),
        )
        for one in (False, True)
    )
    assert plain.regions.tolist() == negated.regions.tolist() == [[0, MISSING]]
    assert plain.relation_degrees.tolist() == [[0.0]]
    assert negated.relation_degrees.tolist() == [[1.0]]


def test_one_region_is_not_in_a_relation_with_itself() -> None:
    for negated in (False, True):
        asked = query(DOG, MAN, relations=(Relation("touching", 0, (1,), negated=negated),))
        found = assign(asked, seen([[LEFT]], [[[SURE]], [[SURE]]]))
        assert MISSING in found.regions[0] or found.relation_degrees[0, 0] == 0


def test_two_cats_are_better_than_one_and_than_three() -> None:
    asked = query(Phrase("cats", "cat", count="2"))
    chances = [[SURE, NOT, NOT], [SURE, SURE, NOT], [SURE, SURE, SURE]]
    found = assign(asked, seen([[LEFT, MIDDLE, RIGHT]] * 3, [chances]))
    assert found.total.argmax() == 1
    assert found.count_chances[1, 0] == pytest.approx(SURE**2, abs=1e-3)


def test_what_must_not_be_seen_costs_by_its_surest_region() -> None:
    found = assign(
        query(negations=(DOG,)), seen([[LEFT, RIGHT]] * 2, negations=[[[0.1, 0.9], [0.1, 0.2]]])
    )
    assert found.negation_chances.tolist() == pytest.approx(np.array([[0.9], [0.2]]))
    assert found.negation_regions.tolist() == [[1], [1]]
    assert found.total == pytest.approx(np.log(1 - 0.98 * np.array([0.9, 0.2])))


def test_no_dog_on_the_left_does_not_mind_one_on_the_right() -> None:
    asked = query(negations=(Phrase("dog", "dog", pos=("left",)),))
    found = assign(asked, seen([[LEFT, RIGHT]] * 2, negations=[[[NOT, SURE], [SURE, NOT]]]))
    assert found.total[0] > -0.01
    assert found.total[1] < -2


def test_the_scene_is_added_and_alone_where_nothing_else_is_asked() -> None:
    plain = seen([[LEFT]] * 2)
    given_ = replace(plain, scene=np.array([-1.0, -3]))
    assert assign(query(), given_).total.tolist() == [-1, -3]
    assert assign(query(), given_, Weights(scene=2)).total.tolist() == [-2, -6]


def test_relations_of_things_that_are_not_there_are_left_out() -> None:
    odd = (Relation("left_of", 0, (0,)), Relation("left_of", 0, (7,)), Relation("between", 0, ()))
    found = assign(query(DOG, relations=odd), seen([[LEFT]], [[[SURE]]]))
    assert found.phrases[0] == pytest.approx(np.log(SURE))
    assert found.relation_degrees.tolist() == [[1, 1, 1]]


def test_no_images_and_no_regions_are_no_error() -> None:
    asked = query(
        Phrase("dog", "dog", count="2", pos=("left",)),
        MAN,
        relations=(Relation("left_of", 0, (1,)), Relation("between", 0, (1,))),
        negations=(CAR,),
    )
    for images, regions in ((0, 0), (0, 3), (2, 0)):
        shape = images, regions
        empty = Sightings(
            np.zeros((2, *shape)),
            np.zeros((1, *shape)),
            np.zeros((*shape, 4)),
            np.ones(shape, bool),
            np.zeros(images),
        )
        found = assign(asked, empty)
        assert found.total.shape == (images,)
        assert (found.regions == MISSING).all()


def test_padding_is_never_chosen_counted_or_held_against_an_image() -> None:
    asked = query(
        Phrase("dog", "dog", count="1"),
        MAN,
        relations=(Relation("left_of", 0, (1,)),),
        negations=(CAR,),
    )
    alone = seen([[LEFT, RIGHT]], [[[SURE, NOT]], [[NOT, SURE]]], [[[0.1, 0.2]]])
    padded = Sightings(
        np.pad(alone.phrases, ((0, 0), (0, 0), (0, 3))),  # log 1: a sure match, if it counted
        np.pad(alone.negations, ((0, 0), (0, 0), (0, 3))),
        np.pad(alone.boxes, ((0, 0), (0, 3), (0, 0)), constant_values=np.nan),
        np.pad(alone.present, ((0, 0), (0, 3))),
        alone.scene,
    )
    one, other = assign(asked, alone), assign(asked, padded)
    assert one.total == pytest.approx(other.total)
    assert one.regions.tolist() == other.regions.tolist()


def exhaustive(asked: ParsedQuery, given_: Sightings, image: int, weights: Weights) -> float:
    """The joint part of one image's score: every choice of regions, one by one."""
    boxes = given_.boxes[image]
    count = int(given_.present[image].sum())
    single = given_.phrases[:, image, :count].copy()
    for place, phrase in enumerate(asked.phrases):
        degree = np.prod([position(name, boxes[:count]) for name in phrase.pos], axis=0)
        single[place] += weights.position * np.log(weights.least + (1 - weights.least) * degree)
    tables = [degrees_of(one, boxes) for one in asked.relations]
    values = []
    for choice in product((*range(count), None), repeat=len(asked.phrases)):
        value = sum(
            weights.missing if region is None else single[place, region]
            for place, region in enumerate(choice)
        )
        for one, table in zip(asked.relations, tables, strict=True):
            degree = degree_of(one, choice, table)
            value += weights.relation * math.log(weights.least + (1 - weights.least) * degree)
        values.append(value)
    return float(np.logaddexp.reduce(values) / math.sqrt(len(asked.phrases)))


def degrees_of(one: Relation, boxes: NDArray[np.floating]) -> NDArray[np.float64]:
    if one.rel == "between":
        return between(boxes, boxes, boxes)
    return relation(one.rel, boxes, boxes)


def degree_of(one: Relation, choice: Sequence[int | None], table: NDArray[np.float64]) -> float:
    """The degree of a relation among the regions chosen for all phrases."""
    regions = [choice[phrase] for phrase in (one.subj, *one.objs)]
    taken = [region for region in regions if region is not None]
    if len(set(taken)) < len(taken):
        return 0.0
    if None in regions:
        return float(one.negated)
    degree = float(table[tuple(regions)])
    return 1 - degree if one.negated else degree


@st.composite
def cases(draw: st.DrawFn) -> tuple[ParsedQuery, Sightings]:
    """Up to four phrases with positions and relations over two images of up to five regions."""
    count, regions = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    names = draw(st.lists(st.sampled_from(("left", "top", None)), min_size=count, max_size=count))
    phrases = [Phrase("x", "x", pos=(name,) if name else ()) for name in names]
    relations = []
    for _ in range(draw(st.integers(0, 3))):
        order = draw(st.permutations(range(count)))
        negated = draw(st.booleans())
        if count >= 2:
            rel = draw(st.sampled_from(sorted(RELATIONS)))
            relations.append(Relation(rel, order[0], (order[1],), negated))
        if count >= 3 and draw(st.booleans()):
            relations.append(Relation("between", order[0], (order[1], order[2]), negated))
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    low = random.uniform(0, 0.7, (2, regions, 2))
    boxes = np.concatenate([low, low + random.uniform(0.05, 0.3, low.shape)], -1)
    present = np.arange(regions) < np.array([[regions], [draw(st.integers(0, regions))]])
    logs = -random.exponential(2, (count, 2, regions))
    asked = query(*phrases, relations=tuple(relations))
    return asked, Sightings(logs, logs[:0], boxes, present, np.zeros(2))


@settings(max_examples=60, deadline=None)
@given(cases())
def test_the_score_is_the_sum_over_all_choices(case: tuple[ParsedQuery, Sightings]) -> None:
    asked, given_ = case
    weights = Weights(states=10_000)
    found = assign(asked, given_, weights)
    for image in range(2):
        expected = exhaustive(asked, given_, image, weights)
        assert found.total[image] == pytest.approx(expected)


@settings(max_examples=60, deadline=None)
@given(cases())
def test_the_chosen_regions_are_those_that_the_parts_tell_of(
    case: tuple[ParsedQuery, Sightings],
) -> None:
    asked, given_ = case
    found = assign(asked, given_)
    for image in range(2):
        chosen = [None if one == MISSING else int(one) for one in found.regions[image]]
        assert all(one is None or given_.present[image, one] for one in chosen)
        for place, one in enumerate(asked.relations):
            expected = degree_of(one, chosen, degrees_of(one, given_.boxes[image]))
            assert found.relation_degrees[image, place] == pytest.approx(expected)


def test_five_joined_phrases_lose_little_to_the_states_left_out() -> None:
    random = np.random.default_rng(1)
    low = random.uniform(0, 0.7, (6, 4, 2))
    boxes = np.concatenate([low, low + 0.2], -1)
    logs = -random.exponential(2, (5, 6, 4))
    relations = tuple(Relation("left_of", one, (one + 1,)) for one in range(4))
    asked = query(*([DOG] * 5), relations=relations)
    given_ = Sightings(logs, logs[:0], boxes, np.ones((6, 4), bool), np.zeros(6))
    found = assign(asked, given_).total
    all_ = [exhaustive(asked, given_, image, Weights()) for image in range(6)]
    assert found == pytest.approx(all_, abs=0.15)
