from __future__ import annotations

import numpy as np
import pytest

from mirada.search.candidates import Candidates
from mirada.search.explain import explain, failed, related, said
from mirada.search.query import parse
from mirada.search.rank import Ranker
from mirada.types import Box, Evidence, Filter, ParsedQuery, Phrase, Relation
from tests.search.axes import (
    LEFT,
    RIGHT,
    AxesEncoder,
    Picture,
    on,
    part,
    picture,
    presence,
    store_of,
)

BOTH = picture("both", part("dog", LEFT), part("man", RIGHT))


def told(query: str | ParsedQuery, *pictures: Picture, words: float = 0.0) -> list[Evidence]:
    """The evidence of the first picture."""
    parsed = parse(query) if isinstance(query, str) else query
    store, ids = store_of(*pictures), tuple(record.image_id for record, _ in pictures)
    said_of = np.full(len(ids), words, np.float32)
    vector = on(*parsed.full_text.split()) if parsed.full_text else None
    candidates = Candidates(ids, np.zeros(len(ids), np.float32), said_of, store.vectors(ids))
    looked = Ranker(AxesEncoder(), presence()).look(parsed, vector, candidates, store.parts(ids))
    return list(explain(parsed, candidates, looked, 0))


def of(kind: str, evidence: list[Evidence]) -> Evidence:
    (found,) = (one for one in evidence if one.kind == kind)
    return found


def test_clauses_come_in_the_order_of_the_query() -> None:
    found = told("a dog left of a man no cat format:jpeg", BOTH, words=0.5)
    kinds = ["scene", "words", "phrase", "phrase", "relation", "negation", "filter"]
    assert [one.kind for one in found] == kinds
    sources = ["vector", "words", "region", "region", "region", "region", "metadata"]
    assert [one.source for one in found] == sources
    assert all(0 <= one.degree <= 1 for one in found)


def test_each_thing_is_shown_where_it_is() -> None:
    dog, man = (one for one in told("a dog left of a man", BOTH) if one.kind == "phrase")
    assert (dog.clause, dog.boxes) == ("dog", (LEFT,))
    assert (man.clause, man.boxes) == ("man", (RIGHT,))


def test_a_relation_shows_its_things_in_order_and_is_told_in_words() -> None:
    found = of("relation", told("a man right of a dog", BOTH))
    assert (found.clause, found.boxes) == ("man right of dog", (RIGHT, LEFT))
    assert found.degree > 0.9
    assert of("relation", told("a man left of a dog", BOTH)).degree < 0.1


def test_a_position_has_a_degree_of_its_own() -> None:
    found = of("position", told("dog on the left", BOTH))
    assert (found.clause, found.degree, found.boxes) == ("dog: left", 1.0, (LEFT,))


def test_a_thing_that_no_region_shows_has_no_box_and_no_place() -> None:
    evidence = told("dog on the left", picture("man", part("man", LEFT)), BOTH)
    phrase, position = of("phrase", evidence), of("position", evidence)
    assert (phrase.source, phrase.boxes) == ("vector", ())
    assert (position.degree, position.boxes) == (0.0, ())


def test_the_whole_image_is_no_place() -> None:
    assert of("phrase", told("dog", picture("dog", whole="dog"))).boxes == ()


def test_a_count_is_told_with_its_number() -> None:
    two = picture("two", part("dog", LEFT), part("dog", RIGHT), whole="beach")
    assert of("count", told("two dogs", two)).clause == "2 dog"
    assert of("count", told("two dogs", two)).degree > 0.9
    assert of("count", told("three dogs", two)).degree < 0.1


def test_a_negation_is_as_sure_as_its_thing_is_absent() -> None:
    beach = picture("beach", whole="beach")
    found = of("negation", told("no dog", beach))
    assert (found.clause, found.boxes) == ("no dog", ())
    assert found.degree > 0.9
    assert of("negation", told("no dog", BOTH)).degree < 0.5


def test_a_located_negation_is_met_by_a_thing_elsewhere() -> None:
    found = of("negation", told("no man on the left", BOTH))
    assert found.clause == "no man: left"
    assert found.degree > 0.9
    assert of("negation", told("no man on the right", BOTH)).degree < 0.1


def test_filters_are_told_as_they_were_understood() -> None:
    assert of("filter", told("iso:>400", BOTH)) == Evidence("filter", "iso > 400", 1.0, "metadata")
    assert said(Filter("date", "<", "2020-01-01")) == "date < 2020-01-01"


def test_a_query_of_filters_says_nothing_of_the_whole() -> None:
    assert {one.kind for one in told("iso:>400", BOTH)} == {"filter"}


def test_words_are_mentioned_only_where_they_were_found() -> None:
    assert of("words", told("dog", BOTH, words=0.5)).degree == 0.5
    assert "words" not in {one.kind for one in told("dog", BOTH)}


@pytest.mark.parametrize(
    ("relation", "expected"),
    [
        (Relation("left_of", 0, (1,)), "dog left of red car"),
        (Relation("next_to", 1, (0,), negated=True), "red car not next to dog"),
        (Relation("between", 2, (0, 1)), "man between dog and red car"),
    ],
)
def test_relations_in_words(relation: Relation, expected: str) -> None:
    phrases = [Phrase("dog", "dog"), Phrase("red car", "car"), Phrase("man", "man")]
    assert related(relation, phrases) == expected


def test_the_clause_that_failed_is_the_one_met_least() -> None:
    fair, bad = (
        Evidence("phrase", name, sure, "region") for name, sure in (("a", 0.4), ("b", 0.2))
    )
    words = Evidence("words", "a b", 0.0, "words")  # to be silent is no fault
    assert failed([fair, bad, words]) is bad
    assert failed([Evidence("phrase", "a", 0.5, "region"), words]) is None
    assert failed([]) is None


def test_degrees_and_boxes_are_rounded() -> None:
    third = picture("third", part("dog", Box(1 / 3, 1 / 3, 2 / 3, 2 / 3)), whole="car")
    found = of("phrase", told("dog on the left", third))
    assert found.boxes == (Box(0.3333, 0.3333, 0.6667, 0.6667),)
    assert found.degree == round(found.degree, 4)
