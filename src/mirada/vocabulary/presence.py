"""How likely images show what a phrase says, by their vectors and those of their regions alone.

Any phrase can be asked for. One that the vocabulary knows is judged above all by what was learnt
of that tag, which is surer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.language.shared import shared_form
from mirada.vocabulary.entries import vocabulary_of, with_article
from mirada.vocabulary.learnt import read_learnt
from mirada.vocabulary.mixing import HIGHEST
from mirada.vocabulary.scoring import offsets_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mirada.protocols import Encoder
    from mirada.types import Matrix, Parts, Phrase
    from mirada.vocabulary.entries import Vocabulary
    from mirada.vocabulary.learnt import Learnt

ABSENT: Final = -1e4  # logit of a region that is none
LEARNT: Final = 0.7  # share of the log odds by the learnt tag, chosen on dev


class Presence:
    """Judges phrases with what was learnt for one encoder; safe to call from threads."""

    def __init__(self, encoder: Encoder, vocabulary: Vocabulary, learnt: Learnt) -> None:
        self._encoder, self._learnt = encoder, learnt
        row = {key: place for place, key in enumerate(learnt.keys)}
        self._places: dict[str, int] = {}
        for entry in vocabulary.entries:
            if (place := row.get(entry.key)) is not None:
                for name in (entry.name, *entry.also):
                    self._places.setdefault(name, place)

    def __call__(
        self, phrases: Sequence[Phrase], language: str, vectors: Matrix, parts: Parts
    ) -> NDArray[np.float32]:
        """(phrases, images) log odds that each image shows what each phrase says.

        Args:
            phrases: what is asked for.
            language: of the phrases.
            vectors: (images, dim) of the whole images.
            parts: their regions.
        """
        if not phrases:
            return np.empty((0, len(vectors)), np.float32)
        weights, offsets, known = self._classifiers(phrases, language)
        whole = vectors @ weights.T + offsets  # (images, classifiers)
        regions = np.einsum("ird,cd->irc", parts.vectors, weights, optimize=True) + offsets
        regions[~parts.present] = ABSENT
        mixing = self._learnt.mixing
        count = np.minimum(parts.present.sum(1), HIGHEST)[:, None]
        highest = np.sort(regions, axis=1)[:, -HIGHEST:]
        top = np.where(highest > ABSENT, highest, 0).sum(1) / np.maximum(count, 1)
        both = mixing.whole * whole + mixing.regions * top + mixing.offset
        scale, shift = mixing.alone
        logits = np.where(count > 0, both, scale * whole + shift)
        by_text = logits[:, : len(phrases)].T
        found = by_text.copy()
        found[known] += LEARNT * (logits[:, len(phrases) :].T - by_text[known])
        return found

    def known(self, phrase: Phrase, language: str) -> int | None:
        """Place of the learnt tag that says the same as the phrase."""
        head = phrase.head if language == "en" else shared_form(phrase.head, language)
        names = [phrase.text, head.replace("_", " ")] if not phrase.attrs else [phrase.text]
        return next((self._places[one] for one in names if one in self._places), None)

    def _classifiers(
        self, phrases: Sequence[Phrase], language: str
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.intp]]:
        """(c, dim) weights and (c,) offsets, of all phrases and then of those given as places."""
        learnt = self._learnt
        texts = self._encoder.encode_texts([asked(one, language) for one in phrases])
        made = learnt.scale * texts + texts @ learnt.bend
        priors = np.full(len(made), learnt.prior, np.float32)
        offsets = offsets_for(made, learnt.reference, priors)
        found = [self.known(one, language) for one in phrases]
        rows = [place for place in found if place is not None]
        known = [number for number, place in enumerate(found) if place is not None]
        return (
            np.concatenate([made, learnt.weights[rows]]),
            np.concatenate([offsets, learnt.offsets[rows]]),
            np.array(known, np.intp),
        )


def load_presence(encoder: Encoder, home: Path) -> Presence | None:
    """The judge for an encoder; None where nothing was learnt for it.

    Raises:
        ConfigError: the vocabulary in `home` is malformed.
        ModelUnavailable: the shipped weights are missing or damaged.
    """
    learnt = read_learnt()
    if learnt.encoder != encoder.name:
        return None
    return Presence(encoder, vocabulary_of(home), learnt)


def asked(phrase: Phrase, language: str) -> str:
    """The words by which an encoder is asked for a thing: "a red car", "two cats"."""
    if phrase.count or language != "en" or not phrase.text:
        return phrase.text
    return with_article(phrase.text)
