"""All stores keep to the contract, the one on disk also where it searches by its indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirada.store import regions, view
from mirada.store.lance import LanceStore
from mirada.testing import DIM, ENCODER, StoreContract
from tests.store.list_store import ListStore

if TYPE_CHECKING:
    from pathlib import Path


class TestLanceStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> LanceStore:
        return LanceStore.create(tmp_path / ".mirada", encoder=ENCODER, dim=DIM)


class TestLargeLanceStore(StoreContract):
    """As if any number of rows were too many for memory."""

    @pytest.fixture
    def store(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LanceStore:
        monkeypatch.setattr(regions, "MEMORY_ROWS", 0)
        monkeypatch.setattr(view, "KEPT_ROWS", 0)
        home = tmp_path / ".mirada"
        return LanceStore.create(home, encoder=ENCODER, dim=DIM, exact_rows=0)


class TestListStore(StoreContract):
    @pytest.fixture
    def store(self) -> ListStore:
        return ListStore(encoder=ENCODER, dim=DIM)
