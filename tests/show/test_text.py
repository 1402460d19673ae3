"""What a terminal shows of a record."""

from dataclasses import replace
from io import StringIO

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from mirada.show.text import describe
from mirada.types import Caption, ImageRecord, Tag
from tests.show.records import MODELS, bare_record, full_record


def printed(record: ImageRecord, *, width: int = 100) -> str:
    out = StringIO()
    Console(file=out, width=width, highlight=False).print(
        describe(record, encoder="mirada-small/1")
    )
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n"))


def test_everything_that_is_known_is_told() -> None:
    text = printed(full_record())
    for part in (
        "A dog runs on a beach.  83%",
        "Un perro corre por la playa.  74%",
        "whole picture: beach 92%, snow 31% rejected",
        "regions: dog 97%",
        "you: Oma\n",
        "a brown dog  41%",
        "“STOP”  93%",
        "found by       brown dog",
        "1/250 s f/2.8 ISO 400 50 mm",
        "● green 60%, ● dark blue 30%",
        "captions: captions-model/1",
        "9 March 2026, 21:05 UTC",
    ):
        assert part in text, part


def test_regions_are_numbered_rows() -> None:
    rows = [line.split() for line in printed(full_record()).splitlines()]
    assert [row[-2:] for row in rows if row[:1] == ["1"]] == [["25%", "50%"]]
    assert [row[-2:] for row in rows if row[:1] == ["2"]] == [["25%", "50%"]]


def test_an_undescribed_picture_says_what_to_run_and_no_more() -> None:
    text = printed(bare_record())
    assert text.startswith("not described yet: mirada index")
    assert "region" not in text


def test_what_was_looked_for_in_vain_is_told_so() -> None:
    text = printed(replace(bare_record(), models=MODELS))
    for line in ("no caption passed the check", "no tag is sure enough", "no part stands out"):
        assert line in text


@settings(max_examples=30, deadline=None)
@given(st.text())
def test_no_text_can_steer_the_terminal(text: str) -> None:
    record = replace(
        full_record(), tags=(Tag(text, 0.5, "model"),), captions=(Caption(text, "en", 0.5),)
    )
    shown = printed(record, width=40)
    assert not any(c < " " or "\x7f" <= c < "\xa0" for c in shown if c not in "\n\t")
    shown.encode("utf-8")


def test_markup_is_text() -> None:
    record = replace(full_record(), captions=(Caption("[red]a[/red] [link]", "en", 0.5),))
    assert "[red]a[/red] [link]" in printed(record)
