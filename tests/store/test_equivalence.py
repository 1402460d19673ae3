"""LanceStore answers as the list does, whatever was done to both."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mirada.store.lance import LanceStore
from mirada.testing import DIM, ENCODER, file_at, record_of, unit
from tests.store.list_store import ListStore

NAMES = [f"{number}.jpg" for number in range(6)]
directions = st.tuples(*[st.integers(-2, 2)] * DIM).filter(any)
file_names = st.sampled_from(["a.jpg", "ñ.jpg", "\udcff.jpg", "o'clock.jpg", "z.jpg"])


class Twins(RuleBasedStateMachine):
    """Does everything to both stores."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.home = Path(self.folder.name) / ".mirada"
        self.list = ListStore(encoder=ENCODER, dim=DIM)
        self.lance = LanceStore.create(self.home, encoder=ENCODER, dim=DIM)

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(rows=st.dictionaries(st.sampled_from(NAMES), directions))
    def put(self, rows: dict[str, tuple[int, ...]]) -> None:
        records = [record_of(name) for name in rows]
        vectors = np.array([unit(*row) for row in rows.values()], np.float32).reshape(-1, DIM)
        for store in (self.list, self.lance):
            store.put(records, vectors)

    @precondition(lambda self: len(self.list))
    @rule(data=st.data())
    def set_files(self, data: st.DataObject) -> None:
        groups = st.lists(file_names, unique=True, max_size=3)
        chosen = data.draw(st.dictionaries(st.sampled_from(sorted(self.list.ids())), groups))
        files = {one: [file_at(one + name) for name in names] for one, names in chosen.items()}
        for store in (self.list, self.lance):
            store.set_files(files)

    @rule()
    def optimize(self) -> None:
        self.lance.optimize()

    @rule()
    def reopen(self) -> None:
        self.lance = LanceStore.open(self.home)

    @rule(question=directions, limit=st.integers(0, 7))
    def search(self, question: tuple[int, ...], limit: int) -> None:
        vector = np.array(question, np.float32)
        expected, found = (s.nearest(vector, limit=limit) for s in (self.list, self.lance))
        assert found.ids == expected.ids
        np.testing.assert_array_equal(found.scores, expected.scores)

    @invariant()
    def both_hold_the_same(self) -> None:
        ids = sorted(self.list.ids())
        assert sorted(self.lance.ids()) == ids
        assert self.lance.get(ids) == self.list.get(ids)
        assert self.lance.files() == self.list.files()
        np.testing.assert_array_equal(self.lance.vectors(ids), self.list.vectors(ids))


TestTwins = Twins.TestCase
TestTwins.settings = settings(
    max_examples=12,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
