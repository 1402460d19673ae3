"""Records as plain data."""

import json
from dataclasses import fields, replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mirada.show.data import record_as_data
from mirada.types import Facts, ImageRecord, Metadata, Region, Tag
from tests.show.records import METADATA, bare_record, full_record


def names(kind: type) -> set[str]:
    return {field.name for field in fields(kind)}


def test_fields_are_named_as_the_types_name_them_and_vectors_are_left_out() -> None:
    data = record_as_data(full_record())
    assert {*data} == names(ImageRecord)
    assert {*data["facts"]} == names(Facts)
    assert {*data["metadata"]} == names(Metadata)
    assert {*data["regions"][0]} == names(Region) - {"vector"}
    assert {*data["tags"][0]} == names(Tag)


def test_it_survives_json() -> None:
    for record in (full_record(), bare_record()):
        data = record_as_data(record)
        assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_values_are_plain() -> None:
    data = record_as_data(full_record(Path("/p/a.jpg"), Path("/p/b.jpg")))
    assert data["indexed_at"] == "2026-03-09T21:05:00+00:00"
    assert data["metadata"]["taken_at"] == "2024-05-17T10:30:00+02:00"
    assert data["metadata"]["latitude"] == 23.13302
    assert [file["path"] for file in data["files"]] == ["/p/a.jpg", "/p/b.jpg"]
    assert data["regions"][0]["box"] == {"x0": 0.25, "y0": 0.25, "x1": 0.75, "y1": 0.75}
    assert data["models"]["captions"] == "captions-model/1"


def test_what_is_not_known_is_null_or_empty() -> None:
    data = record_as_data(bare_record())
    assert (data["facts"], data["metadata"], data["tags"], data["models"]) == (None, None, [], {})


@settings(max_examples=30, deadline=None)
@given(st.text(), st.floats())
def test_any_text_and_number_gives_json(text: str, number: float) -> None:
    record = replace(
        full_record(),
        tags=(Tag(text, number, "model"),),
        metadata=replace(METADATA, title=text, exposure_time=number),
    )
    json.dumps(record_as_data(record), allow_nan=False)
