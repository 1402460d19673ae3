"""A store of plain dictionaries: the naive oracle beside LanceStore, and a stand-in for it."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mirada.store.holds import condition_of, holds
from mirada.store.terms import terms_of, terms_of_query
from mirada.types import COLOURS, ImageRecord, Parts, Ranking, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mirada.types import Filter, Matrix, Region, Vector


class ListStore:
    """Keeps everything in memory and compares with every vector."""

    def __init__(self, *, encoder: str, dim: int) -> None:
        self.encoder = encoder
        self.dim = dim
        self.writes = 0
        self._records: dict[str, ImageRecord] = {}
        self._vectors: dict[str, Vector] = {}

    def __len__(self) -> int:
        return len(self._records)

    def ids(self) -> list[str]:
        return list(self._records)

    def files(self) -> dict[SourceFile, str]:
        return {file: one for one, record in self._records.items() for file in record.files}

    def put(self, records: Sequence[ImageRecord], vectors: Matrix) -> None:
        if vectors.shape != (len(records), self.dim):
            raise ValueError("vectors of the wrong shape")
        if not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3):
            raise ValueError("vectors that are not of unit length")
        if len({record.image_id for record in records}) < len(records):
            raise ValueError("an image id comes twice")
        if not all(record.files for record in records):
            raise ValueError("a record without files")
        self.writes += bool(records)
        for record, vector in zip(records, vectors, strict=True):
            self._records[record.image_id] = replace(record, files=_in_order(record.files))
            self._vectors[record.image_id] = np.array(vector, np.float32)

    def update(self, records: Sequence[ImageRecord]) -> None:
        kept = [self._records[record.image_id] for record in records]
        self.writes += bool(records)
        for record, old in zip(records, kept, strict=True):
            self._records[record.image_id] = replace(record, files=old.files)

    def set_files(self, files: Mapping[str, Sequence[SourceFile]]) -> None:
        kept = {one: self._records[one] for one, group in files.items() if group}
        self.writes += bool(files)
        for one, record in kept.items():
            self._records[one] = replace(record, files=_in_order(files[one]))
        for one in files.keys() - kept.keys():
            self._records.pop(one, None)
            self._vectors.pop(one, None)

    def get(self, image_ids: Sequence[str]) -> list[ImageRecord]:
        return [replace(self._records[one], regions=()) for one in image_ids]

    def regions(self, image_ids: Sequence[str]) -> list[tuple[Region, ...]]:
        groups = [self._records[one].regions for one in image_ids]
        return [tuple(sorted(group, key=lambda one: -one.box.area)) for group in groups]

    def parts(self, image_ids: Sequence[str]) -> Parts:
        groups = self.regions(image_ids)
        shape = (len(groups), max(map(len, groups), default=0))
        boxes = np.zeros((*shape, 4), np.float32)
        vectors = np.zeros((*shape, self.dim), np.float32)
        present = np.zeros(shape, np.bool_)
        colours = np.zeros((*shape, len(COLOURS)), np.float32)
        for image, group in enumerate(groups):
            for part, region in enumerate(group):
                box = region.box
                boxes[image, part] = (box.x0, box.y0, box.x1, box.y1)
                vectors[image, part] = region.vector
                present[image, part] = True
                for swatch in region.palette:
                    colours[image, part, COLOURS.index(swatch.colour)] = swatch.share
        return Parts(boxes, vectors, present, colours)

    def models(self) -> dict[str, dict[str, str]]:
        return {one: dict(record.models) for one, record in self._records.items()}

    def vectors(self, image_ids: Sequence[str]) -> Matrix:
        rows = [self._vectors[one] for one in image_ids]
        return np.stack(rows) if rows else np.empty((0, self.dim), np.float32)

    def select(self, filters: Sequence[Filter]) -> frozenset[str]:
        for one in filters:
            condition_of(one)  # refused even where there is no record
        return frozenset(
            image_id
            for image_id, record in self._records.items()
            if all(holds(one, record) for one in filters)
        )

    def nearest(
        self, vector: Vector, *, limit: int, among: frozenset[str] | None = None
    ) -> Ranking:
        self._check(vector)
        return _best(
            {one: np.float32(v.astype(float) @ vector) for one, v in self._vectors.items()},
            limit,
            among,
        )

    def nearest_parts(
        self, vectors: Matrix, *, limit: int, among: frozenset[str] | None = None
    ) -> list[Ranking]:
        if vectors.ndim != 2:
            raise ValueError("not rows of vectors")
        return [self._nearest_part(vector, limit, among) for vector in vectors]

    def match(self, text: str, *, limit: int, among: frozenset[str] | None = None) -> Ranking:
        words = terms_of_query(text)
        shared = {
            one: np.float32(sum(words.get(one, 0) for one in {*terms_of(record).split()}))
            for one, record in self._records.items()
        }
        return _best({one: score for one, score in shared.items() if score}, limit, among)

    def optimize(self) -> None:
        pass

    def _nearest_part(self, vector: Vector, limit: int, among: frozenset[str] | None) -> Ranking:
        self._check(vector)
        scores = {
            one: max(np.float32(region.vector.astype(float) @ vector) for region in record.regions)
            for one, record in self._records.items()
            if record.regions
        }
        return _best(scores, limit, among)

    def _check(self, vector: Vector) -> None:
        if vector.shape != (self.dim,) or not np.all(np.isfinite(vector)):
            raise ValueError("not a vector of this store")


def _best(scores: dict[str, np.float32], limit: int, among: frozenset[str] | None) -> Ranking:
    kept = [one for one in scores if among is None or one in among]
    ids = sorted(kept, key=lambda one: (-scores[one], one))[: max(limit, 0)]
    return Ranking("list", tuple(ids), np.array([scores[one] for one in ids], np.float32))


def _in_order(files: Iterable[SourceFile]) -> tuple[SourceFile, ...]:
    return tuple(sorted(files, key=lambda file: os.fsencode(file.path)))
