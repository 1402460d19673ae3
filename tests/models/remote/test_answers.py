"""What is understood of what models say, and what is refused."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("pydantic")

from mirada.models.remote.answers import (
    ChecksForm,
    TagsForm,
    captions_form,
    read_captions,
    read_checks,
    read_tags,
    schema_of,
    tidy,
)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("A brown dog on a beach.", "a brown dog on a beach"),
        ("  1. Two\n children\t", "two children"),
        ('"A red car…"', "a red car"),
        ("«Un perro marrón.»", "un perro marrón"),
        ("- a cat", "a cat"),
        ("cafe\u0301", "café"),
        ("a\x00b\u202e c\ud800", "a b c"),
        ("3 dogs", "3 dogs"),
        (" . ", ""),
    ],
)
def test_captions_are_tidied(said: str, kept: str) -> None:
    assert tidy(said) == kept


def captions(*pictures: dict[str, object]) -> str:
    return json.dumps({"pictures": list(pictures)})


def test_captions_are_different_and_as_many_as_wished() -> None:
    said = captions({"en": ["A dog.", "a dog", "Two dogs", "three dogs"], "es": ["Un perro"]})
    found = read_captions(said, {"en": 2, "es": 1}, 1)
    assert found == [{"en": ["a dog", "two dogs"], "es": ["un perro"]}]


def test_captions_that_run_on_are_left_out() -> None:
    said = captions({"en": ["a dog " * 60, "a dog"]})
    assert read_captions(said, {"en": 2}, 1) == [{"en": ["a dog"]}]


@pytest.mark.parametrize(
    "said",
    [
        "A lovely dog!",
        "",
        "{",
        "{}",
        '{"pictures": [}',
        '{"pictures": {"en": ["a dog"]}}',
        captions(),
        captions({"en": ["a dog"]}, {"en": ["a cat"]}),
        captions({"en": []}),
        captions({"en": [". ", "a dog " * 60]}),
        captions({"en": "a dog"}),
        captions({"en": [3]}),
        captions({"es": ["un perro"]}),
        '{"pictures": [{"en": ["a \ud800 dog"]}]}',
        '{"pictures": ' + "[" * 5000 + "]" * 5000 + "}",
    ],
)
def test_captions_of_no_use_are_refused(said: str) -> None:
    with pytest.raises(ValueError, match="."):
        read_captions(said, {"en": 2}, 1)


@pytest.mark.parametrize(
    "around",
    ["{}", "```json\n{}\n```", "<think>is it {{a}}?</think>\n{}", "Here you are:\n{}\nOk?"],
)
def test_words_around_an_answer_do_no_harm(around: str) -> None:
    said = around.replace("{}", captions({"en": ["a dog"]}))
    assert read_captions(said, {"en": 2}, 1) == [{"en": ["a dog"]}]


def test_tags_come_surest_first_and_once() -> None:
    tags = [("Sea", 0.5), ("dog.", 0.9), ("sea", 0.7), ("", 1.0), ("x" * 61, 1.0)]
    said = json.dumps({"tags": [{"name": name, "confidence": sure} for name, sure in tags]})
    assert [(tag.name, tag.confidence, tag.source) for tag in read_tags(said)] == [
        ("dog", 0.9, "model"),
        ("sea", 0.7, "model"),
    ]


def test_there_are_thirty_tags_at_most() -> None:
    said = {"tags": [{"name": f"tag {n}", "confidence": n / 100} for n in range(50)]}
    found = read_tags(json.dumps(said))
    assert len(found) == 30
    assert found[0].name == "tag 49"


@pytest.mark.parametrize("sure", ["95", "-0.1", "NaN", "Infinity", '"high"', "null"])
def test_what_is_no_probability_is_refused(sure: str) -> None:
    with pytest.raises(ValueError, match="."):
        read_tags(f'{{"tags": [{{"name": "dog", "confidence": {sure}}}]}}')


def checks(*pairs: tuple[int, float]) -> str:
    told = [{"number": number, "confidence": sure} for number, sure in pairs]
    return json.dumps({"checks": told})


def test_checks_are_ordered_by_their_numbers() -> None:
    assert read_checks(checks((2, 0.25), (1, 0.75)), 2) == [0.75, 0.25]


@pytest.mark.parametrize(
    "pairs", [[(1, 0.5)], [(1, 0.5), (1, 0.5)], [(0, 0.5), (1, 0.5)], [(1, 0.5), (2, 1.5)]]
)
def test_each_statement_needs_one_check(pairs: list[tuple[int, float]]) -> None:
    with pytest.raises(ValueError, match="."):
        read_checks(checks(*pairs), 2)


@pytest.mark.parametrize("form", [captions_form(("en", "es")), TagsForm, ChecksForm])
def test_schemas_are_of_the_strict_kind(form: type) -> None:
    """All is required, and nothing else allowed: OpenAI refuses others."""
    schema = schema_of(form)
    objects = [schema, *schema.get("$defs", {}).values()]
    assert len(objects) == 2
    for one in objects:
        assert one["additionalProperties"] is False
        assert set(one["required"]) == set(one["properties"])
