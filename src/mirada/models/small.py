"""mirada's own image and text encoder: shipped with the package, run by ONNX Runtime on a CPU.

EfficientNet-Lite2 and a four-layer bilingual text tower in one space; docs/model-card.md tells
how they were trained. Importing this module loads no runtime and no weights.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from PIL.Image import Resampling

from mirada.models.grounding import read_grounding
from mirada.models.maps import pool_boxes, pool_whole
from mirada.models.weights import (
    DISTRACTORS,
    GROUNDING,
    IMAGE_HEAD,
    IMAGE_TOWER,
    TEXT_TOWER,
    TOKENIZER,
    digest_of,
    read_manifest,
)
from mirada.types import Calibration, Matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image

    from mirada.types import Box, FeatureMap, Grounding, Vector

WEIGHTS = Path(__file__).with_name("mirada_small")

Session: TypeAlias = Any  # onnxruntime.InferenceSession, which has no types


class SmallEncoder:
    """Images and texts, English or Spanish, to unit vectors; safe to share between threads.

    Each tower is loaded by the first call that needs it. Texts are cut after 46 word pieces.
    """

    def __init__(self, folder: Path = WEIGHTS) -> None:
        manifest = read_manifest(folder)
        self.name = manifest.name
        self.dim = manifest.dim
        self.image_size = manifest.image_size
        self.tuned_from = manifest.tuned_from or manifest.name
        self.folder = folder
        self._fitted = manifest.calibration
        self._files = manifest.files
        self.digest = digest_of(manifest)
        self._loading = Lock()
        self._towers: dict[str, Session] = {}

    def encode_images(self, images: Sequence[Image]) -> Matrix:
        """(n, dim) unit rows, one per RGB image, in order."""
        if not images:
            return np.empty((0, self.dim), np.float32)
        # one at a time: on a CPU batches gain nothing
        return np.stack([self.encode_map(self.read_map(image)) for image in images])

    def read_map(self, image: Image) -> FeatureMap:
        """(12, 12, 1280) features of one RGB image, squashed to a square of `image_size` pixels."""
        shown = pixels(image, self.image_size)
        (maps,) = self._tower(IMAGE_TOWER).run(None, {"pixels": shown[None]})
        return np.asarray(maps[0].transpose(1, 2, 0))

    def encode_map(self, maps: FeatureMap) -> Vector:
        """(dim,) the vector of the image that the map shows."""
        vector: Vector = self._place(pool_whole(maps)[None])[0]
        return vector

    def encode_boxes(self, maps: FeatureMap, boxes: Sequence[Box]) -> Matrix:
        """(n, dim) unit rows, one per box of the image that the map shows, in order."""
        if not boxes:
            return np.empty((0, self.dim), np.float32)
        return self._place(pool_boxes(maps, boxes))

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        """(n, dim) unit rows, one per text, in order; the empty text has a vector too."""
        if not texts:
            return np.empty((0, self.dim), np.float32)
        tower = self._tower(TEXT_TOWER)
        rows = [
            # one at a time: int8 scales span a batch, so a vector would depend on its neighbours
            tower.run(None, {"ids": np.array([self._tokenizer.encode(clean(text)).ids])})[0]
            for text in texts
        ]
        return unit_rows(np.concatenate(rows))

    @cached_property
    def calibration(self) -> Calibration:
        """How scores of this encoder turn into probabilities."""
        distractors = np.load(self.folder / DISTRACTORS).astype(np.float32)
        return Calibration(unit_rows(distractors), **self._fitted)

    @cached_property
    def grounding(self) -> Grounding | None:
        """How well texts fit parts of images; None for a model that was not taught it."""
        if GROUNDING not in self._files:
            return None
        return read_grounding(self.folder / GROUNDING, self.calibration.distractors)

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer  # noqa: PLC0415 only texts need it

        return Tokenizer.from_file(str(self.folder / TOKENIZER))

    def _place(self, pooled: NDArray[np.float32]) -> Matrix:
        return unit_rows(self._tower(IMAGE_HEAD).run(None, {"pooled": pooled})[0])

    def _tower(self, name: str) -> Session:
        with self._loading:
            if name not in self._towers:
                self._towers[name] = open_session(self.folder / name)
            return self._towers[name]


def pixels(image: Image, size: int) -> NDArray[np.float32]:
    """(3, size, size) in about [-1, 1]: squashed to a square, scaled as EfficientNet-Lite wants."""
    square = image.convert("RGB").resize((size, size), Resampling.BICUBIC)
    scaled = (np.asarray(square, np.float32) - 127) / 128
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))


def unit_rows(rows: NDArray[np.float32]) -> Matrix:
    """The rows scaled to unit length."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), dtype=np.float32)


def clean(text: str) -> str:
    """The text without lone surrogates, which file names bring and the tokenizer refuses."""
    return text.encode("utf-8", "replace").decode("utf-8")


def open_session(path: Path) -> Session:
    """A session that uses one core a call: callers bring the threads."""
    import onnxruntime  # noqa: PLC0415 0.1 s

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
