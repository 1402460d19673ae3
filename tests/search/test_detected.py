from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mirada.search.assign import MISSING, assign
from mirada.search.candidates import Candidates
from mirada.search.detected import detected_sightings, look_again, only, sought
from mirada.search.explain import explain
from mirada.search.query import parse
from mirada.search.rank import Constants, Looked, Ranker
from mirada.types import Box, Evidence, ParsedQuery, Phrase, Proposal
from tests.search.axes import (
    LEFT,
    MIDDLE,
    RIGHT,
    AxesEncoder,
    Picture,
    on,
    part,
    picture,
    presence,
    store_of,
)

MAN, DOG = picture("man", part("man", LEFT)), picture("dog", part("dog", RIGHT))


def at(box: Box, confidence: float = 0.8) -> Proposal:
    return Proposal(box, confidence)


def first_look(query: ParsedQuery, *pictures: Picture) -> tuple[Candidates, Looked]:
    store, ids = store_of(*pictures), tuple(record.image_id for record, _ in pictures)
    nothing = np.zeros(len(ids), np.float32)
    candidates = Candidates(ids, nothing, nothing, store.vectors(ids))
    ranker = Ranker(AxesEncoder(), presence())
    vector = on(*query.full_text.split()) if query.full_text else None
    return candidates, ranker.look(query, vector, candidates, store.parts(ids))


def told(query: ParsedQuery, found: list[list[Proposal]], row: int = 0) -> list[Evidence]:
    candidates, looked = first_look(query, MAN, DOG)
    return list(explain(query, only(candidates, row), look_again(query, found, looked, row), 0))


def of(kind: str, evidence: list[Evidence]) -> Evidence:
    (one,) = (one for one in evidence if one.kind == kind)
    return one


def test_a_detector_looks_for_the_things_and_then_for_what_must_not_be() -> None:
    assert sought(parse("two big dogs left of a man no red car")) == ("big dogs", "man", "red car")
    assert sought(parse("date:2020")) == ()


def test_each_box_shows_its_own_thing_as_surely_as_the_detector_says() -> None:
    query = parse("a dog left of a man no cat")
    seen = detected_sightings(query, [[at(LEFT, 0.5)], [at(RIGHT, 0.25)], [at(MIDDLE, 0.1)]], -2.0)
    assert seen.boxes.shape == (1, 4, 4)
    np.testing.assert_allclose(seen.boxes[0], [[0, 0, 1, 1], *map(row, (LEFT, RIGHT, MIDDLE))])
    np.testing.assert_allclose(np.exp(seen.phrases[:, 0]), [[0, 0.5, 0, 0], [0, 0, 0.25, 0]])
    np.testing.assert_allclose(np.exp(seen.negations[:, 0]), [[0, 0, 0, 0.1]])
    assert seen.present.all()
    assert seen.scene.tolist() == [-2]


def test_boxes_of_several_things_over_one_place_are_one_region() -> None:
    """The surer one says where it is; a box beside it stays by itself."""
    near = Box(0.01, 0.4, 0.2, 0.6)
    query = parse("a dog left of an animal")
    seen = detected_sightings(query, [[at(LEFT, 0.9)], [at(near, 0.4), at(RIGHT, 0.3)]], 0.0)
    np.testing.assert_allclose(seen.boxes[0, 1:], [row(LEFT), row(RIGHT)])
    np.testing.assert_allclose(np.exp(seen.phrases[:, 0, 1:]), [[0.9, 0], [0.4, 0.3]])
    found = assign(query, seen)
    assert found.regions.tolist() == [[1, 2]]  # not twice the same dog
    assert found.relation_degrees[0, 0] > 0.9


def test_relations_are_those_of_the_boxes() -> None:
    query = parse("a dog left of a man")
    right, wrong = (
        assign(query, detected_sightings(query, [[at(dog)], [at(man)]], 0.0))
        for dog, man in ((LEFT, RIGHT), (RIGHT, LEFT))
    )
    assert right.relation_degrees[0, 0] > 0.9
    assert wrong.relation_degrees[0, 0] < 0.1
    assert right.total[0] > wrong.total[0] + 1


def test_positions_choose_among_the_boxes_of_a_thing() -> None:
    query = parse("a dog on the right")
    found = assign(query, detected_sightings(query, [[at(LEFT, 0.9), at(RIGHT, 0.5)]], 0.0))
    assert found.regions.tolist() == [[2]]
    assert found.position_degrees[0, 0] > 0.8


def test_counts_are_of_the_boxes_that_were_drawn() -> None:
    query = parse("two dogs")
    boxes = [at(LEFT, 0.95), at(MIDDLE, 0.95), at(RIGHT, 0.95)]
    chances = [
        assign(query, detected_sightings(query, [boxes[:count]], 0.0)).count_chances[0, 0]
        for count in range(4)
    ]
    assert chances == pytest.approx([0, 0, 0.95**2, 3 * 0.95**2 * 0.05])


def test_what_the_detector_does_not_find_is_missing_wherever_other_things_are() -> None:
    query = parse("a dog left of a man")
    found = assign(query, detected_sightings(query, [[], [at(RIGHT)]], 0.0))
    assert found.regions.tolist() == [[MISSING, 1]]
    nothing = assign(query, detected_sightings(query, [[], []], 0.0))
    assert nothing.regions.tolist() == [[MISSING, MISSING]]
    assert np.isfinite(nothing.total).all()


def test_a_box_without_confidence_is_no_trouble() -> None:
    query = parse("a dog")
    found = assign(query, detected_sightings(query, [[at(LEFT, 0.0)]], 0.0))
    assert found.regions.tolist() == [[MISSING]]


def test_one_list_for_each_thing_is_needed() -> None:
    with pytest.raises(ValueError, match="1 lists of proposals for 2 things"):
        detected_sightings(parse("a dog no cat"), [[at(LEFT)]], 0.0)


def test_the_evidence_has_the_boxes_of_the_detector() -> None:
    query = parse("a dog left of a man no cat")
    found = told(query, [[at(LEFT, 0.7)], [at(RIGHT, 0.6)], []])
    dog, man = (one for one in found if one.kind == "phrase")
    assert (dog.boxes, dog.degree, man.boxes, man.degree) == ((LEFT,), 0.7, (RIGHT,), 0.6)
    assert of("relation", found).boxes == (LEFT, RIGHT)
    assert of("relation", found).degree > 0.9
    assert of("negation", found).degree == 1.0


def test_places_and_counts_are_told_anew_and_what_is_said_of_the_whole_stays() -> None:
    query = parse("two dogs on the right")
    candidates, looked = first_look(query, MAN, DOG)
    before = list(explain(query, candidates, looked, 1))
    after = told(query, [[at(RIGHT, 0.9), at(Box(0.7, 0, 1, 0.3), 0.9)]], row=1)
    assert of("scene", after) == of("scene", before)
    assert of("count", after).degree > 0.6 > of("count", before).degree
    assert of("position", after).degree > 0.7
    assert of("position", told(query, [[]], row=1)).degree == 0.0


def test_the_total_rises_by_what_the_boxes_say_and_so_does_the_confidence() -> None:
    query = parse("a dog left of a man")
    _, looked = first_look(query, MAN, DOG)
    good = look_again(query, [[at(LEFT, 0.9)], [at(RIGHT, 0.9)]], looked, 0)
    poor = look_again(query, [[at(RIGHT, 0.9)], [at(LEFT, 0.9)]], looked, 0)
    none = look_again(query, [[], []], looked, 0)
    assert good.totals[0] > poor.totals[0] > none.totals[0]
    assert looked.totals[0] < good.totals[0]
    for one in (good, poor, none):
        gain = one.clauses.total[0] - looked.clauses.total[0]
        assert one.totals[0] - looked.totals[0] == pytest.approx(Constants().directed * gain)
    assert looked.confidences is not None
    assert good.confidences is not None
    assert poor.confidences is not None
    assert good.confidences[0] > 3 * poor.confidences[0] > 0
    assert poor.confidences[0] == pytest.approx(looked.confidences[0])  # no relation was met before


def test_a_thing_that_is_nowhere_is_not_in_its_place_either() -> None:
    query = parse("a dog on the right")
    _, looked = first_look(query, DOG)
    found, lost = (look_again(query, [some], looked, 0) for some in ([at(RIGHT, 0.9)], []))
    assert found.confidences is not None
    assert lost.confidences is not None
    assert lost.confidences[0] < 0.4 * found.confidences[0]
    assert (found.shown[0, 0], lost.shown[0, 0]) == pytest.approx((0.9, 0.0))


def test_the_same_boxes_again_change_nothing() -> None:
    """The regions of the first look, as sure as they were: the same total and confidence."""
    query = parse("a dog on the right")
    _, looked = first_look(query, DOG)
    sure = float(np.exp(looked.clauses.phrase_logs[0, 0]))
    again = look_again(query, [[at(RIGHT, sure)]], looked, 0)
    assert again.totals[0] == pytest.approx(looked.totals[0], abs=1e-6)
    assert again.confidences is not None
    assert looked.confidences is not None
    assert again.confidences[0] == pytest.approx(looked.confidences[0], abs=1e-6)
    assert again.shown[0, 0] == pytest.approx(sure)


def test_what_must_not_be_there_and_is_found_for_sure_is_not_kept() -> None:
    query = parse("a dog no cat")
    _, looked = first_look(query, DOG)
    kept = [
        bool(look_again(query, [[at(RIGHT)], cats], looked, 0).kept[0])
        for cats in ([], [at(LEFT, 0.3)], [at(LEFT, 0.7)])
    ]
    assert kept == [True, True, False]
    lost = replace(looked, kept=np.array([False]))
    assert not look_again(query, [[at(RIGHT)], []], lost, 0).kept[0]


def test_a_negation_with_a_place_is_asked_there() -> None:
    cat = Phrase("cat", "cat", pos=("left",))
    query = replace(parse("a dog"), negations=(cat,))
    _, looked = first_look(query, DOG)
    there, elsewhere = (
        look_again(query, [[at(MIDDLE)], [at(box, 0.95)]], looked, 0) for box in (LEFT, RIGHT)
    )
    assert not there.kept[0]
    assert elsewhere.kept[0]


def test_one_of_the_candidates_alone() -> None:
    candidates, _ = first_look(parse("a dog"), MAN, DOG)
    alone = only(candidates, 1)
    assert alone.ids == candidates.ids[1:]
    assert len(alone.scores) == len(alone.words) == 1
    np.testing.assert_array_equal(alone.vectors, candidates.vectors[1:])


def row(box: Box) -> list[float]:
    return [box.x0, box.y0, box.x1, box.y1]
