"""The share of hand-made gold parses that the parser meets, where they are at hand."""

from datetime import date
from pathlib import Path

import pytest

from mirada.evaluation.parsing import evaluate_parser, read_gold

GOLD = Path(__file__).parents[3] / "shared" / "gold"


@pytest.mark.parametrize(
    ("name", "least"),
    [("queries.jsonl", {"en": 0.95, "es": 0.95}), ("blind.jsonl", {"en": 0.80, "es": 0.90})],
)
def test_gold_queries_are_understood(name: str, least: dict[str, float]) -> None:
    path = GOLD / name
    if not path.is_file():
        pytest.skip("the gold queries are not part of the repository")
    reports = evaluate_parser(read_gold(path), today=date(2024, 5, 15))
    for report in reports:
        assert report.share >= least[report.language], report.misses
