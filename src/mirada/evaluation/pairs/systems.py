"""What scores a text for a picture: the vector of the whole, or the close look of the search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mirada.evaluation.encoding import Telling, encode_texts
from mirada.evaluation.retrieval import encode_gallery
from mirada.protocols import Calibrated
from mirada.search.calibrate import confidence
from mirada.search.candidates import Candidates, given
from mirada.search.query import parse
from mirada.search.rank import Ranker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.protocols import Encoder, Store
    from mirada.types import Calibration
    from mirada.vocabulary.presence import Presence


@dataclass(frozen=True, slots=True)
class Scored:
    """How well texts fit pictures."""

    scores: NDArray[np.float64]  # (n,) comparable over texts and pictures; -inf: ruled out
    confidences: NDArray[np.float64] | None  # (n,) probabilities; None without a calibration


class System(Protocol):
    """Anything that scores a text for a picture."""

    name: str

    def score(
        self,
        texts: Sequence[str],
        rows: Sequence[int],
        *,
        advance: Callable[[int], None] = lambda _: None,
    ) -> Scored:
        """(n,) scores of each text for the image in that row of the gallery.

        `advance` is told how many different texts were scored since the last call.
        """
        ...


class VectorsSystem:
    """The cosine of the whole text with the whole image, as most image searches rank."""

    def __init__(
        self,
        encoder: Encoder,
        images: Sequence[CaptionedImage],
        *,
        advance: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.name = f"vectors of {encoder.name}"
        self._encoder = encoder
        self._images = encode_gallery(encoder, images, advance)

    def score(
        self,
        texts: Sequence[str],
        rows: Sequence[int],
        *,
        advance: Callable[[int], None] = lambda _: None,
    ) -> Scored:
        """(n,) cosines."""
        different = list(dict.fromkeys(texts))
        place = {text: one for one, text in enumerate(different)}
        known = encode_texts(self._encoder, different, Telling(advance)).rows
        vectors = known[[place[text] for text in texts]]
        images = self._images[list(rows)]
        cosines = np.einsum("ij,ij->i", images, vectors, dtype=np.float64)
        if not isinstance(self._encoder, Calibrated):
            return Scored(cosines, None)
        sure = confidence(cosines.astype(np.float32), images, self._encoder.calibration)
        return Scored(cosines, sure.astype(np.float64))


class PreciseSystem:
    """What `mirada search` orders by: every clause of the text on every region of the image.

    Each text is scored as it would be in a search over the whole gallery, though only the images
    asked for are looked at closely.
    """

    name = "precise search"

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        ids: Sequence[str],
        *,
        presence: Presence | None,
        calibration: Calibration | None,
    ) -> None:
        """Takes an index.

        Args:
            store: that holds the gallery.
            encoder: of its vectors.
            ids: of the gallery's images, in order.
            presence: tells which things are there; None where nothing was learnt of that.
            calibration: fitted for the collection; None: that of the encoder.
        """
        self._store, self._encoder, self._ids = store, encoder, ids
        self._ranker = Ranker(encoder, presence, calibration=calibration)

    def score(
        self,
        texts: Sequence[str],
        rows: Sequence[int],
        *,
        advance: Callable[[int], None] = lambda _: None,
    ) -> Scored:
        """(n,) totals; -inf and no confidence where something is that must not be."""
        asked: dict[str, list[int]] = {}
        for place, text in enumerate(texts):
            asked.setdefault(text, []).append(place)
        scores, sure = np.full(len(texts), -np.inf), np.zeros(len(texts))
        known = True
        for text, places in asked.items():
            found = self._look(text, [rows[place] for place in places])
            scores[places] = found.scores
            if found.confidences is None:
                known = False
            else:
                sure[places] = found.confidences
            advance(1)
        return Scored(scores, sure if known else None)

    def _look(self, text: str, rows: Sequence[int]) -> Scored:
        parsed = parse(text)
        if parsed.alternatives:
            return _best([self._look(one.raw, rows) for one in parsed.alternatives])
        words = parsed.full_text.strip()
        vector = self._encoder.encode_texts([words])[0] if words else None
        found = _of(given(parsed, vector, self._store, self._ids), rows)
        looked = self._ranker.look(parsed, vector, found, self._store.parts(found.ids))
        sure = looked.confidences
        return Scored(
            np.where(looked.kept, looked.totals, -np.inf),
            None if sure is None else np.where(looked.kept, sure, 0.0),
        )


def _of(found: Candidates, rows: Sequence[int]) -> Candidates:
    some = list(rows)
    return Candidates(
        tuple(found.ids[row] for row in some),
        found.scores[some],
        found.words[some],
        found.vectors[some],
    )


def _best(each: Sequence[Scored]) -> Scored:
    """Of "A or B" the better one counts."""
    sure = [one.confidences for one in each if one.confidences is not None]
    return Scored(
        np.asarray(np.max([one.scores for one in each], axis=0)),
        np.asarray(np.max(sure, axis=0)) if len(sure) == len(each) else None,
    )
