"""The answers of one system to the queries of a gallery."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from mirada.evaluation.memory import PeakMemory
from mirada.evaluation.trec import Run, write_run
from mirada.experiments.cache import Unit, code_digest, read_lines
from mirada.experiments.indexes import FOLDER
from mirada.search.fuse import POOL, fused_ranking
from mirada.search.rank import Constants
from mirada.search.searcher import Searcher
from mirada.store.lance import LanceStore
from mirada.vocabulary.presence import load_presence

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mirada.experiments.cache import Cache
    from mirada.experiments.gallery import Gallery
    from mirada.experiments.grid import System
    from mirada.experiments.indexes import Seeing
    from mirada.types import Ranking

ANSWERS: Final = "answers.jsonl"
RUN: Final = "run.trec.gz"
LEAST: Final = -1e30  # score of what can't be worse: TREC's files know no infinity
TIMED: Final = 5  # queries of an estimate


@dataclass(frozen=True)
class Searching:
    """A run in the making: each answer is kept as soon as it is there."""

    system: System
    seeing: Seeing
    gallery: Gallery
    cache: Cache
    depth: int

    @cached_property
    def unit(self) -> Unit:
        """The run."""
        return Unit(
            "runs",
            {
                "index": self.seeing.unit(self.gallery).digest,
                "queries": self.gallery.queries_digest,
                "words_weight": self.system.words_weight,
                "rerank": self.system.rerank,
                "depth": self.depth,
                "search": code_digest("search", "language", "vocabulary", "store"),
            },
        )

    @property
    def left(self) -> int:
        """Queries that are still to be asked."""
        return len(self.gallery.queries) - len(self._kept())

    def estimate(self) -> float:
        """Seconds that the rest will take, by a few queries on what is indexed so far."""
        store = LanceStore.open(self._home)
        rank = self._ranker(store)
        rank("a")
        started = time.perf_counter()
        asked = self.gallery.queries[:: max(len(self.gallery.queries) // TIMED, 1)][:TIMED]
        for query in asked:
            rank(query.text)
        each = (time.perf_counter() - started) / len(asked)
        # a close look takes longer the more there is to look at, up to what a search considers
        more = min(len(self.gallery.images), POOL) / max(min(len(store), POOL), 1)
        return self.left * each * (more if self.system.rerank else 1)

    def complete(self, advance: Callable[[int], None]) -> dict[str, Any]:
        """Ask what is still to be asked; `advance` is told how many more are answered."""
        kept = self._kept()
        advance(len(kept))
        memory = PeakMemory()
        self._ask({row["query"] for row in kept}, advance)
        rows = self._kept()
        run = Run(self.unit.digest[:20], {row["query"]: dict(row["found"]) for row in rows})
        write_run(self.cache.place(self.unit) / RUN, run)
        result = {
            "queries": len(rows),
            "milliseconds": median(row["ms"] for row in rows),
            "peak_memory": memory.read() if not kept else None,
        }
        self.cache.finish(self.unit, result)
        (self.cache.place(self.unit) / ANSWERS).unlink()
        return result

    @property
    def path(self) -> Path:
        """Of the run as a file of TREC."""
        return self.cache.place(self.unit) / RUN

    @property
    def _home(self) -> Path:
        return self.cache.place(self.seeing.unit(self.gallery)) / FOLDER

    def _kept(self) -> list[dict[str, Any]]:
        return read_lines(self.cache.place(self.unit) / ANSWERS)

    def _ask(self, done: set[str], advance: Callable[[int], None]) -> None:
        path = self.cache.place(self.unit) / ANSWERS
        lines = "".join(json.dumps(row) + "\n" for row in self._kept())
        path.write_text(lines, encoding="utf-8")  # without a line that was cut off
        rank = self._ranker(LanceStore.open(self._home))
        rank("a")  # loads what it takes before the clock starts
        with path.open("a", encoding="utf-8") as file:
            for query in self.gallery.queries:
                if query.id not in done:
                    started = time.perf_counter()
                    ranking = rank(query.text)
                    spent = 1000 * (time.perf_counter() - started)
                    found = [
                        (one, max(float(score), LEAST))
                        for one, score in zip(ranking.ids, ranking.scores, strict=True)
                    ]
                    row = {"query": query.id, "ms": round(spent, 3), "found": found}
                    file.write(json.dumps(row) + "\n")
                    file.flush()
                    advance(1)

    def _ranker(self, store: LanceStore) -> Callable[[str], Ranking]:
        encoder, weight, depth = self.seeing.encoder, self.system.words_weight, self.depth
        if self.system.rerank:
            constants = Constants(words=weight)
            searcher = Searcher(store, encoder, load_presence(encoder, self._home), constants)
            return lambda text: searcher.rank(text, limit=depth)
        return lambda text: fused_ranking(
            store, text, encoder.encode_texts([text])[0], limit=depth, weight=weight
        )
