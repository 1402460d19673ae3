"""The written syntax: exact words, -term, NOT, OR and fields."""

from datetime import date

import pytest

from mirada.search.query import parse

TODAY = date(2024, 5, 15)


def filters(text: str) -> list[str]:
    return [f"{one.field}{one.op}{one.value}" for one in parse(text, today=TODAY).filters]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"happy hour"', ["any=happy hour"]),
        ('-"happy hour"', ["any!=happy hour"]),
        ("tag:holiday", ["tag=holiday"]),
        ('tag:"golden hour"', ["tag=golden hour"]),
        ("-tag:holiday", ["tag!=holiday"]),
        ("NOT tag:holiday dog", ["tag!=holiday"]),
        ("text:exit", ["text=exit"]),
        ("caption:dog", ["caption=dog"]),
        ("path:2019/rome", ["path=2019/rome"]),
        ("camera:nikon", ["camera=nikon"]),
        ("place:havana", ["place=havana"]),
        ("color:red", ["color=red"]),
        ("is:bw", ["color=bw"]),
        ("is:portrait", ["orientation=portrait"]),
        ("-is:bw", ["color!=bw"]),
        ("format:JPEG", ["format=jpg"]),
        ("width:>2000", ["width>2000"]),
        ("height:<=1080", ["height<=1080"]),
        ("-width:>2000", ["width<=2000"]),
        ("iso:100..400", ["iso<=400", "iso>=100"]),
        ("rating:>=4", ["rating>=4"]),
        ("size:>5mb", ["size>5mb"]),
        ("date:2019..2021", ["date<2022-01-01", "date>=2019-01-01"]),
        ("date:2020-06", ["date<2020-07-01", "date>=2020-06-01"]),
        ("-date:2020", ["date!=2020"]),
        ("date:yesterday", ["date<2024-05-15", "date>=2024-05-14"]),
        ("before:2020", ["date<2020-01-01"]),
        ("after:2020-06-30", ["date>=2020-07-01"]),
    ],
)
def test_fields_are_filters(text: str, expected: list[str]) -> None:
    assert filters(text) == expected


@pytest.mark.parametrize(
    "text", ["date:banana", "width:wide", "is:nice", "date:2020-13", "size:>many", "tag:"]
)
def test_malformed_syntax_is_named_and_stays_in_the_scene(text: str) -> None:
    parsed = parse(f"a hen {text}", today=TODAY)
    assert text in parsed.warnings[0]
    assert text in parsed.scene
    assert parsed.filters == ()
    assert [one.head for one in parsed.phrases] == ["hen"]


def test_a_term_after_a_minus_must_not_be_seen() -> None:
    parsed = parse("car -dogs")
    assert [one.head for one in parsed.phrases] == ["car"]
    assert [one.head for one in parsed.negations] == ["dog"]
    assert parsed.full_text == "car"


def test_not_denies_what_follows() -> None:
    parsed = parse("car NOT red bicycles")
    assert [one.text for one in parsed.negations] == ["red bicycles"]


def test_or_gives_alternatives() -> None:
    parsed = parse("a hen on a roof OR a goat tag:farm")
    first, second = parsed.alternatives
    assert (first.full_text, second.full_text) == ("a hen on a roof", "a goat")
    assert [one.value for one in second.filters] == ["farm"]
    assert parsed.phrases == ()


def test_or_inside_quotes_is_a_word() -> None:
    assert parse('"trick OR treat" party').alternatives == ()


def test_in_a_query_all_in_capitals_operators_are_words() -> None:
    assert parse("A HEN OR A GOAT").alternatives == ()


@pytest.mark.parametrize(
    "text", ["left:dog right:cat", "left: a dog, right: a cat", "left:dog, right:cat"]
)
def test_a_side_as_a_field(text: str) -> None:
    assert [(one.head, one.pos) for one in parse(text).phrases] == [
        ("dog", ("left",)),
        ("cat", ("right",)),
    ]


@pytest.mark.parametrize("relation", ["left-of", "right-of", "next-to", "in-front-of"])
def test_relations_written_with_hyphens(relation: str) -> None:
    (link,) = parse(f"dog {relation} cat").relations
    assert (link.rel, link.subj, link.objs) == (relation.replace("-", "_"), 0, (1,))


def test_a_colon_elsewhere_is_no_syntax() -> None:
    assert parse("mission: impossible poster").warnings == ()
