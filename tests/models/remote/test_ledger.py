"""Answers and spending, kept for good."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from mirada.errors import ConfigError
from mirada.models.remote.ledger import Budget, Cost, Ledger

if TYPE_CHECKING:
    from pathlib import Path

URL = "http://127.0.0.1/v1"
FREE = Budget(None, None)


def test_what_is_reserved_counts_until_it_is_settled() -> None:
    ledger = Ledger(URL, "m")
    ticket = ledger.reserve(Cost(1000, 0.5), FREE)
    assert ticket
    assert ledger.spent() == Cost(1000, 0.5)
    ledger.settle(ticket, Cost(120, 0.125), "k", "yes")
    assert ledger.spent() == Cost(120, 0.125)
    assert ledger.answer("k") == "yes"


def test_what_was_kept_is_there_for_the_next_process() -> None:
    first = Ledger(URL, "m")
    first.settle(first.reserve(Cost(9, 0.5), FREE) or "", Cost(7, 0.25), "k", "sí 🐕")
    first.note_useless("other")
    first.reserve(Cost(100, 1.0), FREE)  # and then it was killed: the server may have answered
    second = Ledger(URL, "m")
    assert (second.answer("k"), second.answer("other")) == ("sí 🐕", None)
    assert (second.useless("k"), second.useless("other")) == (0, 1)
    assert second.spent() == Cost(107, 1.25)


def test_each_model_of_each_server_has_its_own() -> None:
    ledger = Ledger(URL, "m")
    ledger.settle(ledger.reserve(Cost(9, 0.5), FREE) or "", Cost(7, 0.25), "k", "yes")
    for other in (Ledger(URL, "n"), Ledger("http://127.0.0.2/v1", "m")):
        assert other.answer("k") is None
        assert other.spent() == Cost(0, 0.0)


@pytest.mark.parametrize(
    ("budget", "cost", "allowed"),
    [
        (Budget(1000, None), Cost(1000, 9.0), True),
        (Budget(1000, None), Cost(1001, 0.0), False),
        (Budget(None, 0.5), Cost(10**9, 0.5), True),
        (Budget(None, 0.5), Cost(1, 0.5625), False),
        (Budget(0, None), Cost(1, 0.0), False),
    ],
)
def test_a_budget_bounds_what_may_be_reserved(budget: Budget, cost: Cost, allowed: bool) -> None:
    assert (Ledger(URL, "m").reserve(cost, budget) is not None) == allowed


def test_threads_never_reserve_more_than_the_budget_together() -> None:
    ledgers = [Ledger(URL, "m") for _ in range(8)]
    budget = Budget(1000, None)
    with ThreadPoolExecutor(8) as pool:
        tickets = list(
            pool.map(lambda n: ledgers[n % 8].reserve(Cost(150, 0.0), budget), range(24))
        )
    assert sum(ticket is not None for ticket in tickets) == 6  # 900 of 1000
    assert ledgers[0].spent() == Cost(900, 0.0)


def test_a_damaged_file_is_not_thrown_away_with_what_was_spent(own_cache: Path) -> None:
    ledger = Ledger(URL, "m")
    ledger.reserve(Cost(1, 0.0), FREE)
    ledger.path.write_bytes(b"no database at all" * 100)
    with pytest.raises(ConfigError, match="delete it, which forgets both"):
        ledger.spent()
    assert ledger.path.exists()


def test_names_of_models_make_readable_files(own_cache: Path) -> None:
    ledger = Ledger(URL, "org/Qwen-VL:7b")
    ledger.reserve(Cost(1, 0.0), FREE)
    assert ledger.path.parent == own_cache / "remote"
    assert ledger.path.name.startswith("org-Qwen-VL-7b-")
