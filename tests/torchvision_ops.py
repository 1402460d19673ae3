"""Lets a torchvision that was built for graphics cards be imported beside a torch that was not.

Package indexes offer just that pair, and transformers and open_clip import torchvision wherever it
is installed. Two of its operators are declared for it; nothing here calls them.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import torch

OPERATORS = ("nms", "qnms")


def declare_operators() -> None:
    """Declare them where torchvision's own library cannot be loaded."""
    spec = find_spec("torchvision")
    if spec is None or spec.origin is None:
        return
    library = next(Path(spec.origin).parent.glob("_C*.so"), None)
    if library is None or hasattr(torch.ops.torchvision, OPERATORS[0]):
        return
    try:
        torch.ops.load_library(library)
    except OSError:
        for name in OPERATORS:
            told = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            torch.library.define(f"torchvision::{name}", told)
