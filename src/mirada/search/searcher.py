"""From words or pictures to hits: parse, recall, look closely, cut, explain."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from mirada.errors import StoreError
from mirada.search.candidates import given, recall
from mirada.search.explain import explain
from mirada.search.feedback import moved
from mirada.search.query import parse
from mirada.search.rank import Ranker
from mirada.search.results import Query, Results
from mirada.types import Hit, ParsedQuery, Ranking

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image

    from mirada.protocols import Encoder, Store
    from mirada.search.candidates import Candidates
    from mirada.search.rank import Constants, Looked
    from mirada.search.second import SecondLook
    from mirada.types import Calibration, ImageRecord, Vector
    from mirada.vocabulary.presence import Presence

Answer = TypeVar("Answer")

WORK = 1_500
"""Things times images that one query may look for: a bound on its cost that does not hang on the
clock, so that the same query gets the same answer on any machine."""

ATTEMPTS = 5  # of a search that an indexing run keeps disturbing


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """How a close look saw a picture."""

    query: ParsedQuery  # of "A or B" the one as which it was found
    candidates: Candidates
    looked: Looked
    row: int  # its row in both


class Searcher:
    """Answers queries over one store with one encoder."""

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        presence: Presence | None = None,
        constants: Constants | None = None,
        calibration: Calibration | None = None,
    ) -> None:
        self._store = store
        self._encoder = encoder
        self._ranker = Ranker(encoder, presence, constants, calibration)
        self._loaded = False

    def by_text(
        self, texts: Sequence[str], *, limit: int = 20, second: SecondLook | None = None
    ) -> list[Results]:
        """For each text the images that meet it, at most `limit`, and the nearest others."""
        return [self.ask(Query(text), limit=limit, second=second) for text in texts]

    def ask(self, query: Query, *, limit: int = 20, second: SecondLook | None = None) -> Results:
        """The images that meet the words of a query, at most `limit`, and the nearest others.

        Pictures to be like or unlike move what the words ask for; then `second` plays no part, as
        it knows of words alone. Else it looks at as many as it wants whatever the limit is: the
        first of few are the first of many.
        """
        self._load()
        started = time.perf_counter()
        parsed = parse(query.text or "")
        if second is None or not query.is_words:
            found, _ = self._undisturbed(lambda: self._answer(query, parsed, limit))
        else:
            wide = max(limit, second.limit)
            found, seen = self._undisturbed(lambda: self._answer(query, parsed, wide))
            found = _first(second(found, seen), limit)
        return replace(found, took_ms=_milliseconds_since(started))

    def by_image(self, image: Image, query: Query, *, limit: int = 20) -> Results:
        """The `limit` images nearest to a picture, or to the sum of a picture and words."""
        if query.text:
            self._load()
        started = time.perf_counter()
        vector = self._encoder.encode_images([image])[0]
        if query.text:
            vector = unit_sum(vector, self._encoder.encode_texts([query.text])[0])
        return self.by_vector(vector, query, limit=limit, started=started)

    def by_vector(
        self, vector: Vector, query: Query, *, limit: int = 20, started: float | None = None
    ) -> Results:
        """The `limit` images whose whole is nearest to a vector; nothing judges how near."""
        return self._nearest(
            query, lambda: self._store.nearest(vector, limit=limit), limit, started
        )

    def by_part(self, vector: Vector, query: Query, *, limit: int = 20) -> Results:
        """The `limit` images of which a region is nearest to the vector of a region."""
        look = lambda: self._store.nearest_parts(vector[None], limit=limit)[0]  # noqa: E731
        return self._nearest(query, look, limit, None)

    def like(self, image_id: str, query: Query, *, limit: int = 20) -> Results:
        """The `limit` images nearest to an indexed one, which is left out."""
        try:
            (vector,) = self._store.vectors([image_id])
        except KeyError as error:
            raise StoreError("the picture has just left the index: search again") from error
        results = self.by_vector(vector, query, limit=limit + 1)
        others = [hit for hit in results.hits if hit.record.image_id != image_id][:limit]
        hits = tuple(replace(hit, rank=rank) for rank, hit in enumerate(others, 1))
        return replace(results, hits=hits, considered=results.considered - 1)

    def rank(self, text: str, *, limit: int) -> Ranking:
        """Up to `limit` image ids by falling score, however unsure; of "A or B" those of A."""
        parsed = parse(text)
        parsed = parsed.alternatives[0] if parsed.alternatives else parsed
        found, looked, order = self._look(Query(text), parsed, limit)
        rows = order[:limit]
        scores = looked.totals[rows].astype(np.float32)
        return Ranking("ranked", tuple(found.ids[row] for row in rows), scores)

    def score(self, text: str, image_ids: Sequence[str]) -> NDArray[np.float64]:
        """(n,) scores of these images for a text, as `ask` orders them; filters are not asked.

        Of "A or B" the better one counts; -inf where something is that must not be.
        """
        parsed = parse(text)
        if parsed.alternatives:
            each = [self.score(one.raw, image_ids) for one in parsed.alternatives]
            return np.asarray(np.max(each, axis=0))
        vector = self._vector(Query(text), parsed)
        found = given(parsed, vector, self._store, image_ids, weight=self._ranker.constants.words)
        looked = self._ranker.look(parsed, vector, found, self._store.parts(image_ids))
        return np.where(looked.kept, looked.totals, -np.inf)

    def _answer(
        self, query: Query, parsed: ParsedQuery, limit: int
    ) -> tuple[Results, dict[str, Seen]]:
        """The results, and for the id of each picture in them how it was seen."""
        if parsed.alternatives:
            return self._any(query, parsed, limit)
        found, looked, order = self._look(query, parsed, limit)
        results = self._results(query, parsed, found, looked, order, limit)
        rows = {image_id: row for row, image_id in enumerate(found.ids)}
        ids = (hit.record.image_id for hit in (*results.hits, *results.below))
        return results, {one: Seen(parsed, found, looked, rows[one]) for one in ids}

    def _look(
        self, query: Query, parsed: ParsedQuery, limit: int
    ) -> tuple[Candidates, Looked, list[int]]:
        """The candidates, what a close look at them gave, and the rows that stay, best first."""
        among = self._store.select(parsed.filters) if parsed.filters else None
        vector = self._vector(query, parsed)
        phrases = self._ranker.encode(parsed.phrases, parsed.lang)
        found = recall(
            parsed,
            vector,
            phrases,
            self._store,
            limit=limit,
            among=among,
            weight=self._ranker.constants.words,
        )
        things = len(parsed.phrases) + len(parsed.negations)
        found = found.first(max(limit, WORK // max(things, 1)))
        looked = self._ranker.look(parsed, vector, found, self._store.parts(found.ids))
        judged = {*query.like_ids, *query.unlike_ids}
        order = [
            row
            for row in _order(looked, found)
            if looked.kept[row] and found.ids[row] not in judged
        ]
        return found, looked, order

    def _any(
        self, query: Query, parsed: ParsedQuery, limit: int
    ) -> tuple[Results, dict[str, Seen]]:
        """Of "A or B" what meets either; each picture as the query that it meets best sees it."""
        each = [self._answer(query, one, limit) for one in parsed.alternatives]
        answers = [results for results, _ in each]
        best: dict[str, Hit] = {}
        seen: dict[str, Seen] = {}
        for results, how in each:
            for hit in (*results.hits, *results.below):
                image_id = hit.record.image_id
                known = best.get(image_id)
                if known is None or self._worse(hit) < self._worse(known):
                    best[image_id], seen[image_id] = hit, how[image_id]
        ranked = sorted(best.values(), key=lambda hit: (self._worse(hit), hit.record.image_id))
        numbered = [replace(hit, rank=rank) for rank, hit in enumerate(ranked, 1)]
        shown = [hit for hit in numbered if self._answers(hit)]
        below = numbered[len(shown) :]
        merged = replace(
            answers[0],
            hits=tuple(shown[:limit]),
            below=tuple(below[: max(limit - len(shown), 1)]),
            parsed=parsed,
            removed=sum(one.removed for one in answers),
            cut=next((one.cut for one in answers if one.cut is not None), None),
        )
        return merged, seen

    def _answers(self, hit: Hit) -> bool:
        return hit.confidence is None or hit.confidence >= self._ranker.constants.cut

    def _worse(self, hit: Hit) -> tuple[bool, float]:
        """Rises as a hit gets worse; filters alone have no confidence and yet are met."""
        return not self._answers(hit), -(hit.score if hit.confidence is None else hit.confidence)

    def _vector(self, query: Query, parsed: ParsedQuery) -> Vector | None:
        """Of the words, moved towards and away from the pictures given; None without either."""
        words = parsed.full_text.strip()
        vector = self._encoder.encode_texts([words])[0] if words else None
        liked = self._store.vectors(query.like_ids)
        unliked = self._store.vectors(query.unlike_ids)
        return moved(vector, liked, unliked)

    def _results(
        self,
        query: Query,
        parsed: ParsedQuery,
        found: Candidates,
        looked: Looked,
        order: Sequence[int],
        limit: int,
    ) -> Results:
        moved_away = query.like_ids or query.unlike_ids  # probabilities are fitted on words alone
        sure, cut = None if moved_away else looked.confidences, self._ranker.constants.cut
        told = [None if sure is None else float(sure[row]) for row in range(len(found.ids))]
        passed = [row for row in order if (value := told[row]) is None or value >= cut]
        answers = set(passed)
        failed = [row for row in order if row not in answers]
        others = sorted(failed, key=lambda row: -(told[row] or 0.0))
        rows = passed[:limit], others[: max(limit - len(passed), 1)]
        ids = [found.ids[row] for row in (*rows[0], *rows[1])]
        records = dict(zip(ids, self._store.get(ids), strict=True))

        def hits(some: Sequence[int], first: int) -> tuple[Hit, ...]:
            return tuple(
                Hit(
                    records[found.ids[row]],
                    rank,
                    float(looked.totals[row]),
                    told[row],
                    explain(parsed, found, looked, row),
                )
                for rank, row in enumerate(some, first)
            )

        return Results(
            query,
            hits(rows[0], 1),
            len(self._store),
            0.0,
            parsed=parsed,
            below=hits(rows[1], len(rows[0]) + 1),
            removed=int((~looked.kept).sum()),
            cut=None if sure is None else cut,
        )

    def _nearest(
        self,
        query: Query,
        look: Callable[[], Ranking],
        limit: int,
        started: float | None,
    ) -> Results:
        started = time.perf_counter() if started is None else started

        def answer() -> tuple[Ranking, list[ImageRecord]]:
            ranking = look()
            return ranking, self._store.get(ranking.ids)

        ranking, records = self._undisturbed(answer)
        hits = tuple(
            Hit(record, rank, float(score), None)
            for rank, (record, score) in enumerate(zip(records, ranking.scores, strict=True), 1)
        )
        return Results(query, hits[:limit], len(self._store), _milliseconds_since(started))

    def _load(self) -> None:
        """Have what it takes loaded before the clock starts: `took_ms` is of the query alone."""
        if not self._loaded:
            self._encoder.encode_texts([" "])
            self._store.match("a", limit=1)
            parse("a")
            self._loaded = True

    def _undisturbed(self, look: Callable[[], Answer]) -> Answer:
        for _ in range(ATTEMPTS):
            with suppress(KeyError):  # another process has just removed one of them: look again
                return look()
        raise StoreError("the index changes faster than it can be read: search again later")


def _first(results: Results, limit: int) -> Results:
    """The answer that fewer pictures were asked for; those below keep their places."""
    hits = results.hits[:limit]
    below = results.below[: max(limit - len(hits), 1)]
    return replace(results, hits=hits, below=below)


def unit_sum(a: Vector, b: Vector) -> Vector:
    """The unit vector between two: what is near to it is near to both."""
    total = a + b
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-12), dtype=np.float32)


def _order(looked: Looked, found: Candidates) -> list[int]:
    """Rows by falling total, ties by id."""
    return sorted(range(len(found.ids)), key=lambda row: (-looked.totals[row], found.ids[row]))


def _milliseconds_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
