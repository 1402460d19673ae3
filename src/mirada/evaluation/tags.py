"""How good tags are: do they rank the right images first, and can their probabilities be believed.

Two truths. "captions": the things of the vocabulary that at least one caption of the image names
as a noun, over those that at least five images have; what nobody mentioned counts as absent,
though it may be there. "boxes": the 80 names of COCO on the images of COCO all of whose things
were boxed, which are told by a box of something else than a person; absence is certain there.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import numpy as np

from mirada.evaluation.chances import Reliability, mean_average_precision, reliability
from mirada.indexing.crops import image_vector, region_vectors
from mirada.indexing.tags import Tagger
from mirada.once import once
from mirada.protocols import MapEncoder
from mirada.vocabulary.entries import OF_PARTS
from mirada.vocabulary.mentions import Matcher
from mirada.vocabulary.mixing import chance, pooled
from mirada.vocabulary.scoring import text_vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.protocols import Encoder, Segmenter
    from mirada.types import Box, FeatureMap, Matrix, Vector
    from mirada.vocabulary.entries import Vocabulary
    from mirada.vocabulary.scoring import Scorer

SOURCES: Final = ("cosine", "whole", "regions", "whole + regions")
LEAST: Final = 5  # images that must name a thing for it to be a class of the truth "captions"
KEPT: Final = 0.2  # probability from which the second calibration error counts
_COCO: Final = (
    "person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,"
    "stop sign,parking meter,bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,"
    "backpack,umbrella,handbag,tie,suitcase,frisbee,skis,snowboard,sports ball,kite,baseball bat,"
    "baseball glove,skateboard,surfboard,tennis racket,bottle,wine glass,cup,fork,knife,spoon,"
    "bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,"
    "potted plant,bed,dining table,toilet,tv,laptop,mouse,remote,keyboard,cell phone,microwave,"
    "oven,toaster,sink,refrigerator,book,clock,vase,scissors,teddy bear,hair drier,toothbrush"
)
COCO: Final = tuple(_COCO.split(","))
SENSES: Final = {"mouse": "computer mouse"}
"""Classes of COCO whose name the vocabulary uses for another thing."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Images as the encoder sees them."""

    vectors: Matrix  # (images, dim)
    boxes: list[list[Box]]  # proposed, image by image
    regions: list[Matrix]  # their vectors


@dataclass(frozen=True, slots=True)
class Truth:
    """Which of some tags fit which of some images."""

    name: str
    rows: NDArray[np.int64]  # of the images
    places: NDArray[np.int64]  # of the tags, in the vocabulary
    fits: NDArray[np.bool_]  # (rows, places)


@dataclass(frozen=True, slots=True)
class SourceReport:
    """One source of tags measured against one truth."""

    source: str
    mean_average_precision: float
    all: Reliability  # over all pairs of image and tag
    kept: Reliability  # over the pairs whose probability is `KEPT` or more


@dataclass(frozen=True, slots=True)
class TruthReport:
    """All sources measured against one truth."""

    truth: str
    images: int
    classes: int
    sources: tuple[SourceReport, ...]


class Shown:
    """A `Look` at an image in memory."""

    def __init__(self, image: Image, encoder: Encoder) -> None:
        self.image = image
        self._encoder = encoder

    @once
    def maps(self) -> FeatureMap:
        """The encoder's feature map."""
        assert isinstance(self._encoder, MapEncoder)  # noqa: S101 models ask of no other encoder
        return self._encoder.read_map(self.image)


def fold_of(name: str) -> int:
    """0 or 1: in which half of a dataset an image is; `mirada train tags` fits on half 0."""
    return sha256(name.encode()).digest()[0] % 2


def see(
    images: Sequence[CaptionedImage],
    encoder: Encoder,
    segmenter: Segmenter,
    advance: Callable[[int], None] = lambda _: None,
) -> Seen:
    """Vectors of the images and of their regions, in as many threads as cores."""

    def one(image: CaptionedImage) -> tuple[Vector, list[Box], Matrix]:
        shown = Shown(image.open(encoder.image_size), encoder)
        boxes = [proposal.box for proposal in segmenter.segment(shown)]
        found = image_vector(shown, encoder), boxes, region_vectors(shown, encoder, boxes)
        advance(1)
        return found

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        seen = list(pool.map(one, images))
    vectors = np.array([own for own, _, _ in seen], np.float32).reshape(-1, encoder.dim)
    return Seen(vectors, [boxes for _, boxes, _ in seen], [parts for _, _, parts in seen])


def truth_of_captions(images: Sequence[CaptionedImage], vocabulary: Vocabulary) -> Truth:
    """What captions name; see the head of the module."""
    fits = mentions(images, vocabulary)
    things = np.array([entry.kind in OF_PARTS for entry in vocabulary.entries])
    places = np.flatnonzero(things & (fits.sum(0) >= LEAST))
    return Truth("captions", np.arange(len(images)), places, fits[:, places])


def truth_of_boxes(images: Sequence[CaptionedImage], vocabulary: Vocabulary) -> Truth:
    """What boxes show, over the classes that some image has; see the head of the module."""
    place = {entry.name: number for number, entry in enumerate(vocabulary.entries)}
    labels = [{box.label for box in image.boxes} for image in images]
    boxed = [
        row
        for row, own in enumerate(labels)
        if images[row].dataset.startswith("coco") and own - {"person"}
    ]
    present = set().union(*(labels[row] for row in boxed)) if boxed else set()
    names = [name for name in COCO if name in present and SENSES.get(name, name) in place]
    places = [place[SENSES.get(name, name)] for name in names]
    fits = np.array([[name in labels[row] for name in names] for row in boxed], bool)
    return Truth("boxes", np.array(boxed, int), np.array(places, int), fits)


def mentions(images: Sequence[CaptionedImage], vocabulary: Vocabulary) -> NDArray[np.bool_]:
    """(images, tags) whether one of the captions names the tag."""
    matcher = Matcher(vocabulary)
    named = np.zeros((len(images), len(vocabulary)), bool)
    for row, image in enumerate(images):
        for caption in image.captions:
            named[row, list(matcher.named_in(caption))] = True
    return named


def evaluate_tags(
    images: Sequence[CaptionedImage], seen: Seen, scorer: Scorer, encoder: Encoder
) -> list[TruthReport]:
    """Every source against both truths; a truth that no image has is left out."""
    vocabulary = scorer.vocabulary
    chances = chances_of(seen, scorer, text_vectors(encoder, vocabulary.entries))
    truths = truth_of_captions(images, vocabulary), truth_of_boxes(images, vocabulary)
    return [_measure(truth, chances) for truth in truths if truth.fits.any()]


def chances_of(seen: Seen, scorer: Scorer, texts: Matrix) -> dict[str, NDArray[np.float32]]:
    """Source -> (images, tags) of probabilities; of the baseline the cosine, cut to [0, 1]."""
    tagger, mixing = Tagger(scorer), scorer.mixing
    whole, regions, merged = [], [], []
    for vector, parts in zip(seen.vectors, seen.regions, strict=True):
        evidence = tagger.weigh(vector, list(parts))
        whole.append(evidence.whole)
        merged.append(evidence.merged)
        own = pooled(scorer.logits(parts if len(parts) else vector[None]))
        regions.append(chance((mixing.whole + mixing.regions) * own + mixing.offset))
    cosine = np.clip(seen.vectors @ texts.T, 0, 1)
    arrays = (cosine, np.stack(whole), np.stack(regions), np.stack(merged))
    return dict(zip(SOURCES, arrays, strict=True))


def _measure(truth: Truth, chances: dict[str, NDArray[np.float32]]) -> TruthReport:
    reports = []
    for source, table in chances.items():
        own = table[np.ix_(truth.rows, truth.places)]
        kept = own >= KEPT
        reports.append(
            SourceReport(
                source,
                mean_average_precision(own, truth.fits),
                reliability(own, truth.fits),
                reliability(own[kept], truth.fits[kept]),
            )
        )
    return TruthReport(truth.name, len(truth.rows), len(truth.places), tuple(reports))
