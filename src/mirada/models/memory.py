"""What is told where there is too little memory for a model; no library is needed for it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mirada.errors import ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def enough_memory(name: str, *, batch_size: int = 1) -> Iterator[None]:
    """Load a model, or ask it.

    Args:
        name: of the model.
        batch_size: at which it was asked, where that is for the user to make smaller.

    Raises:
        ModelUnavailable: there was a MemoryError.
    """
    try:
        yield
    except MemoryError as error:
        smaller = f"a batch_size below {batch_size}, " if batch_size > 1 else ""
        raise ModelUnavailable(
            f"there is not enough memory for {name}: set {smaller}precision = 'bfloat16' or "
            "device = 'cpu', or take a smaller model"
        ) from error
