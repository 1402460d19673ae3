"""Fits how likely a caption that passed the check fits, on images that were never learnt from.

A caption is taken to fit when at least half of its content words are among those of the people
who captioned the image; a phrase, when its noun labels a box in the same place.
"""

from __future__ import annotations

import os
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

import numpy as np

from mirada.errors import ModelUnavailable
from mirada.indexing.verify import PHRASE, Checks, Logistic, best_of, margin
from mirada.protocols import Calibrated
from mirada.search.fitting import BINS, logistic
from mirada.training.checkpoint import write_json
from mirada.training.corpus import read_corpora
from mirada.training.views import cache_rows
from mirada.types import WHOLE, Ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.protocols import Captioner, Encoder, MapEncoder
    from mirada.types import Box, FeatureMap, Vector

WATCHED: Final = 2_000  # images at most
CANDIDATES: Final = {"en": 5, "es": 3, PHRASE: 2}
LARGEST: Final = 3  # boxes of an image
SAME_PLACE: Final = 0.5  # intersection over union
MOST: Final = 0.5  # share of the content words
FEWEST: Final = 20  # texts from which a logistic can be fitted

_WORD = re.compile(r"[^\W\d_]+")
_PASSING = frozenset(
    re.split(
        " ",
        "a an the is are was be in on of at with and to by from while as it its his her their"
        " there this that some who which has have having for into over up down out off through"
        " another un una el la los las es está están son en de del con y a al por su sus que se lo"
        " le para sobre hacia como mientras hay otro otra",
    )
)
_ENDINGS = ("iendo", "ando", "ing", "ed", "es", "s")


@dataclass(frozen=True, slots=True)
class Watched:
    """Captioned images with all that the check and the captioner look at."""

    images: Sequence[CaptionedImage]
    spanish: Mapping[str, str]  # of captions
    maps: Any  # (n, rows * columns, channels)


@dataclass(frozen=True, slots=True)
class Tried:
    """The texts that the check would choose, with whether they fit."""

    margins: NDArray[np.float64]  # (n,)
    fits: NDArray[np.bool_]  # (n,)


@dataclass(frozen=True, slots=True)
class Fitted:
    """What comes of one kind of text."""

    logistic: Logistic
    error: float  # expected calibration error on the half that was not fitted on
    fitting: float  # share of the chosen texts that fit
    texts: int


def fit_checks(
    captioner: Captioner,
    encoder: MapEncoder,
    dev: Watched,
    *,
    seed: int,
    tell: Callable[[str], None],
) -> dict[str, Fitted]:
    """Kind of text -> its logistic, fitted on half of the images; none for kinds with few texts."""
    rows = np.random.default_rng(seed).permutation(len(dev.images))[:WATCHED]
    halves = (rows[: len(rows) // 2], rows[len(rows) // 2 :])
    trial = _Trial(captioner, encoder, dev)
    found = {}
    for kind in (*captioner.languages, PHRASE):
        tell(f"checking texts of {len(rows):,} images: {kind}")
        ours, theirs = (trial.run(kind, half) for half in halves)
        if min(len(ours.fits), len(theirs.fits)) >= FEWEST:
            found[kind] = _fit(ours, theirs)
    return found


def read_dev(
    images: Sequence[CaptionedImage],
    encoder: MapEncoder,
    languages: Sequence[str],
    work: Path,
    tell: Callable[[str], None],
) -> Watched:
    """The images with feature maps and translations, which are kept in a folder."""
    (corpus,) = read_corpora([images], languages, work / "translations.json", tell)

    def one(row: int) -> FeatureMap:
        maps = encoder.read_map(images[row].open(encoder.image_size))
        return maps.reshape(-1, maps.shape[-1])

    tell(f"maps of {len(images):,} images")
    shape = (len(images), *one(0).shape)
    maps = cache_rows(
        one,
        shape,
        to=work / "maps.npy",
        threads=os.cpu_count() or 1,
        progress=lambda done: tell(f"  {done:,} more") if done > 1000 else None,
    )
    return Watched(images, corpus.spanish, maps)


def write_checks(
    path: Path, encoder: Encoder, fitted: Mapping[str, Fitted], tell: Callable[[str], None]
) -> None:
    """Write what the check of this encoder reads, and tell how good it is."""
    write_json(path, {encoder.name: {kind: asdict(one.logistic) for kind, one in fitted.items()}})
    for kind, one in fitted.items():
        tell(
            f"{kind}: {100 * one.fitting:.0f}% of {one.texts:,} chosen texts fit,"
            f" expected calibration error {one.error:.3f}"
        )


class _Trial:
    """Lets the captioner write and the check choose."""

    def __init__(self, captioner: Captioner, encoder: MapEncoder, dev: Watched) -> None:
        self._captioner, self._encoder, self._dev = captioner, encoder, dev
        if not isinstance(encoder, Calibrated):
            raise ModelUnavailable(f"{encoder.name} has no calibration to check captions by")
        calibration = encoder.calibration
        self._checks = Checks(calibration.distractors, calibration.temperature, {})

    def run(self, kind: str, rows: Iterable[int]) -> Tried:
        """Texts of one kind for the images in these rows."""
        pairs = [pair for row in rows for pair in self._image(kind, int(row))]
        return Tried(
            np.array([margin for margin, _ in pairs], np.float64),
            np.array([fits for _, fits in pairs], bool),
        )

    def _image(self, kind: str, row: int) -> list[tuple[float, bool]]:
        image = self._dev.images[row]
        maps = np.asarray(self._dev.maps[row], np.float32)
        side = round(len(maps) ** 0.5)
        look = _Known(maps.reshape(side, side, -1))
        if kind != PHRASE:
            texts = self._write(look, [WHOLE], kind, kind)[0]
            vector = self._encoder.encode_map(look.maps)
            chosen, worth = self._choose(texts, vector)
            return [(worth, said_by(chosen, self._people(image, kind)))]
        boxes = largest(image, LARGEST)
        vectors = self._encoder.encode_boxes(look.maps, boxes)
        found = []
        written = self._write(look, boxes, kind, self._captioner.languages[0])
        for box, vector, texts in zip(boxes, vectors, written, strict=True):
            chosen, worth = self._choose(texts, vector)
            found.append((worth, names_box(chosen, box, image)))
        return found

    def _write(
        self, look: _Known, boxes: Sequence[Box], kind: str, language: str
    ) -> list[list[str]]:
        return self._captioner.caption(
            look, [Ask(box, language, CANDIDATES[kind]) for box in boxes]
        )

    def _choose(self, texts: Sequence[str], vector: Vector) -> tuple[str, float]:
        scores = self._encoder.encode_texts(texts) @ vector
        margins = margin(scores, vector, self._checks)
        best = best_of(texts, self._checks.worth(texts, margins))
        return texts[best], float(margins[best])

    def _people(self, image: CaptionedImage, language: str) -> list[str]:
        if language == "en":
            return list(image.captions)
        return [self._dev.spanish[text] for text in image.captions]


@dataclass(frozen=True, slots=True)
class _Known:
    """A `Look` whose map is at hand; nobody asks for its pixels."""

    maps: NDArray[np.float32]

    @property
    def image(self) -> NoReturn:
        raise AssertionError("the captioner reads the map alone")


def said_by(text: str, people: Sequence[str]) -> bool:
    """Whether most content words of a text are among those of the people."""
    said = {word for one in people for word in _content(one)}
    words = _content(text)
    return bool(words) and len(words & said) >= MOST * len(words)


def names_box(phrase: str, box: Box, image: CaptionedImage) -> bool:
    """Whether the last word of a phrase labels a box of the image that lies in the same place."""
    head = _stem(phrase.rsplit(maxsplit=1)[-1])
    return any(
        _stem(one.label.split()[-1]) == head and overlap(one.box, box) >= SAME_PLACE
        for one in image.boxes
    )


def largest(image: CaptionedImage, count: int) -> list[Box]:
    """The largest different boxes of an image."""
    boxes = dict.fromkeys(one.box for one in image.boxes)
    return sorted(boxes, key=lambda box: -box.area)[:count]


def overlap(one: Box, other: Box) -> float:
    """Intersection over union, in [0, 1]."""
    across = max(0.0, min(one.x1, other.x1) - max(one.x0, other.x0))
    down = max(0.0, min(one.y1, other.y1) - max(one.y0, other.y0))
    union = one.area + other.area - across * down
    return across * down / union if union > 0 else 0.0


def _fit(ours: Tried, theirs: Tried) -> Fitted:
    weights = np.full(len(ours.fits), 1 / len(ours.fits))
    scale, offset = logistic(ours.margins, ours.fits, weights)
    fitted = Logistic(round(scale, 4), round(offset, 4))
    sure = np.array([fitted(float(one)) for one in theirs.margins])
    where = np.minimum((sure * BINS).astype(int), BINS - 1)
    error = sum(
        float((where == index).mean())
        * abs(float(sure[where == index].mean()) - float(theirs.fits[where == index].mean()))
        for index in np.unique(where)
    )
    both = np.concatenate([ours.fits, theirs.fits])
    return Fitted(fitted, error, float(both.mean()), len(both))


def _content(text: str) -> set[str]:
    return {_stem(word) for word in _WORD.findall(text.lower()) if word not in _PASSING}


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)][:5]
    return word[:5]
