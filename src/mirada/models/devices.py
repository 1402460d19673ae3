"""Where models of the extra `hub` are computed: asked for, by MIRADA_DEVICE, or the best there is.

Imports torch, so only those who run such models import this module.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from mirada.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

DEVICE_VARIABLE = "MIRADA_DEVICE"
DEVICES = ("auto", "cpu", "cuda", "cuda:1", "mps")  # of cards any number
PRECISION_VARIABLE = "MIRADA_PRECISION"
PRECISIONS = ("auto", "float32", "bfloat16", "float16")
SHORT = (  # of memory, so torch says it of a processor, of Windows, of Apple, of cuBLAS and cuDNN
    "allocate memory",
    "not enough memory",
    "out of memory",
    "STATUS_ALLOC_FAILED",
)


def choose_device(asked: str | None = None) -> torch.device:
    """The device named by `asked`, else by MIRADA_DEVICE, else the first of cuda, mps and cpu.

    Raises:
        ConfigError: the name is unknown, or there is no such device here.
    """
    name = asked or os.environ.get(DEVICE_VARIABLE) or "auto"
    kind, _, number = name.partition(":")
    numbered = kind == "cuda" and number.isdecimal()
    if name not in DEVICES and not numbered:
        raise ConfigError(f"device {name!r} is not one of {', '.join(DEVICES)}")
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next((one for one, here in present.items() if here), "cpu"))
    if not present.get(kind, True) or int(number or 0) >= max(1, torch.cuda.device_count()):
        raise ConfigError(f"there is no {name} device here: use cpu or auto")
    return torch.device(name)


def halves(device: torch.device) -> bool:
    """Whether bfloat16 is faster than float32 there for sure; on processors, only when asked."""
    return device.type == "cuda" and torch.cuda.is_bf16_supported()


def precision_for(
    device: torch.device, asked: str | None = None, *, default: str = "auto"
) -> torch.dtype:
    """The numbers to compute with: as asked, by MIRADA_PRECISION, or by default.

    Args:
        device: that computes.
        asked: one of `PRECISIONS`.
        default: the same; "auto" is what suits the device.

    Raises:
        ConfigError: there is no such precision.
    """
    name = asked or os.environ.get(PRECISION_VARIABLE) or default
    if name not in PRECISIONS:
        raise ConfigError(f"precision {name!r} is not one of {', '.join(PRECISIONS)}")
    if name == "auto":
        return torch.bfloat16 if halves(device) else torch.float32
    kind: torch.dtype = getattr(torch, name)
    return kind


def place_model(
    model: Any, device: str | None, precision: str | None, *, default: str = "auto"
) -> Any:
    """The model on its device in its precision, only to be asked.

    Args:
        model: of torch.
        device: see `choose_device`.
        precision: see `precision_for`.
        default: precision where none is asked for.

    Raises:
        ConfigError: there is no such device here, or no such precision.
        MemoryError: it is too large for the device.
    """
    where = choose_device(device)
    with memory_told():
        return model.to(device=where, dtype=precision_for(where, precision, default=default)).eval()


@contextmanager
def memory_told() -> Iterator[None]:
    """Where torch has too little memory, a MemoryError comes out, with the card's cache emptied."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        torch.cuda.empty_cache()
        raise MemoryError(str(error)) from error
    except RuntimeError as error:
        if any(one in str(error) for one in SHORT):
            if torch.backends.mps.is_available():
                torch.mps.empty_cache()
            raise MemoryError(str(error)) from error
        raise
