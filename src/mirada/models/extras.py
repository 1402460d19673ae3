"""What is told where a library is missing that only some models need."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mirada.errors import ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def extra_needed(extra: str) -> Iterator[None]:
    """Import what belongs to an extra of mirada.

    Raises:
        ModelUnavailable: a library is missing, which is named, or is broken.
    """
    try:
        yield
    except ImportError as error:
        raise ModelUnavailable(
            f"{extra} needs the extra: pip install 'mirada[{extra}]' ({error})"
        ) from error
    except RuntimeError as error:  # so torchvision says that it was built for another torch
        raise ModelUnavailable(
            f"{extra} cannot be imported ({error}): install torch and torchvision of one build, "
            "both for graphics cards or both without"
        ) from error
