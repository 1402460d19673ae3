"""What encoders that learnt by contrast, as CLIP did, have in common, whatever library runs them.

What threads bring one by one is gathered into batches, the weights are loaded by the first call,
and the scale by which training multiplied the scores turns them into probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mirada.errors import ConfigError, ModelUnavailable
from mirada.models.batching import Gatherer
from mirada.models.distractors import kept_distractors
from mirada.models.memory import enough_memory
from mirada.models.small import clean, unit_rows
from mirada.types import Calibration

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image

    from mirada.types import Matrix

PRIOR = 0.01
"""One image in a hundred is taken to match a query, as where a calibration is fitted."""


class Towers(Protocol):
    """The two halves of a model, loaded."""

    logit_scale: float  # by which training multiplied cosines

    def show(self, image: Image) -> Any:
        """What the image tower takes for one RGB image; called by many threads at once."""
        ...

    def see(self, shown: Sequence[Any]) -> NDArray[np.float32]:
        """(n, dim) of any length; by one thread at a time; MemoryError where that is too much."""
        ...

    def read(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, dim) of any length; by one thread at a time; MemoryError where that is too much."""
        ...


@dataclass(frozen=True, slots=True)
class About:
    """What is known of an encoder before its weights are loaded."""

    name: str  # with its revision
    dim: int
    image_size: int  # pixels
    digest: str  # of all that decides its vectors besides the name


class ContrastEncoder:
    """Images and texts to unit vectors, in batches; safe to share between threads."""

    def __init__(self, about: About, load: Callable[[], Towers], *, batch_size: int) -> None:
        """Nothing is loaded yet.

        Raises:
            ConfigError: batches of less than one image are asked for.
        """
        if batch_size < 1:
            raise ConfigError(f"batch_size must be 1 or more, not {batch_size}")
        self.name, self.dim, self.image_size = about.name, about.dim, about.image_size
        self.digest = about.digest
        self.batch_size = batch_size
        self._load = load
        self._loading = Lock()
        self._loaded: Towers | None = None
        self._seeing: Gatherer[Any, NDArray[np.float32]] = Gatherer(self._see, batch_size)
        self._reading: Gatherer[str, NDArray[np.float32]] = Gatherer(self._read, batch_size)

    def encode_images(self, images: Sequence[Image]) -> Matrix:
        """(n, dim) unit rows, one per RGB image, in order.

        Raises:
            ModelUnavailable: the weights cannot be loaded, or are too much for the memory.
        """
        rows: list[NDArray[np.float32]] = []
        for start in range(0, len(images), self.batch_size):  # not all of them in memory at once
            part = images[start : start + self.batch_size]
            rows += self._ask(self._seeing, [self.towers.show(image) for image in part])
        return self._matrix(rows)

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        """(n, dim) unit rows, one per text, in order; raises as `encode_images`."""
        return self._matrix(self._ask(self._reading, [clean(text) for text in texts]))

    @cached_property
    def calibration(self) -> Calibration:
        """How scores turn into probabilities, by the scale of the training.

        A model that learnt to tell its text from the others of a batch makes exp(scale * cosine)
        proportional to p(image, text) / (p(image) p(text)) (van den Oord et al., 2018, for CLIP;
        Zhai et al., ICCV 2023, for the sigmoid of SigLIP). Its mean over texts on common subjects
        estimates what it is proportional to, so scale * margin, as `mirada.search.calibrate` has
        it, is the logarithm of that ratio, and with the prior odds added that of the odds.

        It was not fitted on pictures: `mirada doctor --calibrate` fits one for a collection.
        """
        scale = self.towers.logit_scale
        return Calibration(
            distractors=kept_distractors(self),
            temperature=1 / scale,
            scale=scale,
            offset=log(PRIOR / (1 - PRIOR)),
            prior=PRIOR,
        )

    @property
    def towers(self) -> Towers:
        """The model, loaded by the first that asks; raises as `encode_images`."""
        with self._loading, enough_memory(self.name):
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def _see(self, shown: Sequence[Any]) -> Sequence[NDArray[np.float32]]:
        return self._checked(self.towers.see(shown))

    def _read(self, texts: Sequence[str]) -> Sequence[NDArray[np.float32]]:
        return self._checked(self.towers.read(texts))

    def _ask(self, gatherer: Gatherer[Any, NDArray[np.float32]], asked: list[Any]) -> list[Any]:
        with enough_memory(self.name):
            return gatherer(asked)

    def _checked(self, rows: NDArray[np.float32]) -> Sequence[NDArray[np.float32]]:
        if rows.shape[1:] != (self.dim,):
            raise ModelUnavailable(
                f"{self.name} promises {self.dim} numbers a vector and gives {rows.shape[1:]}: "
                "its configuration is not that of its weights"
            )
        if not np.isfinite(rows).all():
            raise ModelUnavailable(
                f"{self.name} gives what is no number: set precision = 'float32'"
            )
        return list(rows)

    def _matrix(self, rows: Sequence[NDArray[np.float32]]) -> Matrix:
        if not rows:
            return np.empty((0, self.dim), np.float32)
        return unit_rows(np.stack(rows))
