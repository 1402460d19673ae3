"""From words or a picture to hits."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mirada.errors import StoreError
from mirada.protocols import Calibrated
from mirada.search.calibrate import confidence
from mirada.search.fuse import POOL, fuse, pooled
from mirada.search.results import Query, Results
from mirada.types import Hit, Ranking

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image

    from mirada.protocols import Encoder, Store
    from mirada.types import ImageRecord, Matrix, Vector


@dataclass(frozen=True, slots=True)
class Found:
    """What one look into the store gave, row by row."""

    ranking: Ranking
    records: list[ImageRecord]
    confidences: list[float | None]


ATTEMPTS = 5  # of a search that an indexing run keeps disturbing


class Searcher:
    """Answers queries over one store with one encoder."""

    def __init__(self, store: Store, encoder: Encoder) -> None:
        self._store = store
        self._encoder = encoder
        self._loaded = False

    def by_text(self, texts: Sequence[str], *, limit: int = 20) -> list[Results]:
        """For each text the `limit` images that its vector and its words fit best."""
        self._load()
        started = time.perf_counter()
        vectors = self._encoder.encode_texts(texts)
        each = _milliseconds_since(started) / max(len(texts), 1)
        return [
            self._results(Query(text), partial(self._by_both, text, vector), limit, each)
            for text, vector in zip(texts, vectors, strict=True)
        ]

    def by_image(self, image: Image, query: Query, *, limit: int = 20) -> Results:
        """The `limit` images nearest to a picture, or to the sum of a picture and words."""
        if query.text:
            self._load()
        started = time.perf_counter()
        vector = self._encoder.encode_images([image])[0]
        if query.text:
            vector = unit_sum(vector, self._encoder.encode_texts([query.text])[0])
        look = partial(self._by_vector, vector)
        return self._results(query, look, limit, _milliseconds_since(started))

    def like(self, image_id: str, query: Query, *, limit: int = 20) -> Results:
        """The `limit` images nearest to an indexed one, which is left out."""
        try:
            (vector,) = self._store.vectors([image_id])
        except KeyError as error:
            raise StoreError("the picture has just left the index: search again") from error
        results = self._results(query, partial(self._by_vector, vector), limit + 1)
        others = [hit for hit in results.hits if hit.record.image_id != image_id][:limit]
        hits = tuple(
            Hit(hit.record, rank, hit.score, hit.confidence) for rank, hit in enumerate(others, 1)
        )
        return Results(query, hits, results.considered - 1, results.took_ms)

    def _load(self) -> None:
        """Have what it takes loaded before the clock starts: `took_ms` is of the query alone."""
        if not self._loaded:
            self._encoder.encode_texts([" "])
            self._store.match("a", limit=1)
            self._loaded = True

    def _results(
        self, query: Query, look: Callable[[int], Found], limit: int, spent_ms: float = 0.0
    ) -> Results:
        started = time.perf_counter()
        found = self._undisturbed(look, limit)
        hits = tuple(
            Hit(record, rank, float(score), probability)
            for rank, (record, score, probability) in enumerate(
                zip(found.records, found.ranking.scores, found.confidences, strict=True), 1
            )
        )
        return Results(query, hits, len(self._store), spent_ms + _milliseconds_since(started))

    def _undisturbed(self, look: Callable[[int], Found], limit: int) -> Found:
        for _ in range(ATTEMPTS):
            with suppress(KeyError):  # another process has just removed one of them: look again
                return look(limit)
        raise StoreError("the index changes faster than it can be read: search again later")

    def _by_vector(self, vector: Vector, limit: int) -> Found:
        ranking = self._store.nearest(vector, limit=limit)
        return Found(ranking, self._store.get(ranking.ids), [None] * len(ranking.ids))

    def rank(self, text: str, *, limit: int) -> Ranking:
        """Up to `limit` image ids by how well their vectors and words fit the text."""
        return self._rank(text, self._encoder.encode_texts([text])[0], limit)[0]

    def _rank(
        self, text: str, vector: Vector, limit: int
    ) -> tuple[Ranking, NDArray[np.float32], Matrix]:
        """The fused ranking, with cosines and vectors in its order."""
        size = max(limit, POOL)
        words = self._store.match(text, limit=size)
        ids = pooled(self._store.nearest(vector, limit=size), words)
        vectors = self._store.vectors(ids)
        # summed in float64, as the store does: equal vectors must not differ by rounding
        cosines = np.einsum("ij,j->i", vectors, vector, dtype=np.float64).astype(np.float32)
        fused = fuse(ids, cosines, words)
        rows = {one: row for row, one in enumerate(ids)}
        best = [rows[one] for one in fused.ids[:limit]]
        kept = Ranking(fused.source, fused.ids[:limit], fused.scores[:limit])
        return kept, cosines[best], vectors[best]

    def _by_both(self, text: str, vector: Vector, limit: int) -> Found:
        ranking, cosines, vectors = self._rank(text, vector, limit)
        return Found(ranking, self._store.get(ranking.ids), self._confidences(cosines, vectors))

    def _confidences(self, cosines: NDArray[np.float32], vectors: Matrix) -> list[float | None]:
        if not isinstance(self._encoder, Calibrated) or not len(cosines):
            return [None] * len(cosines)
        return [float(p) for p in confidence(cosines, vectors, self._encoder.calibration)]


def unit_sum(a: Vector, b: Vector) -> Vector:
    """The unit vector between two: what is near to it is near to both."""
    total = a + b
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-12), dtype=np.float32)


def _milliseconds_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
