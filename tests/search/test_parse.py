"""Queries as people write them, and what they mean."""

from datetime import date

import pytest

from mirada.search.query import parse
from mirada.types import ParsedQuery

TODAY = date(2024, 5, 15)


def read(text: str) -> ParsedQuery:
    return parse(text, today=TODAY)


def things(text: str) -> list[str]:
    """Head, then count and positions."""
    return [" ".join(filter(None, (p.head, p.count, *p.pos))) for p in read(text).phrases]


def links(text: str) -> list[str]:
    parsed = read(text)
    heads = [phrase.head for phrase in parsed.phrases]
    return [
        " ".join(
            [heads[one.subj], "not " * one.negated + one.rel, *(heads[obj] for obj in one.objs)]
        )
        for one in parsed.relations
    ]


def absent(text: str) -> list[str]:
    return [phrase.head for phrase in read(text).negations]


def filters(text: str) -> list[str]:
    return [f"{one.field}{one.op}{one.value}" for one in read(text).filters]


def test_a_thing_has_a_text_a_head_and_attributes() -> None:
    (phrase,) = read("a big white dog").phrases
    assert (phrase.text, phrase.head, phrase.attrs) == ("big white dog", "dog", ("big", "white"))


def test_the_span_of_a_phrase_is_where_it_was_typed() -> None:
    text = "two  Cats on a  green SOFA"
    assert [text[slice(*one.span)] for one in read(text).phrases] == ["Cats", "green SOFA"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a barn on the left", ["barn left"]),
        ("barn left, tractor right", ["barn left", "tractor right"]),
        ("in the background there are hills", ["hill background"]),
        (
            "a kite in the upper right corner of the photo",
            ["kite top-right"],
        ),
        ("a boy and a girl in the foreground", ["boy foreground", "girl foreground"]),
        ("una vaca arriba a la derecha", ["vaca top-right"]),
        ("un tractor en el centro de la imagen", ["tractor center"]),
        ("a lo lejos hay un molino", ["molino background"]),
    ],
)
def test_positions_go_to_their_thing(text: str, expected: list[str]) -> None:
    assert things(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("three ducks", ["duck 3"]),
        ("at least four chairs", ["chair >=4"]),
        ("more than two bottles", ["bottle >=3"]),
        ("a couple of swans", ["swan 2"]),
        ("como máximo dos vacas", ["vaca <=2"]),
        ("varios patos", ["pato >=3"]),
        ("una vaca", ["vaca"]),
    ],
)
def test_counts(text: str, expected: list[str]) -> None:
    assert things(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a goat to the left of a tractor", ["goat left_of tractor"]),
        ("a goat and a hen on a roof", ["goat on roof", "hen on roof"]),
        ("a lamp on a table next to a window", ["lamp on table", "lamp next_to window"]),
        ("a boat between a pier and a buoy", ["boat between pier buoy"]),
        ("a tree with a swing under it", ["swing below tree"]),
        ("a hen that is not inside the coop", ["hen not inside coop"]),
        (
            "a cup left of a jug and a spoon to the right",
            ["cup left_of jug", "spoon right_of jug"],
        ),
        ("next to the barn a tractor, a dog", ["tractor next_to barn"]),
        ("un burro detrás de una verja", ["burro behind verja"]),
        ("una mesa con una radio encima", ["radio on mesa"]),
        ("un halcón volando sobre un lago", ["halcón above lago"]),
        ("a woman in a coat standing on a rock", ["woman inside coat", "woman on rock"]),
    ],
)
def test_relations_link_subject_and_object(text: str, expected: list[str]) -> None:
    assert links(text) == expected


def test_what_is_not_spatial_stays_in_the_text_of_a_phrase() -> None:
    assert [one.text for one in read("a girl riding a pony").phrases] == ["girl riding a pony"]
    assert [one.text for one in read("a man with a beard").phrases] == ["man with a beard"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a pier without boats", ["boat"]),
        ("a field, no cows or sheep", ["cow", "sheep"]),
        ("a girl not wearing a helmet", ["helmet"]),
        ("an empty road with nobody on it", ["person"]),
        ("una plaza sin coches ni motos", ["coche", "moto"]),
        ("un gato pero no un perro", ["perro"]),
    ],
)
def test_what_must_not_be_seen(text: str, expected: list[str]) -> None:
    assert absent(text) == expected


def test_what_is_denied_is_not_in_the_text_to_embed() -> None:
    assert read("a pier without boats before 2020").full_text == "a pier"
    assert read("a cup that is not next to a laptop").full_text == "a cup that is"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hens in June 2021", ["date<2021-07-01", "date>=2021-06-01"]),
        ("hens last year", ["date<2024-01-01", "date>=2023-01-01"]),
        ("hens from yesterday", ["date<2024-05-15", "date>=2024-05-14"]),
        ("a hen since 2019", ["date>=2019-01-01"]),
        ("hens two years ago", ["date<2023-01-01", "date>=2022-01-01"]),
        ("gallinas del verano de 2020", ["date<2020-09-01", "date>=2020-06-01"]),
        ("gallinas entre 2015 y 2017", ["date<2018-01-01", "date>=2015-01-01"]),
        ("hens not from 2020", ["date!=2020"]),
        ("black and white photo of a hen", ["color=bw"]),
        ("vertical pictures of a hen", ["orientation=portrait"]),
        ("fotos horizontales de una gallina", ["orientation=landscape"]),
        ("a hen taken with a Nikon D750", ["camera=nikon d750"]),
        ("hens taken in New York", ["place=new york"]),
        (
            "gallinas tomadas en San Sebastián en 2020",
            [
            "date<2021-01-01", "date>=2020-01-01", "place=san sebastián",
        ],
        ),
        ("photos of hens larger than 5 MB", ["size>5mb"]),
        ("png files of hens", ["format=png"]),
    ],
)  # fmt: skip
def test_what_is_said_of_files_is_a_filter(text: str, expected: list[str]) -> None:
    assert filters(text) == expected
    assert {one.head for one in read(text).phrases} <= {"hen", "gallina"}


def test_a_black_and_white_cat_is_no_black_and_white_photo() -> None:
    assert filters("a black and white cat") == []


def test_a_day_that_does_not_exist_is_no_filter() -> None:
    assert filters("hens on 2020-02-30") == []


def test_moods_and_settings_are_the_scene() -> None:
    assert read("a bridge at night").scene == "at night"
    assert read("wedding in Toledo").scene == "wedding in toledo"
    assert things("a bridge at night") == ["bridge"]


def test_slips_in_structural_words_are_mended() -> None:
    assert links("a hen benhind a barn") == ["hen behind barn"]
    assert links("una gallina a la izqueirda de un burro") == ["gallina left_of burro"]


def test_asking_is_no_part_of_the_picture() -> None:
    assert read("show me photos of a hen").full_text == "a hen"
    assert read("busco una foto de una gallina").full_text == "una gallina"


def test_one_stands_for_the_thing_named_before() -> None:
    assert things("a red kite and a blue one on the right") == ["kite", "kite right"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "two hens, one on the left and the other on the right",
            ["hen 2", "hen 1 left", "hen 1 right"],
        ),
        (
            "dos vacas, una a la izquierda y otra a la derecha",
            ["vaca 2", "vaca 1 left", "vaca 1 right"],
        ),
        (
            "a plate of rice with a fork on the left and a spoon on the right",
            ["plate", "fork left", "spoon right"],
        ),
        ("a woman in the left foreground", ["woman left foreground"]),
        ("a goat on the left eating grass", ["goat left"]),
        ("a goalkeeper diving to the left", ["goalkeeper"]),
        ("snow covered roofs", ["roof"]),
        ("tree (left), barn (right)", ["tree left", "barn right"]),
    ],
)  # fmt: skip
def test_things_told_in_other_ways(text: str, expected: list[str]) -> None:
    assert things(text) == expected


def test_what_is_said_after_a_comma_belongs_to_what_was_named() -> None:
    assert links("an old tractor, rusty, in a field") == ["tractor inside field"]
    assert links("a hen and a goat, both on a roof") == ["hen on roof", "goat on roof"]


def test_a_place_without_a_thing_is_not_placed() -> None:
    assert read("on the left").unplaced == ("on the left",)


def test_a_denied_quality_denies_the_thing_that_has_it() -> None:
    (phrase,) = read("hens that are not black").negations
    assert (phrase.head, phrase.attrs) == ("hen", ("black",))


def test_a_denied_position_denies_the_thing_there() -> None:
    parsed = read("a yellow car not on the left")
    assert parsed.phrases[0].pos == ()
    assert [(one.head, one.pos) for one in parsed.negations] == [("car", ("left",))]


@pytest.mark.parametrize("text", ["", "   ", "!!!", "the", "no", "¬", "-", '""', ":", "OR", "NOT"])
def test_nothing_is_a_query_too(text: str) -> None:
    parsed = read(text)
    assert parsed.raw == text
    assert parsed.phrases == ()
