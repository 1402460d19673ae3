"""What the computer at hand brings, found out without extra packages where that can be."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from mirada.presets import Machine

if TYPE_CHECKING:
    from mirada.protocols import Encoder

GIGABYTE: Final = 1e9
TIMED_A_CORE: Final = 4  # pictures


def look_at_machine() -> Machine:
    """Cores, memory and, where torch is installed, the GPU."""
    gpu, gpu_memory = _gpu()
    return Machine(os.cpu_count() or 1, _memory(), gpu, gpu_memory)


def time_encoder(encoder: Encoder) -> float:
    """Pictures a second that get a vector, on all cores, by a batch of noise."""
    import numpy as np  # noqa: PLC0415 not every command needs them
    from PIL import Image  # noqa: PLC0415

    side = encoder.image_size
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype=np.uint8))
    encoder.encode_images([picture])  # loads the model
    cores = os.cpu_count() or 1
    count = TIMED_A_CORE * cores
    started = time.perf_counter()
    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(lambda _: encoder.encode_images([picture]), range(count)))
    return count / (time.perf_counter() - started)


def _memory() -> float | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIGABYTE
    except (AttributeError, ValueError, OSError):
        return None  # Windows has no such call


def _gpu() -> tuple[str | None, float | None]:
    if find_spec("torch") is None:
        return None, None
    import torch  # noqa: PLC0415 seconds, and only where it is installed

    if torch.cuda.is_available():
        told = torch.cuda.get_device_properties(0)
        return told.name, told.total_memory / GIGABYTE
    if torch.backends.mps.is_available():
        return "Apple GPU", torch.mps.recommended_max_memory() / GIGABYTE
    return None, None
