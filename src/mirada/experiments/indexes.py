"""An index of pictures as one configuration of models sees them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mirada.config import Settings
from mirada.evaluation.memory import PeakMemory
from mirada.experiments.cache import Unit
from mirada.indexing.describe import Describer
from mirada.indexing.indexer import index_folders
from mirada.indexing.steps import (
    CaptionsStep,
    FactsStep,
    MetadataStep,
    PhrasesStep,
    RegionsStep,
    TagsStep,
    mapper_for,
)
from mirada.indexing.tags import load_tagger
from mirada.indexing.verify import load_checker
from mirada.store.lance import LanceStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mirada.experiments.cache import Cache
    from mirada.experiments.gallery import Gallery
    from mirada.experiments.grid import Sight
    from mirada.experiments.models import Model, Models
    from mirada.indexing.describe import Step
    from mirada.indexing.indexer import Progress
    from mirada.protocols import Captioner, Encoder, MapEncoder, Segmenter

WARM: Final = 2  # pictures that load the models, before the clock starts
BATCH: Final = 8  # pictures that are timed
FOLDER: Final = "index"


@dataclass(frozen=True, slots=True)
class Seeing:
    """Models put together to look at pictures."""

    models: Mapping[str, Model]  # role -> model, of those that are used
    steps: Mapping[str, Step]
    mapper: MapEncoder | None = None  # whose feature maps they read

    @property
    def encoder(self) -> Encoder:
        """Of the vectors."""
        encoder: Encoder = self.models["encoder"].made
        return encoder

    def unit(self, gallery: Gallery) -> Unit:
        """The index of these pictures."""
        return Unit(
            "indexes",
            {
                "images": gallery.images_digest,
                "models": {role: [one.name, one.digest] for role, one in self.models.items()},
                "steps": {role: step.name for role, step in self.steps.items()},
            },
        )


def put_together(sight: Sight, models: Models, home: Path) -> Seeing:
    """The models of a configuration, with the steps of `mirada index` that they can take.

    Args:
        sight: which models.
        models: loads them.
        home: where vectors of the vocabulary may be kept.

    Raises:
        ModelUnavailable: one is not installed, or reads the maps of another encoder.
    """
    found = {
        role: model
        for role, asked in (
            ("encoder", sight.encoder),
            ("segmenter", sight.segmenter),
            ("captioner", sight.captioner),
        )
        if (model := models.get(role, asked)) is not None
    }
    encoder: Encoder = found["encoder"].made
    readers = [found[role].made for role in ("segmenter", "captioner") if role in found]
    mapper = mapper_for(readers, encoder)
    home = home / found["encoder"].digest[:20]
    home.mkdir(parents=True, exist_ok=True)
    return Seeing(found, _steps(found, encoder, mapper, home), mapper)


def _steps(
    models: Mapping[str, Model], encoder: Encoder, mapper: MapEncoder | None, home: Path
) -> dict[str, Step]:
    makers: dict[str, Callable[[], Step]] = {
        "facts": FactsStep,
        "metadata": MetadataStep,
        "tags": lambda: TagsStep(load_tagger(encoder, home)),
        "phrases": PhrasesStep,
    }
    if "segmenter" in models:
        segmenter: Segmenter = models["segmenter"].made
        makers["regions"] = lambda: RegionsStep(segmenter, encoder, mapper)
    if "captioner" in models:
        captioner: Captioner = models["captioner"].made
        makers["captions"] = lambda: CaptionsStep(captioner, load_checker(encoder), encoder, mapper)
    return {role: makers[role]() for role in Settings().roles if role in makers}


class Indexing:
    """One index in the making; what is done stays, however it ends."""

    def __init__(self, seeing: Seeing, gallery: Gallery, cache: Cache) -> None:
        self.unit = seeing.unit(gallery)
        self._seeing, self._gallery, self._cache = seeing, gallery, cache
        self._pictures = cache.folder / "images" / gallery.images_digest[:20]

    @property
    def seconds_a_picture(self) -> float | None:
        """As the sittings so far had it; None where there were none."""
        parts = self._cache.parts(self.unit)
        count = sum(part["images"] for part in parts)
        return sum(part["seconds"] for part in parts) / count if count else None

    @property
    def left(self) -> int:
        """Pictures that are still to be looked at."""
        home = self._cache.place(self.unit) / FOLDER
        done = len(LanceStore.open(home)) if (home / "images.lance").exists() else 0
        return max(len(self._gallery.images) - done, 0)

    def time_batch(self) -> None:
        """Look at a few pictures, which the index keeps, to know how long the rest will take."""
        paths = self._gallery.unpack(self._pictures)
        self._look(paths[:WARM])
        self._sit(paths[: WARM + BATCH], None)

    def complete(self, progress: Progress) -> dict[str, Any]:
        """Look at the rest, and tell what it cost."""
        self._gallery.unpack(self._pictures)
        self._sit([self._pictures], progress)
        home = self._cache.place(self.unit) / FOLDER
        speed = self.seconds_a_picture
        peaks = [part["peak"] for part in self._cache.parts(self.unit) if part["peak"]]
        result = {
            "images": len(LanceStore.open(home)),
            "seconds_a_picture": speed,
            "bytes": sum(path.stat().st_size for path in home.rglob("*") if path.is_file()),
            "peak_memory": max(peaks, default=None),
        }
        self._cache.finish(self.unit, result)
        return result

    def _sit(self, paths: list[Path], progress: Progress | None) -> None:
        memory, started = PeakMemory(), time.perf_counter()
        count = self._look(paths, progress)
        if count:
            seconds = time.perf_counter() - started
            part = {"images": count, "seconds": seconds, "peak": memory.read()}
            self._cache.add_part(self.unit, part)

    def _look(self, paths: list[Path], progress: Progress | None = None) -> int:
        encoder = self._seeing.encoder
        home = self._cache.place(self.unit) / FOLDER
        home.mkdir(exist_ok=True)
        store = LanceStore.create(home, encoder=encoder.name, dim=encoder.dim)
        describer = Describer(self._seeing.steps, self._seeing.mapper)
        report = index_folders(paths, store, encoder, describer, progress=progress)
        return report.indexed
