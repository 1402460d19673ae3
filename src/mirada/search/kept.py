"""The calibration that was fitted for one collection, kept beside its index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zipfile import BadZipFile

import numpy as np

from mirada.errors import ConfigError
from mirada.types import Calibration

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "calibration.npz"
NUMBERS: Final = ("temperature", "scale", "offset", "prior")


def write_calibration(home: Path, encoder: str, calibration: Calibration) -> None:
    """Keep it for the encoder of that name; the former one is replaced in one step."""
    beside = home / f"new-{FILE}"
    np.savez(
        beside,
        encoder=np.array(encoder),
        distractors=calibration.distractors.astype(np.float32),
        numbers=np.array([getattr(calibration, name) for name in NUMBERS]),
    )
    beside.replace(home / FILE)


def read_calibration(home: Path, encoder: str) -> Calibration | None:
    """What was kept for the encoder; None where nothing was, or for another encoder.

    Raises:
        ConfigError: the file is damaged.
    """
    path = home / FILE
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if str(arrays["encoder"]) != encoder:
                return None
            numbers = dict(zip(NUMBERS, arrays["numbers"].tolist(), strict=True))
            return Calibration(arrays["distractors"], **numbers)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise ConfigError(
            f"{path} is damaged ({error}): delete it, or run `mirada doctor --calibrate`"
        ) from error
