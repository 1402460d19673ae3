"""The examples of docs/queries.md are so."""

import re
from datetime import date
from pathlib import Path

import pytest

from mirada.cli.parse import tree
from mirada.search.query import parse

PAGE = (Path(__file__).parents[2] / "docs" / "queries.md").read_text(encoding="utf-8")
SHOWN = re.findall(r'```\n\$ mirada parse "([^\n]*)"\n(.*?)\n```', PAGE, re.DOTALL)
SYNTAX = [
    typed.replace('\\"', '"')
    for row in re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)
    for typed in re.findall(r"`([^`]+)`", row)
]
RELATIONS = ("right-of", "next-to", "in-front-of")


def test_there_are_examples() -> None:
    assert len(SHOWN) > 10
    assert len(SYNTAX) > 30


@pytest.mark.parametrize(("query", "shown"), SHOWN, ids=[query for query, _ in SHOWN])
def test_the_tree_is_as_shown(query: str, shown: str) -> None:
    assert "\n".join(tree(parse(query, today=date(2024, 5, 15)))) == shown


@pytest.mark.parametrize("typed", SYNTAX)
def test_all_syntax_of_the_table_is_understood(typed: str) -> None:
    parsed = parse(f"dog {typed} cat" if typed in RELATIONS else typed)
    placed = any(one.pos for one in parsed.phrases)
    assert placed or parsed.filters or parsed.negations or parsed.alternatives or parsed.relations
    assert parsed.warnings == ()
