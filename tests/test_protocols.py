"""What is told of a model by its protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mirada.protocols import calibration_of, is_calibrated

if TYPE_CHECKING:
    from mirada.types import Calibration


class Costly:
    """An encoder whose calibration is dear."""

    @property
    def calibration(self) -> Calibration:
        raise MemoryError("the weights were loaded")


class Plain:
    """An encoder that knows nothing of probabilities."""


class Given:
    """An encoder that was handed its calibration."""

    def __init__(self) -> None:
        self.calibration = "fitted"


def test_whether_an_encoder_is_calibrated_is_told_without_asking_for_the_calibration() -> None:
    costly: Any = Costly()
    assert is_calibrated(costly)
    with pytest.raises(MemoryError):
        calibration_of(costly)


def test_an_encoder_may_have_no_calibration_or_have_it_as_an_attribute() -> None:
    plain: Any = Plain()
    given: Any = Given()
    assert not is_calibrated(plain)
    assert calibration_of(plain) is None
    assert calibration_of(given) == "fitted"
