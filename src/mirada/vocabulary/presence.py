"""How likely images show what a phrase says, by their vectors and those of their regions alone.

Any phrase can be asked for. One that the vocabulary knows, or of which it knows kinds (a dog is an
animal), is judged above all by what was learnt of those tags, which is surer.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.language.kinship import kin
from mirada.language.shared import shared_form
from mirada.protocols import origin_of
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

    Table = NDArray[np.float32]

ABSENT: Final = -1e4  # logit of a region that is none
LEARNT: Final = 0.7  # share of the log odds by learnt tags, chosen on dev
SPARED: Final = 0.88
"""Share of ordinary images without a thing that "no ..." should leave, chosen on dev."""
LEAST: Final = 1e-7  # chance whose log odds are taken


class Presence:
    """Judges phrases with what was learnt for one encoder; safe to call from threads."""

    def __init__(self, vocabulary: Vocabulary, learnt: Learnt) -> None:
        self._learnt = learnt
        row = {key: place for place, key in enumerate(learnt.keys)}
        places: defaultdict[str, list[int]] = defaultdict(list)
        for entry in vocabulary.entries:
            if (place := row.get(entry.key)) is not None:
                wider = (one.replace("_", " ") for one in kin(entry.name, "en").wider)
                for name in dict.fromkeys((entry.name, *entry.also, *wider)):
                    places[name].append(place)
        self._places = dict(places)

    def __call__(
        self,
        phrases: Sequence[Phrase],
        texts: Matrix,
        language: str,
        vectors: Matrix,
        parts: Parts,
    ) -> Table:
        """(phrases, images) log odds that each image shows what each phrase says.

        Args:
            phrases: what is asked for.
            texts: (phrases, dim) vectors of what `asked` says of them.
            language: of the phrases.
            vectors: (images, dim) of the whole images.
            parts: their regions.
        """
        found = np.empty((len(phrases), len(vectors)), np.float32)
        for row, phrase in enumerate(phrases):
            weights, offsets = self._classifiers(phrase, texts[row], language)
            found[row] = _joined(self._logits(weights, offsets, vectors, parts))
        return found

    def thresholds(self, phrases: Sequence[Phrase], texts: Matrix, language: str) -> Table:
        """(phrases,) log odds that `SPARED` of ordinary images without the thing stay below."""
        found = np.empty(len(phrases), np.float32)
        reference = self._learnt.reference
        scale, shift = self._learnt.mixing.alone
        for row, phrase in enumerate(phrases):
            weights, offsets = self._classifiers(phrase, texts[row], language)
            each = scale * (reference @ weights.T + offsets) + shift
            logits = _joined(each)
            without = 1 - _chance(_noisy_or(each[:, 1:]) if each.shape[1] > 1 else each[:, 0])
            order = np.argsort(logits)
            share = np.cumsum(without[order]) / max(float(without.sum()), LEAST)
            last = min(int(np.searchsorted(share, SPARED)), len(order) - 1)
            found[row] = logits[order[last]]
        return found

    def known(self, phrase: Phrase, language: str) -> list[int]:
        """Places of the learnt tags that say the same as the phrase, or name a kind of it."""
        head = phrase.head if language == "en" else shared_form(phrase.head, language)
        names = (phrase.text, head.replace("_", " ")) if not phrase.attrs else (phrase.text,)
        return next((self._places[one] for one in names if one in self._places), [])

    def _classifiers(self, phrase: Phrase, text: Table, language: str) -> tuple[Table, Table]:
        """(1 + k, dim) weights and (1 + k,) offsets, by the text and then by k learnt tags."""
        learnt = self._learnt
        made = (learnt.scale * text + text @ learnt.bend)[None]
        offset = offsets_for(made, learnt.reference, np.array([learnt.prior], np.float32))
        rows = self.known(phrase, language)
        return (
            np.concatenate([made, learnt.weights[rows]]),
            np.concatenate([offset, learnt.offsets[rows]]),
        )

    def _logits(self, weights: Table, offsets: Table, vectors: Matrix, parts: Parts) -> Table:
        """(images, classifiers) log odds by the whole and the regions of each image."""
        mixing = self._learnt.mixing
        whole = vectors @ weights.T + offsets
        images, most, dim = parts.vectors.shape
        regions = parts.vectors.reshape(-1, dim) @ weights.T + offsets
        regions = regions.reshape(images, most, len(weights))
        regions[~parts.present] = ABSENT
        count = np.minimum(parts.present.sum(1), HIGHEST)[:, None]
        cut = max(most - HIGHEST, 0)
        highest = np.partition(regions, cut, axis=1)[:, cut:] if most else regions
        top = np.where(highest > ABSENT, highest, 0).sum(1) / np.maximum(count, 1)
        both = mixing.whole * whole + mixing.regions * top + mixing.offset
        scale, shift = mixing.alone
        return np.asarray(np.where(count > 0, both, scale * whole + shift), np.float32)


def load_presence(encoder: Encoder, home: Path) -> Presence | None:
    """The judge for an encoder; None where nothing was learnt for it.

    Raises:
        ConfigError: the vocabulary in `home` is malformed.
        ModelUnavailable: the shipped weights are missing or damaged.
    """
    learnt = read_learnt()
    if learnt.encoder != origin_of(encoder):
        return None
    return Presence(vocabulary_of(home), learnt)


def asked(phrase: Phrase, language: str) -> str:
    """The words by which an encoder is asked for a thing: "a red car", "two cats"."""
    if phrase.count or language != "en" or not phrase.text:
        return phrase.text
    return with_article(phrase.text)


def _joined(logits: Table) -> Table:
    """(n,) log odds from (n, 1 + k): by the text, and by any of k learnt tags if there are some."""
    by_text = logits[:, 0]
    if logits.shape[1] == 1:
        return by_text
    return np.asarray((1 - LEARNT) * by_text + LEARNT * _noisy_or(logits[:, 1:]), np.float32)


def _noisy_or(logits: Table) -> Table:
    """(n,) log odds that any of (n, k) independent things is there."""
    none = -np.logaddexp(0, logits).sum(1)  # log of the chance that there is none
    chance = np.clip(-np.expm1(none), LEAST, 1 - LEAST)
    return np.asarray(np.log(chance) - np.log1p(-chance), np.float32)


def _chance(logits: Table) -> Table:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -60, 60))), np.float32)
