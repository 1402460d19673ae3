"""The score of many images for one parsed query: which region meets which phrase, and how well.

    S = scene
      + log of the sum over assignments of
            exp [ sum log p + sum log(position) + 1.5 sum log(relation) ] / sqrt(n)
      + 0.7 sum log P(count) + sum log(1 - p of what must not be seen)

All assignments count, as small regions are seldom told apart for sure; the best one explains.

Pure maths: where the probabilities come from is the business of the ranking.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.search.counting import chance_of_count
from mirada.search.geometry import between, position, relation
from mirada.search.matching import Clause, best_match

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mirada.types import ParsedQuery, Phrase, Relation

MISSING: Final = -1
"""In place of a region where a phrase is met by none."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Constants of the score."""

    scene: float = 1.0
    position: float = 1.0
    relation: float = 1.5
    count: float = 0.7
    negation: float = 1.0
    missing: float = -4.0  # log p of a phrase that no region shows: a penalty, never a veto
    least: float = 0.02  # to which positions, relations and counts of degree 0 are raised
    surest: float = 0.98  # up to which what must not be seen counts
    beam: int = 8  # regions considered for each phrase
    states: int = 128  # partial assignments kept for an image; three phrases are exact
    overlap: float = 0.6  # IoU above which two regions are counted once
    counted: float = 0.02  # probability from which a region is counted


@dataclass(frozen=True, slots=True)
class Sightings:
    """What the regions of many images say to one query; images with few regions are padded."""

    phrases: NDArray[np.floating]  # (phrases, images, regions) log probability of each phrase
    negations: NDArray[np.floating]  # (negations, images, regions) of what must not be seen
    boxes: NDArray[np.floating]  # (images, regions, 4)
    present: NDArray[np.bool_]  # (images, regions) False: padding
    scene: NDArray[np.floating]  # (images,) log score of the whole image


@dataclass(frozen=True, slots=True)
class Assignments:
    """Scores of images, their parts, and the regions they come from.

    Parts are as they enter the total; degrees are in [0, 1] and 1 where nothing was asked.
    """

    scene: NDArray[np.float64]  # (images,)
    phrases: NDArray[np.float64]  # (images,)
    positions: NDArray[np.float64]  # (images,)
    relations: NDArray[np.float64]  # (images,)
    counts: NDArray[np.float64]  # (images,)
    negations: NDArray[np.float64]  # (images,)
    others: NDArray[np.float64]  # (images,) what the other assignments add to the best one
    regions: NDArray[np.intp]  # (images, phrases) row of the region chosen, or MISSING
    phrase_logs: NDArray[np.float64]  # (images, phrases) log p of the chosen, or Weights.missing
    position_degrees: NDArray[np.float64]  # (images, phrases) of the chosen
    relation_degrees: NDArray[np.float64]  # (images, relations) 0 with a missing thing
    count_chances: NDArray[np.float64]  # (images, phrases) that the count holds
    negation_chances: NDArray[np.float64]  # (images, negations) that it is seen after all
    negation_regions: NDArray[np.intp]  # (images, negations) where, or MISSING

    @property
    def total(self) -> NDArray[np.float64]:
        """(images,) what orders them."""
        joint = self.phrases + self.positions + self.relations
        return self.scene + joint + self.others + self.counts + self.negations


def assign(query: ParsedQuery, seen: Sightings, weights: Weights | None = None) -> Assignments:
    """The best joint assignment of regions to phrases in every image, and what it scores.

    Args:
        query: whose phrases, relations and negations are the rows of `seen`; relations that name
            a phrase twice or one that is not there are left out.
        seen: probabilities and boxes.
        weights: constants; those of `Weights` where none are given.
    """
    weights = weights or Weights()
    boxes = np.where(seen.present[..., None], seen.boxes, 0.0).astype(np.float64)
    logs = np.where(seen.present, seen.phrases, -np.inf).astype(np.float64)
    places = _positions(query.phrases, boxes)
    options = _options(logs + weights.position * _log(places, weights), boxes, weights)
    tables = [
        _degrees(one, options) if _is_sound(one, len(query.phrases)) else None
        for one in query.relations
    ]
    clauses = [
        Clause((one.subj, *one.objs), weights.relation * _log(table, weights))
        for one, table in zip(query.relations, tables, strict=True)
        if table is not None
    ]
    match = best_match(options.single, clauses, states=weights.states)
    picks = match.picks
    regions = options.regions_of(picks)
    phrase_logs = _chosen(logs, regions, weights.missing)
    position_degrees = _chosen(places, regions, 1.0)
    relation_degrees = _relation_degrees(query.relations, tables, picks)
    counts = _counts(query.phrases, np.exp(logs) * places, boxes, weights)
    negations = np.where(seen.present, np.exp(seen.negations), 0.0)
    negations = negations * _positions(query.negations, boxes)
    chances, where = _surest(negations)
    share = 1 / np.sqrt(max(len(query.phrases), 1))
    best = (
        phrase_logs.sum(1)
        + weights.position * _log(position_degrees, weights).sum(1)
        + weights.relation * _log(relation_degrees, weights).sum(1)
    )
    return Assignments(
        scene=weights.scene * np.asarray(seen.scene, np.float64),
        phrases=share * phrase_logs.sum(1),
        positions=share * weights.position * _log(position_degrees, weights).sum(1),
        relations=share * weights.relation * _log(relation_degrees, weights).sum(1),
        counts=weights.count * _log(counts, weights).sum(1),
        negations=weights.negation * np.log(1 - weights.surest * chances).sum(1),
        others=share * np.maximum(match.all - best, 0),
        regions=regions,
        phrase_logs=phrase_logs,
        position_degrees=position_degrees,
        relation_degrees=relation_degrees,
        count_chances=counts,
        negation_chances=chances,
        negation_regions=where,
    )


@dataclass(frozen=True, slots=True)
class _Options:
    """For each phrase the best regions of each image, and after them to have none."""

    regions: NDArray[np.intp]  # (phrases, images, beam)
    single: NDArray[np.float64]  # (phrases, images, beam + 1)
    boxes: NDArray[np.float64]  # (phrases, images, beam, 4)

    def regions_of(self, picks: NDArray[np.intp]) -> NDArray[np.intp]:
        """(images, phrases) rows of the regions that were picked."""
        none = np.full((*self.regions.shape[:2], 1), MISSING)
        known = np.concatenate([self.regions, none], 2)
        return np.asarray(np.take_along_axis(known, picks.T[..., None], 2)[..., 0].T)


def _options(single: NDArray[np.float64], boxes: NDArray[np.float64], weights: Weights) -> _Options:
    order = np.argsort(-single, axis=2, kind="stable")[..., : weights.beam]
    none = np.full((*single.shape[:2], 1), weights.missing)
    return _Options(
        order,
        np.concatenate([np.take_along_axis(single, order, 2), none], 2),
        np.take_along_axis(boxes[None], order[..., None], 2),
    )


def _positions(phrases: Sequence[Phrase], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(phrases, images, regions) degree to which a region lies where the phrase says."""
    degrees = np.ones((len(phrases), *boxes.shape[:2]))
    for place, phrase in enumerate(phrases):
        for name in phrase.pos:
            degrees[place] *= position(name, boxes)
    return degrees


def _degrees(asked: Relation, options: _Options) -> NDArray[np.float64]:
    """(images, beam + 1, ...) degree of a relation for every choice; the last is to have none.

    A thing that is missing meets no relation, and so every negated one. Two phrases on the same
    region are in no relation, negated or not.
    """
    phrases = (asked.subj, *asked.objs)
    found = _found(asked, options)
    table = np.zeros((found.shape[0], *(size + 1 for size in found.shape[1:])))
    table[(slice(None), *(slice(-1) for _ in phrases))] = found
    if asked.negated:
        table = 1 - table
    for place, one in enumerate(phrases):
        for later, other in enumerate(phrases[place + 1 :], place + 1):
            same = options.regions[one][:, :, None] == options.regions[other][:, None, :]
            same = np.pad(same, ((0, 0), (0, 1), (0, 1)))
            apart = [axis + 1 for axis in range(len(phrases)) if axis not in (place, later)]
            table = np.where(np.expand_dims(same, apart), 0.0, table)
    return table


def _found(asked: Relation, options: _Options) -> NDArray[np.float64]:
    """(images, beam, ...) degree of a relation for every choice of regions."""
    boxes = [options.boxes[one] for one in (asked.subj, *asked.objs)]
    if asked.rel != "between":
        return relation(asked.rel, *boxes)
    if len(boxes) == 3:
        return between(*boxes)
    # between two of a kind: beside the one that is chosen there is a likely other one
    (kind,) = asked.objs
    rows, own = options.regions[kind], options.regions[asked.subj]
    chances = np.exp(np.minimum(options.single[kind][:, None, None, :-1], 0))
    other = (rows[:, None, :, None] != rows[:, None, None, :]) & (
        rows[:, None, None, :] != own[:, :, None, None]
    )
    pairs = between(boxes[0], boxes[1], boxes[1]) * chances * other
    return np.asarray(pairs.max(3, initial=0.0))


def _relation_degrees(
    asked: Sequence[Relation],
    tables: Sequence[NDArray[np.float64] | None],
    picks: NDArray[np.intp],
) -> NDArray[np.float64]:
    """(images, relations) degrees of what was picked; 1 for relations left out."""
    degrees = np.ones((len(picks), len(asked)))
    rows = np.arange(len(picks))
    for place, (one, table) in enumerate(zip(asked, tables, strict=True)):
        if table is not None:
            chosen = (picks[:, phrase] for phrase in (one.subj, *one.objs))
            degrees[:, place] = table[(rows, *chosen)]
    return degrees


def _is_sound(asked: Relation, phrases: int) -> bool:
    named = (asked.subj, *asked.objs)
    objects = (1, 2) if asked.rel == "between" else (1,)
    known = all(0 <= one < phrases for one in named)
    return known and len(asked.objs) in objects and len(named) == len(set(named))


def _counts(
    phrases: Sequence[Phrase],
    chances: NDArray[np.float64],
    boxes: NDArray[np.float64],
    weights: Weights,
) -> NDArray[np.float64]:
    """(images, phrases) probability that the count of each phrase holds."""
    found = np.ones((len(boxes), len(phrases)))
    for place, phrase in enumerate(phrases):
        if phrase.count is not None:
            found[:, place] = chance_of_count(
                phrase.count,
                chances[place],
                boxes,
                overlap=weights.overlap,
                least=weights.counted,
            )
    return found


def _surest(
    chances: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """(images, phrases) largest chance of each, and the region that has it."""
    if not chances.shape[2]:
        shape = chances.shape[1], chances.shape[0]
        return np.zeros(shape), np.full(shape, MISSING)
    where = chances.argmax(2).T
    largest = chances.max(2).T
    return largest, np.where(largest > 0, where, MISSING)


def _chosen(
    values: NDArray[np.float64], regions: NDArray[np.intp], missing: float
) -> NDArray[np.float64]:
    """(images, phrases) values (phrases, images, regions) of the regions chosen."""
    padded = np.concatenate([values, np.full((*values.shape[:2], 1), missing)], 2)
    return np.asarray(np.take_along_axis(padded, regions.T[..., None], 2)[..., 0].T)


def _log(degrees: NDArray[np.float64], weights: Weights) -> NDArray[np.float64]:
    """Logarithm of degrees raised from [0, 1] to [least, 1]."""
    return np.asarray(np.log(weights.least + (1 - weights.least) * degrees))
