"""Where models of the extra `hub` are computed: asked for, by MIRADA_DEVICE, or the best there is.

Imports torch, so only those who run such models import this module.
"""

from __future__ import annotations

import os

import torch

from mirada.errors import ConfigError

DEVICE_VARIABLE = "MIRADA_DEVICE"
DEVICES = ("auto", "cpu", "cuda", "mps")


def choose_device(asked: str | None = None) -> torch.device:
    """The device named by `asked`, else by MIRADA_DEVICE, else the first of cuda, mps and cpu.

    Raises:
        ConfigError: the name is unknown, or there is no such device here.
    """
    name = asked or os.environ.get(DEVICE_VARIABLE) or "auto"
    if name not in DEVICES:
        raise ConfigError(f"device {name!r} is not one of {', '.join(DEVICES)}")
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next((one for one, here in present.items() if here), "cpu"))
    if not present.get(name, True):
        raise ConfigError(f"there is no {name} device here: use cpu or auto")
    return torch.device(name)


def halves(device: torch.device) -> bool:
    """Whether bfloat16 is faster than float32 there for sure; on processors, only when asked."""
    return device.type == "cuda" and torch.cuda.is_bf16_supported()
