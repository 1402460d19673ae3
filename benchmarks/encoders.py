"""Large encoders at random weights against decoding alone: how far each is from the limit.

`MIRADA_DEVICE` and `MIRADA_PRECISION` say where and in what numbers; speed hangs on neither the
weights nor what the pictures show. The variable ENCODERS names others than the usual ones.
"""

from __future__ import annotations

import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.pictures import write_photos
from mirada.indexing.images import open_image
from mirada.indexing.indexer import available_cores

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

CHOICE = "ENCODERS"
USUAL = ("clip-b32", "siglip2-b16")  # the largest takes minutes without a card
COUNT = 64  # photos
BATCH = 32
SECONDS = 4.0  # of measuring, at least
PHOTO = (2000, 1500)
_BASE = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12}
_SO400M = {"hidden_size": 1152, "intermediate_size": 4304, "num_attention_heads": 16}
SHAPES: dict[str, dict[str, Any]] = {  # of the image towers
    "clip-b32": {**_BASE, "image_size": 224, "patch_size": 32, "num_hidden_layers": 12},
    "siglip2-b16": {**_BASE, "image_size": 224, "patch_size": 16, "num_hidden_layers": 12},
    "siglip2-so400m": {**_SO400M, "image_size": 384, "patch_size": 14, "num_hidden_layers": 27},
}
"""Published shapes: Radford et al., 2021; Tschannen et al., 2025."""


def main() -> None:
    """Print images a second of decoding, and of each encoder one by one and in full batches."""
    names = os.environ.get(CHOICE, "").split() or USUAL
    with tempfile.TemporaryDirectory() as folder:
        photos = write_photos(Path(folder), COUNT, width=PHOTO[0], height=PHOTO[1])
        for name in names:
            _report(name, photos)


def _report(name: str, photos: Sequence[Path]) -> None:
    side = SHAPES[name]["image_size"]
    decoded = _decoding(photos, side)
    see, where = _tower(name)
    one, many = (_rate(see, size, side) for size in (1, BATCH))
    print(
        f"  {name} on {where}: decoding {PHOTO[0]} x {PHOTO[1]} px {decoded:.0f} images/s with "
        f"{available_cores()} threads; encoding {one:.1f} one by one, {many:.1f} in batches of "
        f"{BATCH} (x {many / one:.1f}); {min(1.0, many / decoded):.0%} of the limit by decoding"
    )


def _decoding(photos: Sequence[Path], side: int) -> float:
    with ThreadPoolExecutor(available_cores()) as pool:
        list(pool.map(lambda path: open_image(path, side), photos[:2]))
        started = time.perf_counter()
        list(pool.map(lambda path: open_image(path, side), photos))
    return len(photos) / (time.perf_counter() - started)


def _rate(see: Callable[[NDArray[np.float32]], Any], size: int, side: int) -> float:
    """Images a second in batches of that size, once warm."""
    batch = np.random.default_rng(0).normal(size=(size, 3, side, side)).astype(np.float32)
    see(batch)
    started, seen = time.perf_counter(), 0
    while (passed := time.perf_counter() - started) < SECONDS:
        see(batch)
        seen += size
    return seen / passed


def _tower(name: str) -> tuple[Callable[[NDArray[np.float32]], Any], str]:
    """An image tower at random weights on its device, and what that is called."""
    import torch  # noqa: PLC0415 an extra
    from transformers import (  # noqa: PLC0415
        CLIPVisionConfig,
        CLIPVisionModelWithProjection,
        SiglipVisionConfig,
        SiglipVisionModel,
    )

    from mirada.models.devices import place_model  # noqa: PLC0415

    model: Any
    if name.startswith("clip"):
        model = CLIPVisionModelWithProjection(CLIPVisionConfig(**SHAPES[name]))
    else:
        model = SiglipVisionModel(SiglipVisionConfig(**SHAPES[name]))
    placed = place_model(model, None, None)
    parameter = next(placed.parameters())

    def see(batch: NDArray[np.float32]) -> Any:
        with torch.inference_mode():
            given = torch.from_numpy(batch).to(parameter.device, parameter.dtype)
            found = placed(pixel_values=given)
            vectors = getattr(found, "image_embeds", None)
            rows = found.pooler_output if vectors is None else vectors
            return rows.float().cpu().numpy()  # waits for the card

    card = torch.cuda.get_device_name() if parameter.device.type == "cuda" else "cpu"
    return see, f"{card} in {str(parameter.dtype).removeprefix('torch.')}"
