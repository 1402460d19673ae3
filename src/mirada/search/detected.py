"""Looks at an image once more, with the boxes that a detector drew for the words of a query.

The way in, for one image of those that were looked at (`row` is its row in `looked`):

    found = detector.detect(image, sought(query))   # one list of proposals for each thing
    again = look_again(query, found, looked, row)   # a `Looked` of this image alone
    evidence = explain(query, only(candidates, row), again, 0)

`detected_sightings(query, found, scene)` is what `look_again` gives to `assign`: what is at each
box counts as likely as the detector is sure of it, and at the boxes of other things as impossible.
So what the detector does not find is missing, and counts, positions and relations are those of the
boxes that it drew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.search.assign import MISSING, Sightings, assign
from mirada.search.candidates import Candidates
from mirada.search.extents import area, shared
from mirada.search.rank import ON_THE_SPOT, Constants, Looked, is_directed
from mirada.types import COLOURS, WHOLE, Parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mirada.search.assign import Assignments
    from mirada.types import ParsedQuery, Proposal

SAME: Final = 0.8
"""IoU from which the boxes of two phrases are taken for one thing: the dog that is the animal."""

LEAST: Final = 1e-6  # confidence to which a proposal is raised


def sought(query: ParsedQuery) -> tuple[str, ...]:
    """What a detector is to look for: the things of a query, and after them what must not be."""
    return tuple(one.text for one in (*query.phrases, *query.negations))


def detected_sightings(
    query: ParsedQuery, found: Sequence[Sequence[Proposal]], scene: float
) -> Sightings:
    """What the boxes of a detector in one image say to a query.

    Region 0 is the whole image, where nothing is found; the others are the boxes, surest first,
    those of several things over the same place only once.

    Args:
        query: what is asked.
        found: for each thing of `sought` its proposals.
        scene: log score of the whole image, as in `Sightings`.

    Raises:
        ValueError: there is not one list of proposals for each thing.
    """
    if len(found) != len(query.phrases) + len(query.negations):
        raise ValueError(f"{len(found)} lists of proposals for {len(sought(query))} things")
    boxes, logs = _merged(found)
    first = len(query.phrases)
    return Sightings(
        phrases=logs[:first, None],
        negations=logs[first:, None],
        boxes=boxes[None],
        present=np.ones((1, len(boxes)), bool),
        scene=np.array([scene], np.float64),
    )


def look_again(
    query: ParsedQuery,
    found: Sequence[Sequence[Proposal]],
    looked: Looked,
    row: int,
    constants: Constants | None = None,
) -> Looked:
    """What was seen of one image, with its clauses judged anew on the boxes of a detector.

    What the encoder said of the image as a whole stays. Its total changes by as much as the clauses
    do, its confidence by how well places and relations are met now; it is kept only if the
    detector, too, is not sure of anything that must not be there.

    Args:
        query: what is asked.
        found: for each thing of `sought` its proposals in this image.
        looked: at several images.
        row: of this image.
        constants: those that `looked` was made with.

    Returns:
        One row; its parts are the whole image and the boxes of `found`, without vectors.

    Raises:
        ValueError: there is not one list of proposals for each thing.
    """
    constants = constants or Constants()
    scene = float(looked.clauses.scene[row]) / (constants.clauses.scene or 1.0)
    seen = detected_sightings(query, found, scene)
    clauses = assign(query, seen, constants.clauses)
    share = constants.directed if is_directed(query) else constants.close
    gain = share * (clauses.total - looked.clauses.total[row])
    first = len(query.phrases)
    sure = np.array([_surest(one) for one in found], np.float32)[:, None]
    one = slice(row, row + 1)
    return Looked(
        totals=looked.totals[one] + gain,
        clauses=clauses,
        parts=_parts(seen),
        shown=np.concatenate([sure[:first], looked.shown[first:, one]]),
        denied=sure[first:],
        by_whole=None if looked.by_whole is None else looked.by_whole[one],
        confidences=_confidences(query, looked, row, clauses, constants),
        kept=looked.kept[one] & (clauses.negation_chances < ON_THE_SPOT).all(1),
    )


def only(candidates: Candidates, row: int) -> Candidates:
    """One of the candidates, alone."""
    one = slice(row, row + 1)
    return Candidates(
        candidates.ids[one], candidates.scores[one], candidates.words[one], candidates.vectors[one]
    )


def _merged(
    found: Sequence[Sequence[Proposal]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(regions, 4) boxes with the whole image first, and (things, regions) log probabilities."""
    every = [(thing, one) for thing, some in enumerate(found) for one in some]
    every.sort(key=lambda pair: -pair[1].confidence)
    boxes = [(WHOLE.x0, WHOLE.y0, WHOLE.x1, WHOLE.y1)]
    logs = np.full((len(found), 1 + len(every)), -np.inf)
    for thing, one in every:
        box = (one.box.x0, one.box.y0, one.box.x1, one.box.y1)
        near = _overlap(np.array([box], np.float64), np.array(boxes[1:], np.float64).reshape(-1, 4))
        place = 1 + int(near.argmax()) if len(near) and near.max() >= SAME else len(boxes)
        if place == len(boxes):
            boxes.append(box)
        logs[thing, place] = max(logs[thing, place], np.log(max(one.confidence, LEAST)))
    return np.array(boxes, np.float64), logs[:, : len(boxes)]


def _overlap(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """IoU of boxes, which broadcast."""
    both = shared(a, b, 0) * shared(a, b, 1)
    return np.asarray(both / (area(a) + area(b) - both))


def _surest(found: Sequence[Proposal]) -> float:
    return max((one.confidence for one in found), default=0.0)


def _parts(seen: Sightings) -> Parts:
    shape = seen.present.shape
    return Parts(
        boxes=seen.boxes.astype(np.float32),
        vectors=np.zeros((*shape, 0), np.float32),
        present=seen.present,
        colours=np.zeros((*shape, len(COLOURS)), np.float32),
    )


def _confidences(
    query: ParsedQuery, looked: Looked, row: int, clauses: Assignments, constants: Constants
) -> NDArray[np.float32] | None:
    """(1,) the former confidence, with what places and relations leave of it now."""
    if looked.confidences is None:
        return None
    before = max(_left(query, looked.clauses, row, constants), LEAST)
    told = looked.confidences[row] * _left(query, clauses, 0, constants) / before
    return np.array([np.clip(told, 0, 1)], np.float32)


def _left(query: ParsedQuery, clauses: Assignments, row: int, constants: Constants) -> float:
    """Share of the confidence that is left by the place or relation that is met least."""
    lost = (clauses.regions[row] == MISSING) & np.array([bool(one.pos) for one in query.phrases])
    positions = np.where(lost, 0.0, clauses.position_degrees[row])
    degrees = np.concatenate([positions, clauses.relation_degrees[row]])
    return float(constants.unmet + (1 - constants.unmet) * degrees.min(initial=1.0))
