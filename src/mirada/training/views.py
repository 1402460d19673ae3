"""Views of the training images and the cached maps that the trainable part starts from."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL.Image import Transpose

from mirada.errors import DatasetError
from mirada.models.small import open_session, pixels
from mirada.training.checkpoint import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL.Image import Image

    from mirada.evaluation.datasets import CaptionedImage

CHUNK = 256  # images between two notes of how far the cache has come

SIDES = re.compile(r"\b(left|right|izquierd\w*|derech\w*)\b", re.IGNORECASE)
"""Words that a mirrored image makes false."""


def show(image: Image, view: str, row: int) -> Image:
    """One view of the image in row `row`: "full", "flip", or "crop" and a number.

    A crop keeps 50-90% of the area at a random place, its sides stretched by up to 13%; the same
    number and row always give the same crop.
    """
    if view == "full":
        return image
    if view == "flip":
        return image.transpose(Transpose.FLIP_LEFT_RIGHT)
    random = np.random.default_rng([int(view.removeprefix("crop")), row])
    side = random.uniform(0.5, 0.9) ** 0.5
    stretch = np.exp(random.uniform(-0.12, 0.12))
    width, height = min(1, side * stretch), min(1, side / stretch)
    x, y = random.uniform(0, 1 - width), random.uniform(0, 1 - height)
    across, down = image.size
    left, top = int(x * across), int(y * down)
    right = max(left + 1, int((x + width) * across))
    return image.crop((left, top, right, max(top + 1, int((y + height) * down))))


def cache_maps(
    images: Sequence[CaptionedImage],
    view: str,
    *,
    trunk: Path,
    size: int,
    to: Path,
    threads: int,
    progress: Callable[[int], None],
) -> NDArray[np.float16]:
    """(n, channels, side, side) maps of one view, kept in the file `to`; resumes where it was.

    Args:
        images: in the order of the rows.
        view: as in `show`.
        trunk: ONNX file of the frozen blocks.
        size: pixels a side that it takes.
        to: a .npy file.
        threads: images worked on at a time.
        progress: called with the count of images done since the last call.
    """
    session = open_session(trunk)

    def one(row: int) -> NDArray[np.float32]:
        image = show(images[row].open(size), view, row)
        found: NDArray[np.float32] = session.run(None, {"pixels": pixels(image, size)[None]})[0][0]
        return found

    shape = (len(images), *session.get_outputs()[0].shape[1:])
    return cache_rows(one, shape, to=to, threads=threads, progress=progress)


def cache_rows(
    one: Callable[[int], NDArray[np.float32]],
    shape: tuple[int, ...],
    *,
    to: Path,
    threads: int,
    progress: Callable[[int], None],
) -> NDArray[np.float16]:
    """An array of that shape, row by row from `one`, kept in the .npy file `to`; resumes."""
    if to.exists():
        rows: NDArray[np.float16] = np.load(to, mmap_mode="r")
        if rows.shape == shape:
            progress(len(rows))
            return rows
        to.unlink()  # the dataset has changed
    part, note = to.with_suffix(".part"), to.with_suffix(".progress.json")
    done = int(read_json(note, {}).get("done", 0)) if part.exists() else 0
    into = _open_part(part, shape, fresh=done == 0)
    progress(done)

    def fill(row: int) -> None:
        into[row] = one(row)

    with ThreadPoolExecutor(threads) as pool:
        for start in range(done, shape[0], CHUNK):
            stop = min(start + CHUNK, shape[0])
            list(pool.map(fill, range(start, stop)))
            into.flush()
            write_json(note, {"done": stop})
            progress(stop - start)
    part.rename(to)
    note.unlink(missing_ok=True)
    return into


def _open_part(path: Path, shape: tuple[int, ...], *, fresh: bool) -> Any:
    """A map file to be filled; one begun earlier when not `fresh`."""
    if fresh:
        return np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape)
    begun = np.lib.format.open_memmap(path, mode="r+")
    if begun.shape != shape:
        raise DatasetError(f"{path} is of other images: remove it")
    return begun
