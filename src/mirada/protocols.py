"""The shapes of models and stores: implement one of these and mirada can use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from PIL.Image import Image

    from mirada.types import Calibration, ImageRecord, Matrix, Ranking, SourceFile, Vector


@runtime_checkable
class Encoder(Protocol):
    """Puts images and texts into one space, where nearness means likeness."""

    name: str  # with its revision, such as "mirada-small/1": vectors of other names don't mix
    dim: int
    image_size: int  # pixels: the side that decoding should aim at

    def encode_images(self, images: Sequence[Image]) -> Matrix:
        """One unit row per RGB image, in order; (0, dim) for none. Safe to call from threads."""
        ...

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        """One unit row per text, in order; (0, dim) for none; any text is accepted."""
        ...


@runtime_checkable
class Calibrated(Protocol):
    """An encoder that knows how its scores turn into probabilities."""

    @property
    def calibration(self) -> Calibration:
        """Fitted once for the model."""
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

    def get(self, image_ids: Sequence[str]) -> list[ImageRecord]:
        """The records of these ids, in order; raises KeyError for an unknown one."""
        ...

    def vectors(self, image_ids: Sequence[str]) -> Matrix:
        """(n, dim) vectors of these ids, in order; raises KeyError for an unknown one."""
        ...

    def nearest(self, vector: Vector, *, limit: int) -> Ranking:
        """Up to `limit` ids by falling dot product, ties by id."""
        ...

    def ids(self) -> Iterable[str]:
        """All image ids, in no particular order."""
        ...

    def optimize(self) -> None:
        """Bring indexes up to date with the rows; searches go on meanwhile."""
        ...
