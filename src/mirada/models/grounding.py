"""The file of what an encoder learnt of parts of images: three tables in four bits and the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from mirada.errors import ModelUnavailable
from mirada.types import Grounding
from mirada.vocabulary.packing import Packed, pack

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

    from mirada.types import Matrix

TABLES = ("text", "region", "whole")


def write_grounding(grounding: Grounding, file: BinaryIO) -> None:
    """Store it without its distractors, which are those of the encoder's calibration."""
    arrays: dict[str, NDArray[Any]] = {
        "shape": grounding.shape.astype(np.float16),
        "favour": grounding.favour.astype(np.float16),
        "scalars": np.array([grounding.sharpness, grounding.scale, grounding.offset]),
    }
    for name in TABLES:
        arrays |= pack(getattr(grounding, name).T).arrays(name)
    np.savez(file, allow_pickle=False, **arrays)


def read_grounding(path: Path, distractors: Matrix) -> Grounding:
    """What was stored.

    Args:
        path: of the file.
        distractors: of the calibration of the same encoder.

    Raises:
        ModelUnavailable: the file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            sharpness, scale, offset = arrays["scalars"].tolist()
            tables = {name: Packed.of(arrays, name).unpack().T for name in TABLES}
            return Grounding(
                **tables,
                shape=arrays["shape"].astype(np.float32),
                favour=arrays["favour"].astype(np.float32),
                sharpness=sharpness,
                distractors=distractors,
                scale=scale,
                offset=offset,
            )
    except FileNotFoundError as error:
        raise ModelUnavailable(f"{path} is missing: reinstall mirada") from error
    except (ValueError, KeyError, OSError, TypeError, EOFError, BadZipFile) as error:
        raise ModelUnavailable(f"{path} is damaged ({error}): reinstall mirada") from error
