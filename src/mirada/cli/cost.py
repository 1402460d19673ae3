"""What looking at many pictures will cost, told before it starts."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import click

from mirada.cli.progress import spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.protocols import Encoder

TIMED_A_THREAD = 4  # pictures


def tell_looking(encoder: Encoder, images: Sequence[CaptionedImage], *, looks: float = 1) -> None:
    """Say on stderr how many pictures there are and how long the encoder will need for them.

    Args:
        encoder: timed on a few of the pictures, on all cores.
        images: to be looked at.
        looks: how many times the work of a vector each of them takes.
    """
    threads = os.cpu_count() or 1
    timed = images[: TIMED_A_THREAD * threads]
    if not timed:
        return

    def look(image: CaptionedImage) -> None:
        encoder.encode_images([image.open(encoder.image_size)])

    look(timed[0])  # loads the model
    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(look, timed))
    each = (time.perf_counter() - started) / len(timed)
    click.echo(f"{len(images):,} pictures: {spoken(looks * each * len(images))}", err=True)
