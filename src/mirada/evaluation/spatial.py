"""Whether an engine tells "a dog left of a man" from "a man left of a dog"."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from mirada.errors import DatasetError
from mirada.evaluation.graded import first_hit, hits_in_order, ndcg
from mirada.evaluation.significance import FEWER, bootstrap
from mirada.evaluation.spatial_truth import WORDS, judge, spatial_queries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.evaluation.significance import Interval
    from mirada.evaluation.spatial_truth import SpatialQuery

CUTS: Final = (1, 5, 10)

GROUPS: Final[Mapping[str, Sequence[str]]] = {
    "left/right": ("left_of", "right_of"),
    "above/below": ("above", "below"),
    "directions": ("left_of", "right_of", "above", "below"),
    "all": tuple(WORDS),
}
"""Relations told of together. Words alone give no hint on directions; they do on the others: a man
is on a bench, never a bench on a man."""


class SpatialEngine(Protocol):
    """Any search that gives every image a score for a text."""

    name: str

    def score(
        self, queries: Sequence[str], images: Sequence[CaptionedImage]
    ) -> NDArray[np.floating]:
        """(queries, images) scores, higher where an image answers better."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """How well one kind of query was answered; shares with 95% intervals."""

    pairs: int  # of a query and its twin
    swap: Interval  # share of pairs whose image scores higher under the query; a tie counts half
    queries: int  # different texts
    recall: Mapping[int, Interval]  # cut-off -> share with a relevant image within it
    ndcg: Interval  # nDCG@10


@dataclass(frozen=True, slots=True)
class EngineFound:
    """One engine over all queries."""

    by_relation: Mapping[str, Found]
    by_group: Mapping[str, Found]  # of GROUPS, where there are queries
    seconds: float


@dataclass(frozen=True, slots=True)
class SpatialReport:
    """One gallery, several engines."""

    images: int
    pairs: int
    queries: int  # different texts among the true ones
    engines: Mapping[str, EngineFound]


def evaluate_spatial(
    images: Sequence[CaptionedImage],
    engines: Sequence[SpatialEngine],
    *,
    relations: Sequence[str] = tuple(WORDS),
    limit: int = 200,
    seed: int = 0,
    advance: Callable[[str], None] = lambda _: None,
) -> SpatialReport:
    """Every query and its twin through every engine, over all images that have boxes.

    Args:
        images: those without boxes are left out, because nothing is known of them.
        engines: under test.
        relations: of `spatial_truth.WORDS`.
        limit: pairs a relation at most.
        seed: of the bootstrap.
        advance: told the name of each engine before it starts.

    Raises:
        DatasetError: no image has boxes, or none that make a query.
    """
    boxed = [image for image in images if image.boxes]
    if not boxed:
        raise DatasetError("no image has boxes: rows need boxes [{label, x0, y0, x1, y1}]")
    pairs = spatial_queries(boxed, relations=relations, limit=limit)
    if not pairs:
        raise DatasetError("no boxes lie clearly apart: rows need two different things or more")
    sheet = _Sheet.of(pairs, boxed, seed)
    found = {}
    for engine in engines:
        advance(engine.name)
        found[engine.name] = _evaluate(engine, sheet)
    return SpatialReport(len(boxed), len(pairs), len(sheet.distinct), found)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """The questions, the gallery, and what is true."""

    pairs: Sequence[SpatialQuery]
    images: Sequence[CaptionedImage]
    distinct: Sequence[SpatialQuery]  # the first with each text
    grades: NDArray[np.int8]  # (distinct, images)
    seed: int

    @classmethod
    def of(
        cls, pairs: Sequence[SpatialQuery], images: Sequence[CaptionedImage], seed: int
    ) -> _Sheet:
        distinct = list({one.text: one for one in reversed(pairs)}.values())[::-1]
        return cls(pairs, images, distinct, judge(distinct, images), seed)


def _evaluate(engine: SpatialEngine, sheet: _Sheet) -> EngineFound:
    texts = list(dict.fromkeys(text for one in sheet.pairs for text in (one.text, one.twin)))
    started = time.perf_counter()
    scores = np.asarray(engine.score(texts, sheet.images))
    seconds = time.perf_counter() - started
    row = {text: place for place, text in enumerate(texts)}
    column = {image.name: place for place, image in enumerate(sheet.images)}
    own, twin = (
        np.array([scores[row[text], column[one.image]] for one, text in told])
        for told in (
            [(one, one.text) for one in sheet.pairs],
            [(one, one.twin) for one in sheet.pairs],
        )
    )
    swaps = (own > twin) + 0.5 * (own == twin)
    ranked = [
        hits_in_order(scores[row[one.text]], grades)
        for one, grades in zip(sheet.distinct, sheet.grades, strict=True)
    ]
    kinds = list(dict.fromkeys(one.relation for one in sheet.pairs))
    return EngineFound(
        {kind: _summary(sheet, swaps, ranked, [kind]) for kind in kinds},
        {
            name: _summary(sheet, swaps, ranked, group)
            for name, group in GROUPS.items()
            if set(kinds) & set(group)
        },
        seconds,
    )


def _summary(
    sheet: _Sheet,
    swaps: NDArray[np.floating],
    ranked: Sequence[NDArray[np.bool_]],
    kinds: Sequence[str],
) -> Found:
    """What was found by queries of these relations."""
    pairs = [place for place, one in enumerate(sheet.pairs) if one.relation in kinds]
    asked = [place for place, one in enumerate(sheet.distinct) if one.relation in kinds]
    texts = [sheet.distinct[place].text for place in asked]
    ranks = np.array([first_hit(ranked[place]) for place in asked])
    gains = np.array([ndcg(ranked[place], CUTS[-1]) for place in asked])

    def sure(values: NDArray[Any], owners: Sequence[str]) -> Interval:
        return bootstrap(values, rounds=FEWER, seed=sheet.seed, groups=owners)

    return Found(
        len(pairs),
        sure(swaps[pairs], [sheet.pairs[one].image for one in pairs]),
        len(asked),
        {cut: sure(ranks <= cut, texts) for cut in CUTS},
        sure(gains, texts),
    )
