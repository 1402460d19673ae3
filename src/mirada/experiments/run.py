"""An experiment from its file to its record: plan, index, search, compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mirada.errors import ModelUnavailable
from mirada.evaluation.compared import compare
from mirada.evaluation.judged import condensed
from mirada.evaluation.measures import groups_of, measure_run, parse_measures, ranks_of
from mirada.evaluation.significance import FEWER
from mirada.evaluation.trec import read_run
from mirada.experiments.gallery import read_gallery
from mirada.experiments.grid import baseline_of, label_of, systems_of
from mirada.experiments.indexes import Indexing, put_together
from mirada.experiments.models import Models
from mirada.experiments.runs import Searching
from mirada.indexing.indexer import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mirada.evaluation.compared import Measured
    from mirada.evaluation.trec import Run
    from mirada.experiments.cache import Cache
    from mirada.experiments.config import Experiment
    from mirada.experiments.gallery import Gallery
    from mirada.experiments.grid import Sight, System
    from mirada.experiments.indexes import Seeing


class Told(Progress, Protocol):
    """Hears how an experiment gets on."""

    def searching(self, total: int) -> None:
        """A run begins: so many queries."""

    def answered(self, count: int) -> None:
        """So many more queries are answered."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A system of the grid that cannot be."""

    system: System
    why: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What is to be done, and what is done already."""

    indexes: int
    indexes_kept: int
    pictures: int  # to look at, once for each index that is not kept
    runs: int
    runs_kept: int
    queries: int  # to ask, once for each run that is not kept


@dataclass(frozen=True, slots=True)
class Answered:
    """One system on one gallery."""

    system: System
    seeing: Seeing
    indexing: Mapping[str, float | None]  # what the index cost
    searching: Mapping[str, float | None]  # what the run cost
    run: Run  # what counts of it
    values: Mapping[str, NDArray[np.float64]]  # measure -> (queries,)
    ranks: NDArray[np.float64]  # (queries,) of the first right picture, infinite where none is
    measured: Mapping[str, Measured]


@dataclass(frozen=True, slots=True)
class Compared:
    """All systems on one gallery."""

    gallery: Gallery
    baseline: System
    systems: Sequence[Answered]


class Bench:
    """Does what an experiment asks for; what the cache holds is not done again."""

    def __init__(self, experiment: Experiment, cache: Cache) -> None:
        """Loads the models and reads the datasets.

        Raises:
            ConfigError: a measure or the baseline does not exist.
            DatasetError: a dataset is not as it should be.
            ModelUnavailable: a model is not installed.
        """
        parse_measures(experiment.report.measures)  # fails before long work
        self.experiment, self._cache = experiment, cache
        self.left_out: list[LeftOut] = []
        self._seeing = self._put_together(systems_of(experiment.grid))
        self.systems = [one for one in systems_of(experiment.grid) if one.sight in self._seeing]
        if not self.systems:
            raise ModelUnavailable(f"no system of the grid can run: {self.left_out[0].why}")
        self.baseline = baseline_of(self.systems, experiment.report.baseline)
        self.galleries = [
            read_gallery(one, experiment.limits, experiment.folder) for one in experiment.datasets
        ]

    def cost(self) -> Cost:
        """What there is to do."""
        indexes, runs = self._indexings(), self._searchings()
        to_look = [one for one in indexes if self._cache.result(one.unit) is None]
        to_ask = [one for one in runs if self._cache.result(one.unit) is None]
        return Cost(
            len(indexes),
            len(indexes) - len(to_look),
            sum(one.left for one in to_look),
            len(runs),
            len(runs) - len(to_ask),
            sum(one.left for one in to_ask),
        )

    def estimate(self) -> float:
        """Seconds that it will take, by a batch of each index and a few queries of each run."""
        seconds = 0.0
        for index in self._indexings():
            if self._cache.result(index.unit) is None:
                if index.seconds_a_picture is None:
                    index.time_batch()
                seconds += index.left * (index.seconds_a_picture or 0.0)
        for run in self._searchings():
            if self._cache.result(run.unit) is None:
                seconds += run.estimate()
        return seconds

    def complete(self, told: Told) -> list[Compared]:
        """Do it; raises KeyboardInterrupt with all that was done kept."""
        return [self._compared(gallery, told) for gallery in self.galleries]

    def _put_together(self, systems: Sequence[System]) -> dict[Sight, Seeing]:
        models = Models(self.experiment.folder)
        grid = self.experiment.grid
        for role, names in (
            ("encoder", grid.encoders),
            ("segmenter", grid.segmenters),
            ("captioner", grid.captioners),
        ):
            for name in names:
                models.get(role, name)  # one that is missing is an error; what does not fit is not
        found: dict[Sight, Seeing] = {}
        refused: dict[Sight, str] = {}
        for system in systems:
            sight = system.sight
            if sight not in found and sight not in refused:
                try:
                    found[sight] = put_together(sight, models, self._cache.folder / "vocabulary")
                except ModelUnavailable as error:
                    refused[sight] = str(error)
            if sight in refused:
                self.left_out.append(LeftOut(system, refused[sight]))
        return found

    def _indexings(self) -> list[Indexing]:
        """Every index once: galleries of the same pictures share theirs."""
        found = [
            Indexing(seeing, gallery, self._cache)
            for gallery in self.galleries
            for seeing in self._seeing.values()
        ]
        return list({one.unit.digest: one for one in found}.values())

    def _searchings(self) -> list[Searching]:
        found = [
            self._searching(system, gallery)
            for gallery in self.galleries
            for system in self.systems
        ]
        return list({one.unit.digest: one for one in found}.values())

    def _searching(self, system: System, gallery: Gallery) -> Searching:
        depth = self.experiment.limits.depth
        return Searching(system, self._seeing[system.sight], gallery, self._cache, depth)

    def _compared(self, gallery: Gallery, told: Told) -> Compared:
        names = self.experiment.report.measures
        costs = [self._answer(system, gallery, told) for system in self.systems]
        runs = [self._run(system, gallery) for system in self.systems]
        labels = [label_of(system, self.systems) for system in self.systems]
        values = [measure_run(run, gallery.qrels, names) for run in runs]
        measured = compare(
            dict(zip(labels, values, strict=True)),
            baseline=label_of(self.baseline, self.systems),
            groups=groups_of(gallery.qrels),
            draws=FEWER,
            seed=self.experiment.limits.seed,
        ).systems
        answered = [
            Answered(
                system,
                self._seeing[system.sight],
                *costs[place],
                runs[place],
                values[place],
                ranks_of(runs[place], gallery.qrels),
                measured[labels[place]],
            )
            for place, system in enumerate(self.systems)
        ]
        return Compared(gallery, self.baseline, answered)

    def _run(self, system: System, gallery: Gallery) -> Run:
        """What counts of the answers."""
        run = read_run(self._searching(system, gallery).path)
        return condensed(run, gallery.qrels) if gallery.judged_only else run

    def _answer(
        self, system: System, gallery: Gallery, told: Told
    ) -> tuple[Mapping[str, float | None], Mapping[str, float | None]]:
        """What the index and the run cost, done first where they are not."""
        index = Indexing(self._seeing[system.sight], gallery, self._cache)
        looked = self._cache.result(index.unit) or index.complete(told)
        run = self._searching(system, gallery)
        asked = self._cache.result(run.unit)
        if asked is None:
            told.searching(len(gallery.queries))
            asked = run.complete(told.answered)
        return looked, asked
