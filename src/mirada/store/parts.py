"""The regions of many images as arrays in memory: what a precise search compares."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mirada.store.rank import best, scores_of, shortlist
from mirada.store.rows import matrix_from
from mirada.types import COLOURS, Parts, Ranking

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from mirada.types import Matrix, Vector

SOURCE = "regions"
PART_COLUMNS = ["image_id", "rev", "x0", "y0", "x1", "y1", "vector", "palette"]


@dataclass(frozen=True)
class RegionArrays:
    """Regions of images, image by image, largest first; one more row, of zeros, is none's."""

    ids: list[str]  # (n,) of the images
    offsets: NDArray[np.intp]  # (n + 1,) where the regions of each begin
    boxes: NDArray[np.float32]  # (m + 1, 4)
    vectors: Matrix  # (m + 1, dim)
    colours: NDArray[np.float32]  # (m + 1, len(COLOURS))

    @classmethod
    def read(cls, images: pa.Table, regions: pa.Table) -> RegionArrays:
        """The regions that carry the rev of their image.

        Args:
            images: image_id and rev.
            regions: PART_COLUMNS, in any order, of these and other images.
        """
        owners, rows = _owned(images, regions)
        x0, y0, x1, y1 = (regions[name].to_numpy()[rows] for name in ("x0", "y0", "x1", "y1"))
        areas = np.maximum(x1 - x0, 0) * np.maximum(y1 - y0, 0)
        order = np.lexsort((y1, x1, y0, x0, -areas, owners))
        places = rows[order]
        dim = regions.schema.field("vector").type.list_size
        corners = np.stack([x0, y0, x1, y1], axis=1).astype(np.float32)
        counts = np.bincount(owners, minlength=images.num_rows)
        return cls(
            images["image_id"].to_pylist(),
            np.concatenate([[0], np.cumsum(counts)]),
            _with_none(corners, order),
            _with_none(matrix_from(regions["vector"], dim), places),
            _with_none(_shares(regions["palette"]), places),
        )

    @cached_property
    def rows(self) -> dict[str, int]:
        """Image id -> its place among the images."""
        return {one: row for row, one in enumerate(self.ids)}

    def of(self, image_ids: Sequence[str]) -> Parts:
        """The regions of these images, in order; KeyError for an unknown one."""
        images = np.array([self.rows[one] for one in image_ids], np.intp)
        places = self._places(images)
        return Parts(
            boxes=self.boxes[places],
            vectors=self.vectors[places],
            present=places < len(self.boxes) - 1,
            colours=self.colours[places],
        )

    def nearest(self, vector: Vector, limit: int, among: Iterable[str] | None) -> Ranking:
        """Up to `limit` images by the dot product with their best region, ties by id."""
        images = self._filled if among is None else self._filled[self._is_among(among)]
        if limit <= 0 or not len(images):
            return Ranking(SOURCE, (), np.empty(0, np.float32))
        scores = scores_of(self.vectors[:-1], vector)
        tops = np.zeros(len(self.ids), np.float32)
        tops[self._filled] = np.maximum.reduceat(scores, self.offsets[self._filled])
        kept = images[shortlist(tops[images], vector, limit)]
        places = self._places(kept)
        padded = np.append(scores, np.float32(-np.inf))[places]
        tallest = places[np.arange(len(kept)), padded.argmax(axis=1)]
        ids = [self.ids[image] for image in kept]
        return Ranking(SOURCE, *best(ids, self.vectors[tallest], vector, limit))

    @cached_property
    def _filled(self) -> NDArray[np.intp]:
        """The images that have regions."""
        return np.flatnonzero(np.diff(self.offsets))

    def _is_among(self, image_ids: Iterable[str]) -> NDArray[np.bool_]:
        known = np.zeros(len(self.ids), np.bool_)
        rows = self.rows
        known[[rows[one] for one in image_ids if one in rows]] = True
        return known[self._filled]

    def _places(self, images: NDArray[np.intp]) -> NDArray[np.intp]:
        """(images, most regions of any) rows of the regions, padded with none's."""
        starts, counts = self.offsets[images], np.diff(self.offsets)[images]
        steps = np.arange(counts.max(initial=0))
        places = starts[:, None] + steps
        return np.where(steps < counts[:, None], places, len(self.boxes) - 1)


def owners_of(images: pa.Table, image_ids: pa.Array, revs: pa.Array) -> NDArray[np.intp]:
    """For each region the place of its image among `images`; -1 where its rev is another."""
    places = pc.index_in(image_ids, value_set=images["image_id"].combine_chunks())
    same = pc.fill_null(pc.equal(images["rev"].combine_chunks().take(places), revs), False)
    owners = np.where(np.asarray(same), np.asarray(pc.fill_null(places, -1)), -1)
    return owners.astype(np.intp)


def _owned(images: pa.Table, regions: pa.Table) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The images' places of those regions that count, and these regions' rows."""
    owners = owners_of(
        images, regions["image_id"].combine_chunks(), regions["rev"].combine_chunks()
    )
    rows = np.flatnonzero(owners >= 0)
    return owners[rows], rows


def _shares(palettes: pa.ChunkedArray) -> NDArray[np.float32]:
    """(rows, len(COLOURS)) shares of the named colours; others are left out."""
    lists = palettes.combine_chunks()
    lengths = np.asarray(pc.fill_null(pc.list_value_length(lists), 0))
    swatches = pc.list_flatten(lists)
    names = pc.index_in(pc.struct_field(swatches, "colour"), value_set=pa.array(COLOURS))
    known = np.asarray(pc.is_valid(names))
    rows = np.repeat(np.arange(len(lists)), lengths)[known]
    shares = np.zeros((len(lists), len(COLOURS)), np.float32)
    columns = np.asarray(names.filter(pa.array(known)))
    shares[rows, columns] = np.asarray(pc.struct_field(swatches, "share"))[known]
    return shares


def _with_none(values: NDArray[np.float32], order: NDArray[np.intp]) -> NDArray[np.float32]:
    """The rows in that order, and one of zeros."""
    ordered = np.zeros((len(order) + 1, values.shape[1]), np.float32)
    np.take(values, order, axis=0, out=ordered[:-1], mode="clip")  # "raise" would copy it once more
    return ordered
