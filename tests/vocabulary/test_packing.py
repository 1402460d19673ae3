import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mirada.vocabulary.packing import Packed, pack


def test_steps_of_one_size_come_back_as_they_were() -> None:
    table = np.array([[-7, -3, 0, 1, 2, 7], [0, 0, 0, 0, 0, 14]], np.float32)
    packed = pack(table)
    assert packed.nibbles.shape == (2, 3)
    assert packed.unpack() == pytest.approx(table, abs=1e-5)


def test_a_row_of_noise_keeps_its_direction() -> None:
    rows = np.random.default_rng(0).normal(size=(8, 384)).astype(np.float32)
    found = pack(rows).unpack()
    cosines = (rows * found).sum(1) / np.linalg.norm(rows, axis=1) / np.linalg.norm(found, axis=1)
    assert cosines.min() > 0.99


@settings(max_examples=25)
@given(hnp.arrays(np.float32, (3, 4), elements=st.floats(-1e3, 1e3, width=32)))
def test_no_number_is_far_off(table: np.ndarray) -> None:
    found = pack(table).unpack()
    assert np.isfinite(found).all()
    assert (np.abs(found - table) <= np.abs(table).max(1, keepdims=True) * 0.61 + 1e-9).all()


def test_it_is_stored_under_its_name() -> None:
    packed = pack(np.eye(2, dtype=np.float32))
    assert Packed.of(packed.arrays("x"), "x").unpack() == pytest.approx(np.eye(2), abs=1e-5)
    with pytest.raises(KeyError):
        Packed.of(packed.arrays("x"), "y")
