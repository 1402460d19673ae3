"""Both stores keep to the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirada.store.lance import LanceStore
from mirada.testing import DIM, ENCODER, StoreContract
from tests.store.list_store import ListStore

if TYPE_CHECKING:
    from pathlib import Path


class TestLanceStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> LanceStore:
        return LanceStore.create(tmp_path / ".mirada", encoder=ENCODER, dim=DIM)


class TestListStore(StoreContract):
    @pytest.fixture
    def store(self) -> ListStore:
        return ListStore(encoder=ENCODER, dim=DIM)
