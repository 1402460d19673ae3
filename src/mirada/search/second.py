"""The second look: the best pictures of a query are opened and judged again, then put in order.

    statements(query) -> the reranker tells how probable each is   -> evidence, and the order
    things of a query -> the detector draws boxes -> the clauses anew

What is judged here is slow and sure; what found the pictures was fast, and knows only vectors.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.errors import ModelFailed, UnreadableImage
from mirada.indexing.images import open_image
from mirada.paths import readable
from mirada.search.detected import look_again, only, sought
from mirada.search.explain import explain
from mirada.search.results import Recheck
from mirada.search.statements import needed, statements
from mirada.types import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from PIL.Image import Image

    from mirada.protocols import Detector, Reranker
    from mirada.search.rank import Constants
    from mirada.search.results import Results
    from mirada.search.searcher import Seen
    from mirada.search.statements import Statement
    from mirada.types import Hit, ImageRecord, ParsedQuery

LEAST: Final = 1e-6
"""Probability to which a clause is raised: no model is so sure that it may veto alone."""
UNMET: Final = 0.1
"""Probability below which a clause plainly fails: what the proof shows in red. Not 0.5, as some
models (SigLIP for one) give true texts a few tenths only."""
LONG: Final = 2.0  # seconds after which a look is spoken of
JUDGED: Final = frozenset(("phrase", "position", "count", "relation", "negation"))  # by boxes

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the second look says of a picture."""

    degrees: tuple[float, ...]  # in [0, 1], one for each judgement
    evidence: tuple[Evidence, ...]

    @property
    def fails(self) -> bool:
        """Whether a clause plainly fails."""
        return min(self.degrees, default=1.0) < UNMET

    @property
    def score(self) -> float:
        """Mean logarithm of the degrees, in [log LEAST, 0]: a geometric mean."""
        return float(np.log(np.maximum(self.degrees, LEAST)).mean()) if self.degrees else 0.0


class SecondLook:
    """Looks at the best pictures again; safe to call from threads.

    Pictures are put in the order of what it says: first those of which no clause plainly fails,
    by falling geometric mean of the clauses, ties as they were. Only hits change places, and only
    among the best. A picture that cannot be opened, or of which a model had nothing to say, keeps
    its place, with a warning.

    Confidence and score stay those of the first look. A confidence is a probability that was fitted
    to a collection and decides with the cut what is an answer; what a model that somebody plugged
    in calls a probability has been compared with nothing here. So it orders, and its words stand
    in the evidence, but answers stay answers.
    """

    def __init__(
        self,
        reranker: Reranker | None,
        detector: Detector | None,
        *,
        limit: int = 10,
        constants: Constants | None = None,
    ) -> None:
        """Takes what looks.

        Args:
            reranker: tells how probable each clause is.
            detector: finds the things of the query; places, counts and relations are then judged
                by its boxes, and the reranker is not asked for them.
            limit: pictures at most.
            constants: those of the ranking.
        """
        self.limit = limit
        self._reranker, self._detector, self._constants = reranker, detector, constants
        self._models = tuple(one for one in (reranker, detector) if one is not None)

    @property
    def models(self) -> tuple[str, ...]:
        """Names of those that look."""
        return tuple(one.name for one in self._models)

    def __call__(self, results: Results, seen: Mapping[str, Seen]) -> Results:
        """The same hits, the best of them in the order of a second look and with what it says.

        Args:
            results: of a query in words.
            seen: image id -> how the first look saw each hit.
        """
        best = results.hits[: self.limit]
        if not any(self._has_work(seen[hit.record.image_id].query) for hit in best):
            return results
        side = max(1, *(one.image_size for one in self._models))
        judged = self._judge_all(best, seen, side)
        verdicts = [one if isinstance(one, Verdict) else None for one in judged]
        told = [
            hit
            if verdict is None
            else replace(hit, evidence=verdict.evidence, again=float(np.exp(verdict.score)))
            for hit, verdict in zip(best, verdicts, strict=True)
        ]
        ranked = [replace(told[old], rank=rank) for rank, old in enumerate(order(verdicts), 1)]
        reasons = [one for one in judged if isinstance(one, str)]
        recheck = Recheck(self.models, len(best) - len(reasons), tuple(_warnings(reasons)))
        return replace(results, hits=(*ranked, *results.hits[self.limit :]), recheck=recheck)

    def _judge_all(
        self, best: Sequence[Hit], seen: Mapping[str, Seen], side: int
    ) -> list[Verdict | str]:
        """What `_judge` says of each picture, all at the same time."""
        pool = ThreadPoolExecutor(len(best))
        try:
            tasks = [pool.submit(self._judge, hit, seen[hit.record.image_id], side) for hit in best]
            if wait(tasks, timeout=LONG).not_done:
                names = " and ".join(self.models)
                _log.info("looking again at the best %d pictures with %s", len(best), names)
            return [task.result() for task in tasks]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # after Ctrl-C no more begin

    def _has_work(self, query: ParsedQuery) -> bool:
        if self._detector is not None and sought(query):
            return True
        return self._reranker is not None and bool(statements(query))

    def _judge(self, hit: Hit, seen: Seen, side: int) -> Verdict | str:
        """The verdict on a picture, or why there is none."""
        try:
            image = _open(hit.record, side)
            evidence = self._detected(image, seen) or hit.evidence
            asked = statements(seen.query, geometry=self._detector is None)
            chances = self._checked(image, asked)
        except Exception as error:
            return f"{readable(hit.record.path.name)}: {error}"
        degrees = (*_drawn(evidence, seen.query), *chances)
        return Verdict(degrees, tuple(retold(evidence, asked, chances)))

    def _detected(self, image: Image, seen: Seen) -> tuple[Evidence, ...]:
        """The evidence with the clauses as the boxes of the detector meet them; () without one."""
        things = sought(seen.query)
        if self._detector is None or not things:
            return ()
        found = self._detector.detect(image, things)
        if len(found) != len(things):
            raise ModelFailed(f"{self._detector.name} answered {len(found)} of {len(things)} asked")
        again = look_again(seen.query, found, seen.looked, seen.row, self._constants)
        told = explain(seen.query, only(seen.candidates, seen.row), again, 0)
        return tuple(replace(one, source="detector") if one.kind in JUDGED else one for one in told)

    def _checked(self, image: Image, asked: Sequence[Statement]) -> tuple[float, ...]:
        """The degree to which each statement is as the query wants it; () without a reranker."""
        if self._reranker is None or not asked:
            return ()
        chances = np.asarray(self._reranker.check(image, [one.text for one in asked]), np.float64)
        if chances.shape != (len(asked),) or not np.isfinite(chances).all():
            raise ModelFailed(f"{self._reranker.name} gave no probability for each of {len(asked)}")
        return tuple(
            round(float(1 - chance if one.denied else chance), 4)
            for one, chance in zip(asked, np.clip(chances, 0, 1), strict=True)
        )


def order(verdicts: Sequence[Verdict | None]) -> list[int]:
    """Former places in their new order; where there is no verdict, a picture keeps its place."""
    judged = [
        (one.fails, -one.score, place) for place, one in enumerate(verdicts) if one is not None
    ]
    ranked = iter(sorted(judged))
    return [place if one is None else next(ranked)[2] for place, one in enumerate(verdicts)]


def retold(
    evidence: Iterable[Evidence], asked: Sequence[Statement], chances: Sequence[float]
) -> Iterator[Evidence]:
    """The evidence with what the reranker says, where it was asked.

    It stands in place of what the first look said of the same clause, whose boxes stay, and below
    what the detector says, which is as good a judge.
    """
    answers = {
        clause: chance
        for one, chance in zip(asked, chances, strict=bool(chances))
        for clause in one.clauses
    }
    known = list(evidence)
    named = {(one.kind, one.clause) for one in known}
    for (kind, clause), chance in answers.items():
        if (kind, clause) not in named:
            yield Evidence(kind, clause, chance, "reranker")
    for one in known:
        answer = answers.get((one.kind, one.clause))
        if answer is None or one.source == "detector":
            yield one
        if answer is not None:
            boxes = () if one.source == "detector" else one.boxes
            yield Evidence(one.kind, one.clause, answer, "reranker", boxes)


def _drawn(evidence: Sequence[Evidence], query: ParsedQuery) -> Iterator[float]:
    """The degrees of the clauses that boxes of a detector decide, but for things not needed."""
    wanted = {query.phrases[place].text for place in needed(query)}
    for one in evidence:
        if one.source == "detector" and (one.kind != "phrase" or one.clause in wanted):
            yield one.degree


def _open(record: ImageRecord, side: int) -> Image:
    """The pixels, from the first of its files that can be read."""
    reason = UnreadableImage("no file")
    for file in record.files:
        try:
            return open_image(file.path, side)
        except UnreadableImage as error:
            reason = error
    raise reason


def _warnings(reasons: Sequence[str]) -> Iterator[str]:
    if reasons:
        many = len(reasons) > 1
        yield (
            f"{len(reasons)} picture{'s' * many} could not be looked at again and "
            f"{'keep their places' if many else 'keeps its place'} ({reasons[0]})"
        )
