"""Engines for the spatial benchmark: annotated boxes as regions, and image vectors alone.

Another search needs `name` and `score(queries, images)`; one that has regions can begin from
`RegionsEngine`, which reads the query and assigns its phrases.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.evaluation.encoding import encode_texts
from mirada.evaluation.labels import Likeness, likeness
from mirada.evaluation.retrieval import encode_gallery
from mirada.evaluation.spatial_truth import things
from mirada.models.boxes import corners
from mirada.search.assign import Sightings, Weights, assign

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.protocols import Encoder
    from mirada.types import Matrix, ParsedQuery, Phrase

LOG_CHANCE: Final = {
    Likeness.SURE: float(np.log(0.95)),
    Likeness.MAYBE: float(np.log(0.3)),
    Likeness.NONE: -np.inf,
}
"""What a label says of a phrase."""


class RegionsEngine:
    """Reads each query, asks what the regions of all images say to it, and assigns them.

    `see` is told the parsed query and the images, and gives their sightings in that order.
    """

    def __init__(
        self,
        name: str,
        see: Callable[[ParsedQuery, Sequence[CaptionedImage]], Sightings],
        *,
        parse: Callable[[str], ParsedQuery],
        weights: Weights | None = None,
    ) -> None:
        self.name = name
        self._see = see
        self._parse = parse
        self._weights = weights or Weights()

    def score(
        self, queries: Sequence[str], images: Sequence[CaptionedImage]
    ) -> NDArray[np.floating]:
        """(queries, images) totals of the best assignments."""
        scores = np.zeros((len(queries), len(images)))
        for row, text in enumerate(queries):
            query = self._parse(text)
            scores[row] = assign_where_seen(query, self._see(query, images), self._weights)
        return scores


def assign_where_seen(
    query: ParsedQuery, seen: Sightings, weights: Weights
) -> NDArray[np.floating]:
    """(images,) totals; images in which nothing of the query is seen are scored once for all."""
    said = np.concatenate([seen.phrases, seen.negations])
    busy = (np.isfinite(said) & seen.present).any((0, 2))
    idle = np.flatnonzero(~busy)[:1]
    rows = np.concatenate([np.flatnonzero(busy), idle])
    some = Sightings(
        seen.phrases[:, rows],
        seen.negations[:, rows],
        seen.boxes[rows],
        seen.present[rows],
        np.zeros(len(rows)),
    )
    totals = assign(query, some, weights).total
    found = np.full(len(busy), totals[-1] if len(totals) else 0.0)
    found[busy] = totals[: int(busy.sum())]
    return np.asarray(found + weights.scene * seen.scene)


class Annotations:
    """The labelled boxes of images as their regions: tests the reading and the geometry alone."""

    def __call__(self, query: ParsedQuery, images: Sequence[CaptionedImage]) -> Sightings:
        """What the labels say to the phrases of the query."""
        sheet = self._sheet(images)
        return Sightings(
            self._logs(query.phrases, sheet),
            self._logs(query.negations, sheet),
            sheet.boxes,
            sheet.present,
            np.zeros(len(images)),
        )

    def __init__(self) -> None:
        self._known: _Sheet | None = None

    def _sheet(self, images: Sequence[CaptionedImage]) -> _Sheet:
        if self._known is None or self._known.images is not images:
            self._known = _Sheet(images)
        return self._known

    @staticmethod
    def _logs(phrases: Sequence[Phrase], sheet: _Sheet) -> NDArray[np.float64]:
        """(phrases, images, regions) log probabilities."""
        by_kind = [
            [LOG_CHANCE[_likeness(phrase, labels)] for labels in sheet.kinds] for phrase in phrases
        ]
        table = np.array(by_kind, np.float64).reshape(len(phrases), len(sheet.kinds))
        return np.where(sheet.present, table[:, sheet.places], -np.inf)


def _likeness(phrase: Phrase, labels: Sequence[str]) -> Likeness:
    """By the whole phrase or its noun: a potted plant is labelled so, a red car as a car."""
    asked = dict.fromkeys((phrase.text, phrase.head))
    return max(likeness(one, label) for one in asked for label in labels)


@dataclass(frozen=True)
class _Sheet:
    """The things of all images, padded to the most that one has."""

    images: Sequence[CaptionedImage]

    @cached_property
    def _things(self) -> list[list[tuple[tuple[str, ...], NDArray[np.float64]]]]:
        return [
            [(one.labels, corners([one.box])[0]) for one in things(image)] for image in self.images
        ]

    @cached_property
    def kinds(self) -> list[tuple[str, ...]]:
        """All sets of labels that a thing has."""
        return list(dict.fromkeys(labels for own in self._things for labels, _ in own)) or [("",)]

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """(images, regions)."""
        counts = np.array([len(own) for own in self._things])
        return np.arange(max(counts, default=0)) < counts[:, None]

    @cached_property
    def places(self) -> NDArray[np.intp]:
        """(images, regions) places in `kinds`."""
        place = {labels: one for one, labels in enumerate(self.kinds)}
        found = np.zeros(self.present.shape, np.intp)
        for row, own in enumerate(self._things):
            found[row, : len(own)] = [place[labels] for labels, _ in own]
        return found

    @cached_property
    def boxes(self) -> NDArray[np.float64]:
        """(images, regions, 4)."""
        found = np.zeros((*self.present.shape, 4))
        for row, own in enumerate(self._things):
            found[row, : len(own)] = np.array([box for _, box in own]).reshape(-1, 4)
        return found


class ScoredEngine:
    """Any search that scores images one by one for a text, such as mirada itself."""

    def __init__(self, name: str, score: Callable[[str], NDArray[np.floating]]) -> None:
        """Takes what scores all images of the dataset, in their order.

        Args:
            name: of the search.
            score: text -> (images,).
        """
        self.name = name
        self._score = score

    def score(
        self,
        queries: Sequence[str],
        images: Sequence[CaptionedImage],  # noqa: ARG002 it knows them
    ) -> NDArray[np.floating]:
        """(queries, images) scores."""
        return np.stack([self._score(text) for text in queries])


class VectorsEngine:
    """The cosine of the whole query with the whole image, as most image searches rank."""

    def __init__(
        self, encoder: Encoder, *, advance: Callable[[int], None] = lambda _: None
    ) -> None:
        self.name = f"vectors of {encoder.name}"
        self._encoder = encoder
        self._advance = advance
        self._gallery: tuple[Sequence[CaptionedImage], Matrix] | None = None

    def score(
        self, queries: Sequence[str], images: Sequence[CaptionedImage]
    ) -> NDArray[np.floating]:
        """(queries, images) cosines."""
        if self._gallery is None or self._gallery[0] is not images:
            self._gallery = images, encode_gallery(self._encoder, images, self._advance)
        return np.asarray(encode_texts(self._encoder, queries).rows @ self._gallery[1].T)
