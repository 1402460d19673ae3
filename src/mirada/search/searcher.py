"""From words or a picture to hits."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from mirada.errors import StoreError
from mirada.protocols import Calibrated
from mirada.search.calibrate import confidence
from mirada.search.results import Query, Results
from mirada.types import Hit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from mirada.protocols import Encoder, Store
    from mirada.types import ImageRecord, Matrix, Ranking, Vector


ATTEMPTS = 5  # of a search that an indexing run keeps disturbing


class Searcher:
    """Answers queries over one store with one encoder."""

    def __init__(self, store: Store, encoder: Encoder) -> None:
        self._store = store
        self._encoder = encoder
        self._loaded = False

    def by_text(self, texts: Sequence[str], *, limit: int = 20) -> list[Results]:
        """For each text the `limit` images nearest to it."""
        self._load()
        started = time.perf_counter()
        vectors = self._encoder.encode_texts(texts)
        each = _milliseconds_since(started) / max(len(texts), 1)
        return [
            self._results(Query(text), vector, limit, spent_ms=each, calibrated=True)
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
        return self._results(query, vector, limit, spent_ms=_milliseconds_since(started))

    def like(self, image_id: str, query: Query, *, limit: int = 20) -> Results:
        """The `limit` images nearest to an indexed one, which is left out."""
        try:
            (vector,) = self._store.vectors([image_id])
        except KeyError as error:
            raise StoreError("the picture has just left the index: search again") from error
        results = self._results(query, vector, limit + 1)
        others = [hit for hit in results.hits if hit.record.image_id != image_id][:limit]
        hits = tuple(
            Hit(hit.record, rank, hit.score, hit.confidence) for rank, hit in enumerate(others, 1)
        )
        return Results(query, hits, results.considered - 1, results.took_ms)

    def _load(self) -> None:
        """Have the text model loaded before the clock starts: `took_ms` is of the query alone."""
        if not self._loaded:
            self._encoder.encode_texts([" "])
            self._loaded = True

    def _results(
        self,
        query: Query,
        vector: Vector,
        limit: int,
        *,
        spent_ms: float = 0.0,
        calibrated: bool = False,
    ) -> Results:
        started = time.perf_counter()
        ranking, records, sure = self._look_up(vector, limit, calibrated=calibrated)
        hits = tuple(
            Hit(record, rank, float(score), probability)
            for rank, (record, score, probability) in enumerate(
                zip(records, ranking.scores, sure, strict=True), 1
            )
        )
        took_ms = spent_ms + _milliseconds_since(started)
        return Results(query, hits, len(self._store), took_ms)

    def _look_up(
        self, vector: Vector, limit: int, *, calibrated: bool
    ) -> tuple[Ranking, list[ImageRecord], Sequence[float | None]]:
        for _ in range(ATTEMPTS):
            ranking = self._store.nearest(vector, limit=limit)
            with suppress(KeyError):  # another process has just removed one of them: look again
                records = self._store.get(ranking.ids)
                unknown: list[float | None] = [None] * len(records)
                return ranking, records, self._confidences(ranking) if calibrated else unknown
        raise StoreError("the index changes faster than it can be read: search again later")

    def _confidences(self, ranking: Ranking) -> list[float | None]:
        if not isinstance(self._encoder, Calibrated) or not ranking.ids:
            return [None] * len(ranking.ids)
        vectors: Matrix = self._store.vectors(ranking.ids)
        return [float(p) for p in confidence(ranking.scores, vectors, self._encoder.calibration)]


def unit_sum(a: Vector, b: Vector) -> Vector:
    """The unit vector between two: what is near to it is near to both."""
    total = a + b
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-12), dtype=np.float32)


def _milliseconds_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
