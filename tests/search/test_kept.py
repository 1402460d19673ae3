from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import mirada
from mirada.errors import ConfigError
from mirada.search.kept import FILE, read_calibration, write_calibration
from mirada.types import Calibration
from tests.fakes import ColourEncoder

if TYPE_CHECKING:
    from pathlib import Path

FITTED = Calibration(np.eye(3, 4, dtype=np.float32), 0.2, 14.0, -8.0, 0.01)


def test_what_was_fitted_is_kept_for_its_encoder_alone(tmp_path: Path) -> None:
    assert read_calibration(tmp_path, "a/1") is None
    write_calibration(tmp_path, "a/1", FITTED)
    found = read_calibration(tmp_path, "a/1")
    assert found is not None
    np.testing.assert_array_equal(found.distractors, FITTED.distractors)
    assert (found.temperature, found.scale, found.offset, found.prior) == (0.2, 14.0, -8.0, 0.01)
    assert read_calibration(tmp_path, "b/1") is None


def test_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no archive")
    with pytest.raises(ConfigError, match="mirada doctor --calibrate"):
        read_calibration(tmp_path, "a/1")


def test_few_pictures_cannot_be_calibrated(album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mirada.plugins.load_encoder", lambda name, options=None: ColourEncoder())
    collection = mirada.open(album)
    collection.index()
    with pytest.raises(ConfigError, match="only 0 pictures have a description or caption"):
        collection.calibrate()
