"""Checks captions against the pixels: the last word on what a captioner proposes.

Candidates are compared, never edited. The encoder says how well each fits, against texts on other
subjects; the captioner's own order counts too, and how far the candidates agree. The best is kept
with the probability that it fits, or none is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mirada.errors import ModelUnavailable
from mirada.indexing.claims import drops_claim
from mirada.indexing.consensus import agreement
from mirada.protocols import calibration_of
from mirada.types import Caption
from mirada.vocabulary.remembered import TextVectors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mirada.protocols import Encoder
    from mirada.types import Calibration, Matrix, Vector

FITTED: Final = "checks.json"  # encoder -> what `mirada train captioner` fitted for it
PHRASE: Final = "phrase"  # kind of a text about a part; whole images have the language as kind

RANK_COST: Final = 0.07
"""Score that each place further down the captioner's list costs: by CIDEr-D on half of dev."""

AGREEMENT_GAIN: Final = 0.3
"""Score that full agreement with the other candidates adds: by CIDEr-D on half of dev."""

CUT: Final = 0.2
"""Least probability of a caption that is kept: below it, no caption is better than that one."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """From a margin to a probability (Platt, 1999)."""

    scale: float
    offset: float

    def __call__(self, margin: float) -> float:
        """In (0, 1), rising with the margin."""
        return float(1 / (1 + np.exp(-np.clip(self.scale * margin + self.offset, -60, 60))))


@dataclass(frozen=True, slots=True)
class Checks:
    """How scores of one encoder turn into the probability that a text fits."""

    distractors: Matrix  # vectors of texts on other subjects
    temperature: float  # of the soft maximum over them, in units of the score
    kinds: Mapping[str, Logistic]  # language, or PHRASE -> its logistic; "en" for other languages
    rank_cost: float = RANK_COST
    agreement_gain: float = AGREEMENT_GAIN
    cut: float = CUT

    def worth(self, texts: Sequence[str], margins: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) what the best of the texts has most of, the captioner's likeliest being first."""
        order = self.rank_cost * np.arange(len(texts), dtype=np.float32)
        return np.asarray(margins - order + self.agreement_gain * agreement(texts), np.float32)


class Checker:
    """Chooses among candidate texts by the vectors of one encoder; safe to call from threads."""

    def __init__(self, encoder: Encoder, checks: Checks, name: str) -> None:
        self.name = name  # with all that decides what is kept
        self._encoder, self._checks = encoder, checks
        self._vectors_of = TextVectors(encoder)

    def choose(
        self, texts: Sequence[str], vector: Vector, *, language: str, part: bool = False
    ) -> Caption | None:
        """The text that fits what the vector shows, or None; see the function `choose`.

        Args:
            texts: candidates, the captioner's likeliest first.
            vector: (dim,) of the image, or of a part of it.
            language: of the texts.
            part: whether the texts are phrases about a part.
        """
        vectors = self._vectors_of(texts)
        kind = PHRASE if part else language
        return choose(texts, vectors, vector, self._checks, kind=kind, language=language)

    def without_cut(self) -> Checker:
        """One that keeps the best text however unlikely it is; for measuring."""
        return Checker(self._encoder, replace(self._checks, cut=0.0), f"{self.name}, no cut")


def load_checker(encoder: Encoder) -> Checker:
    """The checker for an encoder: fitted, or else by the encoder's own calibration.

    Raises:
        ModelUnavailable: the encoder has no calibration, so nothing can be said of its scores.
    """
    calibration = calibration_of(encoder)
    if calibration is None:
        raise ModelUnavailable(
            f"{encoder.name} has no calibration to check captions by: index --without captions"
        )
    fitted = json.loads(resources.files(__package__).joinpath(FITTED).read_text("utf-8"))
    kinds = _kinds(calibration, fitted.get(encoder.name))
    checks = Checks(calibration.distractors, calibration.temperature, kinds)
    told = ", ".join(f"{kind} {one.scale:g} {one.offset:g}" for kind, one in sorted(kinds.items()))
    settings = f"cut {CUT:g}, cost {RANK_COST:g}, gain {AGREEMENT_GAIN:g}, {told}"
    return Checker(encoder, checks, f"{encoder.name} ({settings})")


def choose(
    texts: Sequence[str], vectors: Matrix, seen: Vector, checks: Checks, *, kind: str, language: str
) -> Caption | None:
    """The candidate that fits best, or None where all are below the cut.

    Args:
        texts: candidates, the captioner's likeliest first.
        vectors: (n, dim) of the candidates.
        seen: (dim,) of the image or the part of it.
        checks: fitted for the encoder of the vectors.
        kind: of text, one of `checks.kinds`.
        language: of the candidates.
    """
    if not texts:
        return None
    margins = margin(vectors @ seen, seen, checks)
    best = best_of(texts, checks.worth(texts, margins))
    sure = checks.kinds.get(kind, checks.kinds["en"])(float(margins[best]))
    return Caption(texts[best], language, round(sure, 4)) if sure >= checks.cut else None


def best_of(texts: Sequence[str], worth: NDArray[np.float32]) -> int:
    """The place of the best text, the captioner's likeliest being first.

    One that only drops a count or a negation of a likelier text gives way to that.
    """
    best = int(np.argmax(worth))
    for likelier in range(best):
        if drops_claim(texts[best], texts[likelier]):
            return likelier
    return best


def margin(scores: NDArray[np.float32], seen: Vector, checks: Checks) -> NDArray[np.float32]:
    """(n,) how far each score lies above the soft maximum of `seen` with the distractors."""
    against = checks.distractors @ seen / checks.temperature
    top = against.max()
    soft = checks.temperature * (top + np.log(np.exp(against - top).mean()))
    return np.asarray(scores - soft, np.float32)


def _kinds(
    calibration: Calibration, fitted: Mapping[str, Mapping[str, Any]] | None
) -> dict[str, Logistic]:
    if fitted is not None:
        return {kind: Logistic(**one) for kind, one in fitted.items()}
    odds = np.log(calibration.prior / (1 - calibration.prior))  # as likely to fit as not, at first
    fair = Logistic(calibration.scale, float(calibration.offset - odds))
    return dict.fromkeys(("en", "es", PHRASE), fair)
