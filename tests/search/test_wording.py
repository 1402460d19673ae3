"""Evidence in words."""

import pytest

from mirada.search.results import Query, Results
from mirada.search.wording import fault, left_out, place_in_words, sides_in_words
from mirada.types import Box, Evidence, Hit, ParsedQuery, Phrase
from tests.show.records import bare_record
from tests.show.test_page import NOWHERE


def hit(kind: str, clause: str, degree: float) -> Hit:
    sure = Evidence("filter", "width > 10", 1.0, "metadata")
    return Hit(bare_record(NOWHERE), 1, 0.5, 0.05, (sure, Evidence(kind, clause, degree, "region")))


@pytest.mark.parametrize(
    ("box", "place"),
    [
        (Box(0, 0, 0.2, 0.2), "top left"),
        (Box(0.4, 0.4, 0.6, 0.6), "center"),
        (Box(0.8, 0.3, 1, 0.7), "right"),
        (Box(0, 0.9, 1, 1), "bottom"),
        (Box(0, 0, 1, 0.9), "most of it"),
        (Box(1, 1, 1, 1), "bottom right"),
    ],
)
def test_a_box_has_a_place(box: Box, place: str) -> None:
    assert place_in_words(box) == place


def test_a_box_has_sides_in_percent() -> None:
    assert sides_in_words(Box(0.25, 0.5, 0.5, 0.8333)) == "25-50% × 50-83%"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (hit("phrase", "giraffe", 0.01), "no giraffe found (1%)"),
        (hit("phrase", "dog", 0.2), "it is not sure to show dog (20%)"),
        (hit("scene", "sunset", 0.001), "the whole does not look like it (<1%)"),
        (hit("scene", "sunset", 0.3), "the whole hardly looks like it (30%)"),
        (hit("relation", "dog left of man", 0.02), "“dog left of man” does not hold (2%)"),
        (hit("negation", "no people", 0.4), "“no people” is in doubt (40%)"),
        (
            hit("phrase", "dog", 0.6),
            "no clause fails alone, but all of them together are too unsure",
        ),
    ],
)
def test_the_clause_that_fails_is_named(found: Hit, said: str) -> None:
    assert fault(found) == said


def test_what_was_left_out_is_counted_over_all_alternatives() -> None:
    def without(*things: Phrase) -> ParsedQuery:
        return ParsedQuery("q", "en", "q", negations=things)

    dogs, cats = Phrase("dogs", "dog"), Phrase("cats", "cat", pos=("left",))
    either = ParsedQuery("q", "en", "q", alternatives=(without(dogs), without(dogs, cats)))
    results = Results(Query("q"), (), 9, 1.0, parsed=either, removed=1)
    assert left_out(results) == "1 picture left out: it seems to show dogs or cats (left)"
    assert left_out(Results(Query("q"), (), 9, 1.0)) is None
