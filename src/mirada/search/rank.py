"""Looks at each candidate closely: every clause of the query on every region of the image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.language.analysis import analyse
from mirada.language.shared import shared_form
from mirada.protocols import Grounded, calibration_of
from mirada.search.assign import MISSING, Sightings, Weights, assign
from mirada.search.calibrate import confidence
from mirada.search.fuse import WORDS_WEIGHT
from mirada.search.grounding import log_chances
from mirada.types import COLOURS, Parts, Phrase
from mirada.vocabulary.presence import asked
from mirada.vocabulary.remembered import TextVectors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mirada.protocols import Encoder
    from mirada.search.assign import Assignments
    from mirada.search.candidates import Candidates
    from mirada.types import Calibration, Matrix, ParsedQuery, Vector
    from mirada.vocabulary.presence import Presence

DEPTHS: Final = frozenset(("background", "foreground"))  # sentences tell them often, and loosely
DIRECTED: Final = frozenset(("left_of", "right_of", "above", "below", "between"))
ON_THE_SPOT: Final = 0.5  # probability from which a thing is taken to lie where it must not


@dataclass(frozen=True, slots=True)
class Constants:
    """Numbers of the ranking, chosen on dev by `mirada eval`."""

    clauses: Weights = field(default_factory=Weights)
    words: float = WORDS_WEIGHT  # share that words have in the likeness of the whole
    close: float = 0.03  # of the clauses beside the likeness of the whole
    directed: float = 0.1  # the same where places or directions are asked for: vectors know none
    presence: float = 0.01  # of the mean log odds that the things are there
    colour: float = 0.5  # of the logarithm of how far a region has the colour asked for
    faint: float = 0.1  # to which a region without that colour is raised
    full: float = 0.3  # share of a region from which it has a colour
    removed: float = -5.0  # log odds of what must not be there below which an image stays
    scale: float = 1.2  # of the log odds of the thing that is least sure to be there
    offset: float = 0.7  # added to them: people leave out things that they see
    unmet: float = 0.25  # share of the confidence that is left where a place or relation is not met
    cut: float = 0.05  # probability below which an image is no answer


@dataclass(frozen=True, slots=True)
class Looked:
    """What a close look at candidates gave; rows are those of the candidates.

    Region 0 of the assignments is the whole image, the others are those of `parts` in order.
    """

    totals: NDArray[np.float64]  # (n,) what orders them
    clauses: Assignments
    parts: Parts
    shown: NDArray[np.float32]
    """(wanted, n) probability that each thing is there, and the scene after them."""
    denied: NDArray[np.float32]  # (negations, n) the same of what must not be there
    by_whole: NDArray[np.float32] | None  # (n,) probability by the vector of the whole alone
    confidences: NDArray[np.float32] | None  # (n,) that the query is met
    kept: NDArray[np.bool_]  # (n,) whether nothing is there that must not be


class Ranker:
    """Scores candidates for a parsed query with one encoder; safe to call from threads."""

    def __init__(
        self,
        encoder: Encoder,
        presence: Presence | None,
        constants: Constants | None = None,
        calibration: Calibration | None = None,
    ) -> None:
        """Takes what judges.

        Args:
            encoder: of the vectors.
            presence: tells which things are there; None where nothing was learnt of that.
            constants: of the score.
            calibration: fitted for the collection; by default that of the encoder.
        """
        self.constants = constants or Constants()
        self._texts, self._presence = TextVectors(encoder), presence
        self._calibration = calibration or calibration_of(encoder)
        learnt = encoder.grounding if isinstance(encoder, Grounded) else None
        self._judge = learnt or self._calibration

    def look(
        self, query: ParsedQuery, vector: Vector | None, candidates: Candidates, parts: Parts
    ) -> Looked:
        """A close look at every candidate.

        Args:
            query: what is asked.
            vector: (dim,) of its text.
            candidates: images in the running.
            parts: their regions, in order.
        """
        whole = with_whole(parts, candidates.vectors)
        things = (*wanted(query), *query.negations)
        logs = self._logs(things, query.lang, whole, candidates.vectors)
        logits = self._logits(things, query.lang, logs, whole, candidates.vectors, parts)
        first = len(things) - len(query.negations)
        shown, denied = logits[:first], logits[first:]
        phrases = logs[: len(query.phrases)] + self.constants.colour * self._colours(query, whole)
        if parts.present.any():
            # the whole image has no place in itself
            phrases[located(query), :, 0] = -np.inf
            placed = [row for row, one in enumerate(query.negations) if one.pos]
            logs[[first + row for row in placed], :, 0] = -np.inf
        share = self.constants.directed if is_directed(query) else self.constants.close
        seen = Sightings(
            phrases=phrases,
            negations=logs[first:],
            boxes=whole.boxes,
            present=whole.present,
            scene=candidates.scores / share,
        )
        clauses = assign(query, seen, self.constants.clauses)
        totals = share * clauses.total  # so that a likeness alone is a likeness
        if len(shown):
            totals = totals + self.constants.presence * shown.mean(0)
        by_whole = self._by_whole(vector, candidates.vectors)
        return Looked(
            totals=totals,
            clauses=clauses,
            parts=whole,
            shown=logistic(shown),
            denied=logistic(denied),
            by_whole=by_whole,
            confidences=self._confidences(query, by_whole, shown, clauses),
            kept=self._kept(query, denied, clauses.negation_chances),
        )

    def encode(self, phrases: Sequence[Phrase], language: str) -> Matrix:
        """(n, dim) vectors of phrases."""
        return self._texts([asked(one, language) for one in phrases])

    def _logs(
        self, phrases: Sequence[Phrase], language: str, parts: Parts, vectors: Matrix
    ) -> NDArray[np.float64]:
        """(phrases, n, regions) log probability that each region shows each phrase."""
        shape = (len(phrases), *parts.present.shape)
        if not phrases or self._judge is None:
            return np.zeros(shape)
        texts = self.encode(phrases, language)
        found = log_chances(texts, parts.vectors, vectors, parts.boxes, self._judge)
        return found.astype(np.float64)

    def _logits(
        self,
        phrases: Sequence[Phrase],
        language: str,
        logs: NDArray[np.float64],
        whole: Parts,
        vectors: Matrix,
        parts: Parts,
    ) -> NDArray[np.float32]:
        """(phrases, n) log odds that each image shows each phrase anywhere."""
        if self._presence is not None:
            texts = self.encode(phrases, language)
            return self._presence(phrases, texts, language, vectors, parts)
        seen = np.where(whole.present, logs, -np.inf)
        best = np.minimum(seen.max(2, initial=-20.0), -1e-6)
        return np.asarray(best - np.log1p(-np.exp(best)), np.float32)

    def _colours(self, query: ParsedQuery, parts: Parts) -> NDArray[np.float64]:
        """(phrases, n, regions) logarithm of how far each region has the colours asked for."""
        found = np.zeros((len(query.phrases), *parts.present.shape))
        known = parts.colours.sum(2) > 0  # of the whole image nothing is said here
        for row, phrase in enumerate(query.phrases):
            for place in colours_of(phrase, query.lang):
                share = np.minimum(parts.colours[..., place] / self.constants.full, 1)
                faint = self.constants.faint
                found[row] += np.where(known, np.log(faint + (1 - faint) * share), 0)
        return found

    def _by_whole(self, vector: Vector | None, vectors: Matrix) -> NDArray[np.float32] | None:
        if vector is None or self._calibration is None or not len(vectors):
            return None
        cosines = np.einsum("ij,j->i", vectors, vector, dtype=np.float64).astype(np.float32)
        return confidence(cosines, vectors, self._calibration)

    def _confidences(
        self,
        query: ParsedQuery,
        by_whole: NDArray[np.float32] | None,
        shown: NDArray[np.float32],
        clauses: Assignments,
    ) -> NDArray[np.float32] | None:
        """(n,) probability that all is met: the thing least sure to be there counts most.

        The whole image has its say where several things are asked for: its calibration was fitted
        on sentences, and of single words it knows little.
        """
        if by_whole is None or not len(shown) or self._presence is None:
            return by_whole
        constants = self.constants
        least = (shown.min(0) + shown.mean(0)) / 2
        logits = constants.scale * least + constants.offset
        if len(shown) > 1:
            sure = np.clip(by_whole, 1e-6, 1 - 1e-6)
            logits = (logits + np.log(sure / (1 - sure))) / 2
        lost = (clauses.regions == MISSING) & np.array(
            [bool(one.pos) for one in query.phrases], bool
        )
        positions = np.where(lost, 0.0, clauses.position_degrees)  # nothing of it lies there
        degrees = np.concatenate([positions, clauses.relation_degrees], 1)
        left = constants.unmet + (1 - constants.unmet) * degrees.min(1, initial=1.0)
        return np.asarray(logistic(logits) * left, np.float32)

    def _kept(
        self, query: ParsedQuery, denied: NDArray[np.float32], local: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Anywhere in the image for "no people"; for "no dog on the left" by its regions."""
        kept = np.ones(denied.shape[1], bool)
        if not query.negations or (self._judge is None and self._presence is None):
            return kept  # without anything to judge by, nothing is known to be there
        least = np.zeros(len(denied), np.float32)
        if self._presence is not None:
            texts = self.encode(query.negations, query.lang)
            least = self._presence.thresholds(query.negations, texts, query.lang)
        for row, phrase in enumerate(query.negations):
            seen = denied[row] >= max(float(least[row]), self.constants.removed)
            kept &= ~(local[:, row] >= ON_THE_SPOT if phrase.pos else seen)
        return kept


def wanted(query: ParsedQuery) -> tuple[Phrase, ...]:
    """What must be there: the things of a query, and its scene if it tells of one."""
    scene = query.scene.strip()
    return (*query.phrases, Phrase(scene, scene)) if scene else query.phrases


def located(query: ParsedQuery) -> list[int]:
    """Places of the phrases that must lie somewhere, or somehow to another."""
    related = {place for one in query.relations for place in (one.subj, *one.objs)}
    return [place for place, one in enumerate(query.phrases) if one.pos or place in related]


def is_directed(query: ParsedQuery) -> bool:
    """Whether a query tells where things lie, which the vector of a sentence does not hold."""
    placed = any({*one.pos} - DEPTHS for one in query.phrases)
    return placed or any(one.rel in DIRECTED for one in query.relations)


def with_whole(parts: Parts, vectors: Matrix) -> Parts:
    """The regions with the whole image before them."""
    count = len(vectors)
    return Parts(
        boxes=np.concatenate(
            [np.tile(np.array([0, 0, 1, 1], np.float32), (count, 1, 1)), parts.boxes], 1
        ),
        vectors=np.concatenate([vectors[:, None], parts.vectors], 1),
        present=np.concatenate([np.ones((count, 1), bool), parts.present], 1),
        colours=np.concatenate([np.zeros((count, 1, len(COLOURS)), np.float32), parts.colours], 1),
    )


def colours_of(phrase: Phrase, language: str) -> list[int]:
    """Places in COLOURS of the colours that a phrase asks for."""
    said = [token for one in phrase.attrs for token in analyse(one, language).tokens]
    words = {shared_form(token.lemma, language) for token in said}
    return [place for place, colour in enumerate(COLOURS) if colour in words]


def logistic(logits: NDArray[np.floating]) -> NDArray[np.float32]:
    """Log odds to probabilities."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -60, 60))), np.float32)
