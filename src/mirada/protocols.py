"""The shapes of models and stores: implement one of these and mirada can use it."""

from __future__ import annotations

from inspect import getattr_static
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from mirada.types import (
        Ask,
        Box,
        Calibration,
        FeatureMap,
        Filter,
        Grounding,
        ImageRecord,
        Matrix,
        Parts,
        Proposal,
        Ranking,
        Region,
        SourceFile,
        Tag,
        TextLine,
        Vector,
    )


@runtime_checkable
class Encoder(Protocol):
    """Puts images and texts into one space, where nearness means likeness."""

    name: str  # with its revision, such as "mirada-small/2": vectors of other names don't mix
    dim: int
    image_size: int  # pixels: the side that decoding should aim at

    def encode_images(self, images: Sequence[Image]) -> Matrix:
        """One unit row per RGB image, in order; (0, dim) for none. Safe to call from threads."""
        ...

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        """One unit row per text, in order; (0, dim) for none; any text is accepted."""
        ...


@runtime_checkable
class MapEncoder(Encoder, Protocol):
    """An encoder whose one forward pass serves the whole image and any boxes."""

    def read_map(self, image: Image) -> FeatureMap:
        """(rows, columns, channels) features of one RGB image. Safe to call from threads."""
        ...

    def encode_map(self, maps: FeatureMap) -> Vector:
        """(dim,) the vector that `encode_images` gives for the image of this map."""
        ...

    def encode_boxes(self, maps: FeatureMap, boxes: Sequence[Box]) -> Matrix:
        """One unit row per box, in order, in the space of `encode_images`; (0, dim) for none."""
        ...


@runtime_checkable
class Batched(Protocol):
    """A model that is fastest with several images at once, as those on a GPU are.

    Calls of several threads are gathered by the model itself; so many threads should call it.
    """

    batch_size: int  # images


@runtime_checkable
class Calibrated(Protocol):
    """An encoder that knows how its scores turn into probabilities."""

    @property
    def calibration(self) -> Calibration:
        """Fitted once for the model."""
        ...


@runtime_checkable
class Grounded(Protocol):
    """An encoder that learnt how well texts fit parts of images."""

    @property
    def grounding(self) -> Grounding | None:
        """Learnt once for the model; None where nobody taught it."""
        ...


@runtime_checkable
class Tuned(Protocol):
    """An encoder whose heads may have been trained on, with vectors held near the former ones.

    It makes the same feature maps as the one that it comes from, and what was learnt of the
    vectors of that one holds for its own.
    """

    @property
    def tuned_from(self) -> str:
        """Name of the encoder that it comes from; its own where nobody trained it on."""
        ...


@runtime_checkable
class Digested(Protocol):
    """A model whose answers may be kept, because it tells other weights by another digest."""

    @property
    def digest(self) -> str:
        """Hexadecimal, of all that decides an answer besides the name and the input."""
        ...


def batch_size_of(model: object) -> int:
    """How many images a model is best given together."""
    return model.batch_size if isinstance(model, Batched) else 1


def is_calibrated(encoder: Encoder) -> bool:
    """Whether an encoder is `Calibrated`, without making it load what its calibration needs.

    On Python 3.11 isinstance would ask for the calibration itself, and so for the weights.
    """
    return getattr_static(encoder, "calibration", None) is not None


def calibration_of(encoder: Encoder) -> Calibration | None:
    """How the scores of an encoder turn into probabilities; None where it does not know."""
    return cast("Calibrated", encoder).calibration if is_calibrated(encoder) else None


def origin_of(encoder: Encoder) -> str:
    """Name of the encoder for which models that build on this one were made."""
    return encoder.tuned_from if isinstance(encoder, Tuned) else encoder.name


class Look(Protocol):
    """One image under the eyes of several models, which share what is costly."""

    @property
    def image(self) -> Image:
        """The pixels, RGB."""
        ...

    @property
    def maps(self) -> FeatureMap:
        """The encoder's feature map, computed when first asked for.

        Raises ModelUnavailable where the encoder is no MapEncoder.
        """
        ...


@runtime_checkable
class Segmenter(Protocol):
    """Proposes the parts of an image that are worth a look of their own."""

    name: str  # with its revision
    maps_of: str | None  # name of the encoder whose maps it reads; None: the pixels alone
    image_size: int  # pixels: the side that decoding should aim at; 0 where any will do

    def segment(self, look: Look) -> list[Proposal]:
        """Up to 30 proposals, surest first, never the whole image. Safe to call from threads."""
        ...


@runtime_checkable
class Captioner(Protocol):
    """Writes what an image or a part of it might show; the encoder then checks it."""

    name: str  # with its revision
    maps_of: str | None  # name of the encoder whose maps it reads; None: the pixels alone
    image_size: int  # pixels: the side that decoding should aim at; 0 where any will do
    languages: tuple[str, ...]

    def caption(self, look: Look, asks: Sequence[Ask]) -> list[list[str]]:
        """Different texts for each wish, likeliest first, in order.

        Safe to call from threads. Raises ValueError for a language not among `languages`, and
        ModelFailed where a service gave no answer of use.
        """
        ...


@runtime_checkable
class Tagger(Protocol):
    """Names what is to be seen in a whole image, in words of its own."""

    name: str  # with its revision
    image_size: int  # pixels: the side that decoding should aim at

    def tag(self, image: Image) -> list[Tag]:
        """Up to 30 different tags in lower case, surest first, of the source "model".

        Safe to call from threads. Raises ModelFailed where a service gave no answer of use.
        """
        ...


@runtime_checkable
class Reranker(Protocol):
    """Looks at an image and a text together and tells whether the one shows the other."""

    name: str  # with its revision
    image_size: int  # pixels: the side that decoding should aim at

    def check(self, image: Image, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n,) probability in [0, 1] that an RGB image shows what each text says, in order.

        Safe to call from threads. Raises ModelFailed where a service gave no answer of use.
        """
        ...


@runtime_checkable
class Detector(Protocol):
    """Finds where the things that phrases name lie in an image."""

    name: str  # with its revision
    image_size: int  # pixels: the side that decoding should aim at

    def detect(self, image: Image, phrases: Sequence[str]) -> list[list[Proposal]]:
        """For each phrase up to 30 proposals, surest first, none where it is not to be seen.

        Safe to call from threads.
        """
        ...


@runtime_checkable
class TextReader(Protocol):
    """Reads the text in an image."""

    name: str  # with its revision
    image_size: int  # pixels: the side that decoding should aim at

    def read(self, image: Image) -> list[TextLine]:
        """Lines from top to bottom; none where there is no text. Safe to call from threads."""
        ...


class Store(Protocol):
    """Keeps records with their vectors and finds the nearest.

    A write has been kept for good when the call returns. Readers see whole writes or nothing.
    """

    encoder: str
    dim: int

    def __len__(self) -> int:
        """Count of records."""
        ...

    def files(self) -> Mapping[SourceFile, str]:
        """Every known file with its image id."""
        ...

    def put(self, records: Sequence[ImageRecord], vectors: Matrix) -> None:
        """Add records, or replace those with the same image id; vectors: (len(records), dim).

        Raises ValueError for vectors that are not finite unit rows of `dim`, records without
        files, and an image id that comes twice.
        """
        ...

    def set_files(self, files: Mapping[str, Sequence[SourceFile]]) -> None:
        """Replace the files of known image ids; an id left without files is removed.

        Raises KeyError for an unknown id that is given files; removing an unknown one is no error.
        """
        ...

    def update(self, records: Sequence[ImageRecord]) -> None:
        """Replace what is known of these ids, regions included, but for files and vectors.

        Raises KeyError for an unknown one.
        """
        ...

    def get(self, image_ids: Sequence[str]) -> list[ImageRecord]:
        """The records of these ids, in order, without regions; KeyError for an unknown one."""
        ...

    def regions(self, image_ids: Sequence[str]) -> list[tuple[Region, ...]]:
        """The regions of each of these ids, in order; raises KeyError for an unknown one."""
        ...

    def models(self) -> Mapping[str, Mapping[str, str]]:
        """Image id -> role -> what described it, of all records."""
        ...

    def vectors(self, image_ids: Sequence[str]) -> Matrix:
        """(n, dim) vectors of these ids, in order; raises KeyError for an unknown one."""
        ...

    def select(self, filters: Sequence[Filter]) -> frozenset[str]:
        """The ids of the images for which all filters hold; without filters all.

        Texts are compared without case, accents and punctuation: "any", "text", "tag", "caption"
        and "place" want whole words, "camera", "lens" and "path" a part; "path" with "*" wants
        whole names of folders and files. Rejected tags do not count. What is unknown of an image
        meets neither "=" nor "<" nor ">", but "!="; a missing date meets nothing. "!=" also takes
        "low..high", of dates without the last. `mirada.store.holds` says the same as code.

        Raises ValueError for a field, operator or value that does not exist.
        """
        ...

    def nearest(
        self, vector: Vector, *, limit: int, among: AbstractSet[str] | None = None
    ) -> Ranking:
        """Up to `limit` ids, of those `among`, by falling dot product, ties by id."""
        ...

    def match(self, text: str, *, limit: int, among: AbstractSet[str] | None = None) -> Ranking:
        """Up to `limit` ids by BM25 over captions, tags, phrases, read text and metadata."""
        ...

    def parts(self, image_ids: Sequence[str]) -> Parts:
        """The regions of these ids as arrays, in order; raises KeyError for an unknown one.

        All of one moment: regions that a write in progress has left do not count.
        """
        ...

    def nearest_parts(
        self, vectors: Matrix, *, limit: int, among: AbstractSet[str] | None = None
    ) -> list[Ranking]:
        """For each vector up to `limit` ids by the dot product with their best region, ties by id.

        `vectors`: (n, dim). Images without regions are not found.
        """
        ...

    def ids(self) -> Iterable[str]:
        """All image ids, in no particular order."""
        ...

    def optimize(self) -> None:
        """Bring indexes up to date with the rows; searches go on meanwhile."""
        ...
