"""What `mirada train tags` has learnt for one encoder: a file of weights, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from zipfile import BadZipFile

import numpy as np

from mirada.errors import ModelUnavailable
from mirada.vocabulary.packing import Packed, pack

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mirada.types import Matrix

SHIPPED_WEIGHTS: Final = Path(__file__).with_name("weights.npz")


@dataclass(frozen=True, slots=True)
class Mixing:
    """How the evidence of the whole and of the regions makes a probability: logistic each."""

    alone: tuple[float, float]  # scale of the whole, offset: where there are no regions
    whole: float
    regions: float
    offset: float
    part: tuple[float, float, float]  # of one region: its own scale, that of the whole, offset
    cut: float  # least probability of a tag of the image
    part_cut: float  # the same, of a region


@dataclass(frozen=True, slots=True)
class Learnt:
    """A logistic classifier for each tag, and how to make one for a new tag from its text."""

    encoder: str  # name with revision: of no use to another
    keys: tuple[str, ...]  # of the entries that were learnt, see `Entry.key`
    weights: NDArray[np.float32]  # (tags, dim)
    offsets: NDArray[np.float32]  # (tags,)
    scale: float
    bend: NDArray[np.float32]  # (dim, dim): weights of a new tag are scale * text + text @ bend
    reference: Matrix  # (images, dim): of ordinary images, to find the offset of a new tag
    prior: float  # share of images that a new tag is taken to fit
    mixing: Mixing
    digest: str = ""  # of the file


def write_learnt(learnt: Learnt, file: BinaryIO) -> None:
    """Keep it in a file that `read_learnt` reads; the tables are rounded to four bits."""
    mixing = learnt.mixing
    tail = (mixing.whole, mixing.regions, mixing.offset, *mixing.part, mixing.cut, mixing.part_cut)
    arrays: dict[str, NDArray[Any]] = {
        "encoder": np.array(learnt.encoder),
        "keys": np.array([key.encode() for key in learnt.keys]),
        "offsets": learnt.offsets.astype(np.float32),
        "scalars": np.array([learnt.scale, learnt.prior]),
        "mixing": np.array([*mixing.alone, *tail]),
        **pack(learnt.weights).arrays("weights"),
        **pack(learnt.bend).arrays("bend"),
        **pack(learnt.reference).arrays("reference"),
    }
    np.savez(file, allow_pickle=False, **arrays)


def read_learnt(path: Path = SHIPPED_WEIGHTS) -> Learnt:
    """What was learnt.

    Raises:
        ModelUnavailable: the file is missing or damaged.
    """
    try:
        content = path.read_bytes()
        with np.load(BytesIO(content), allow_pickle=False) as arrays:
            scale, prior = arrays["scalars"].tolist()
            return Learnt(
                encoder=str(arrays["encoder"]),
                keys=tuple(key.decode() for key in arrays["keys"].tolist()),
                weights=Packed.of(arrays, "weights").unpack(),
                offsets=arrays["offsets"],
                scale=scale,
                bend=Packed.of(arrays, "bend").unpack(),
                reference=_unit(Packed.of(arrays, "reference").unpack()),
                prior=prior,
                mixing=_mixing(arrays["mixing"].tolist()),
                digest=sha256(content).hexdigest()[:12],
            )
    except FileNotFoundError as error:
        raise ModelUnavailable(f"{path} is missing: reinstall mirada") from error
    except (ValueError, KeyError, OSError, TypeError, EOFError, BadZipFile) as error:
        raise ModelUnavailable(f"{path} is damaged ({error}): reinstall mirada") from error


def _mixing(numbers: list[float]) -> Mixing:
    scale, alone, whole, regions, offset, own, around, shift, cut, part_cut = numbers
    return Mixing((scale, alone), whole, regions, offset, (own, around, shift), cut, part_cut)


def _unit(rows: NDArray[np.float32]) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)
