"""The systems that `mirada eval pairs` compares, and what they will cost."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from mirada.cli.progress import bar, spoken
from mirada.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.evaluation.pairs.systems import System

BATCH: Final = 16  # images and texts that are timed


@dataclass(frozen=True, slots=True)
class Setting:
    """What systems are made from."""

    images: Sequence[CaptionedImage]
    texts: Sequence[str]  # all that will be asked
    encoder: str
    work: Path


def _vectors(setting: Setting) -> System:
    """Image vectors alone."""
    from mirada.evaluation.pairs.systems import VectorsSystem  # noqa: PLC0415 only when it runs
    from mirada.plugins import load_encoder  # noqa: PLC0415

    encoder, images = load_encoder(setting.encoder), setting.images
    _forecast("vectors", lambda count: VectorsSystem(encoder, images[:count]), setting)
    with bar("encoding", len(images)) as advance:
        return VectorsSystem(encoder, images, advance=advance)


def _precise(setting: Setting) -> System:
    """The regions of mirada, as `mirada search` ranks."""
    images, work = setting.images, setting.work
    if (work / "index").exists():
        click.echo(f"precise search: what {work} holds is not done again", err=True)
    else:
        _forecast("precise search", lambda count: _searched(images[:count], work), setting)
    return _searched(images, work)


SYSTEMS: Final[Mapping[str, Callable[[Setting], System]]] = {
    "vectors": _vectors,
    "precise": _precise,
}
"""Name -> what makes the system."""


def _searched(images: Sequence[CaptionedImage], work: Path) -> System:
    """Over the images, indexed; those that are indexed are not looked at again."""
    from mirada.cli.gallery import index_dataset  # noqa: PLC0415 only when it runs
    from mirada.evaluation.pairs.systems import PreciseSystem  # noqa: PLC0415
    from mirada.search.kept import read_calibration  # noqa: PLC0415
    from mirada.vocabulary.presence import load_presence  # noqa: PLC0415

    collection, ids = index_dataset(images, work)
    known, encoder = set(collection.store.ids()), collection.encoder
    for one, image in zip(ids, images, strict=True):
        if one not in known:
            raise DatasetError(f"{image.name} cannot be decoded: repair it or take it away")
    return PreciseSystem(
        collection.store,
        encoder,
        ids,
        presence=load_presence(encoder, collection.home),
        calibration=read_calibration(collection.home, encoder.name),
    )


def _forecast(name: str, make: Callable[[int], System], setting: Setting) -> None:
    """Say what all will take, from what a batch takes once the models are loaded.

    Args:
        name: of the system.
        make: how many images -> the system over the first so many.
        setting: that it is made from.
    """
    texts, rows = setting.texts[:BATCH], [0] * len(setting.texts[:BATCH])
    make(1).score(texts, rows)  # loads the models
    started = time.perf_counter()
    system = make(BATCH + 1)
    seen = time.perf_counter()
    system.score(texts, rows)
    asked = time.perf_counter()
    seconds = (seen - started) * len(setting.images) + (asked - seen) * len(setting.texts)
    click.echo(
        f"{name}: {len(setting.images):,} pictures and {len(setting.texts):,} texts,"
        f" {spoken(seconds / BATCH)}, going by the first {BATCH}",
        err=True,
    )
