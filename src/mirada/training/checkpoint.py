"""Files of a training run that survive being killed: written beside, then moved into place."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, then put it there in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(beside)
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_json(path: Path, value: object) -> None:
    """One JSON document."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    write_atomically(path, lambda beside: beside.write_text(text, "utf-8"))


def read_json(path: Path, default: Any) -> Any:
    """The document, or the default where there is no file."""
    return json.loads(path.read_text("utf-8")) if path.exists() else default


def save(path: Path, state: dict[str, Any]) -> None:
    """A torch checkpoint."""
    import torch  # noqa: PLC0415 keeps this module free of torch for those who only read JSON

    write_atomically(path, lambda beside: torch.save(state, beside))


def load(path: Path) -> dict[str, Any]:
    """A torch checkpoint, tensors and plain values only."""
    import torch  # noqa: PLC0415

    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state
