"""Reads the text in pictures with RapidOCR and the models in its package; needs the extra `ocr`."""

from __future__ import annotations

import unicodedata
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL.Image import Resampling

from mirada.errors import ModelUnavailable
from mirada.types import Box, TextLine

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

DETECTOR: Final = "PP-OCRv6_det_small.onnx"  # with the names pinned, nothing is ever downloaded
RECOGNIZER: Final = "PP-OCRv6_rec_small.onnx"

GLANCE_SIDE: Final = 320  # pixels: costs a quarter of a look at 736
GLANCE_DOUBT: Final = 0.03
"""Least probability of text that calls for a closer look: of photos not fitted on, it lets 92% of
those with readable text through, and 48% of those without."""
DETECTION_SIDE: Final = 736  # pixels
READING_SIDE: Final = 1600  # pixels: lines are cut out of this and read
LEAST_SIDE: Final = 8  # pixels of the reading copy, below which no letter can be told
MIN_CONFIDENCE: Final = 0.6  # below, mostly patterns taken for letters


class RapidReader:
    """RapidOCR behind a glance that spares most pictures without text the full look.

    Threads may share it; each call runs on its own thread alone.
    """

    image_size = DETECTION_SIDE

    def __init__(self) -> None:
        """Load the package; the models follow with the first picture.

        Raises:
            ModelUnavailable: the extra is not installed, or came without its models.
        """
        try:
            import rapidocr  # noqa: PLC0415 brings OpenCV
        except ImportError as error:
            raise ModelUnavailable(
                f"reading text needs the extra: pip install 'mirada[ocr]' ({error})"
            ) from error
        models = Path(rapidocr.__file__).parent / "models"
        for name in (DETECTOR, RECOGNIZER):
            if not (models / name).is_file():
                raise ModelUnavailable(
                    f"rapidocr came without {name}: pip install --force-reinstall 'mirada[ocr]'"
                )
        doubt = {"Det.thresh": GLANCE_DOUBT, "Det.box_thresh": GLANCE_DOUBT}
        self.name = f"rapidocr-{version('rapidocr')}/1"
        self._glance: Any = rapidocr.RapidOCR(
            params={**_parameters(models, GLANCE_SIDE), **doubt, "Global.use_rec": False}
        )
        self._reader: Any = rapidocr.RapidOCR(params=_parameters(models, DETECTION_SIDE))

    def read(self, image: Image) -> list[TextLine]:
        """The lines of an RGB image, rows from top to bottom, each from left to right."""
        if min(_fitted_size(image, READING_SIDE)) < LEAST_SIDE or not self.has_text(image):
            return []
        copy = _fitted(image, READING_SIDE)
        found = self._reader(_bgr(copy))
        if found.txts is None:
            return []
        lines = [
            TextLine(_clean(text), _box(corners, copy.size), min(float(confidence), 1.0))
            for text, corners, confidence in zip(found.txts, found.boxes, found.scores, strict=True)
        ]
        return [line for line in lines if line.text]

    def has_text(self, image: Image) -> bool:
        """Whether a small copy of an RGB image looks as if there might be text."""
        return self._glance(_bgr(_fitted(image, GLANCE_SIDE))).boxes is not None


def _parameters(models: Path, side: int) -> dict[str, Any]:
    return {
        "Global.log_level": "critical",
        "Global.text_score": MIN_CONFIDENCE,
        "Global.use_cls": False,  # upside-down lines are rare, and orientation is known by EXIF
        "Det.model_path": str(models / DETECTOR),
        "Det.limit_type": "max",
        "Det.limit_side_len": side,
        "Rec.model_path": str(models / RECOGNIZER),
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }


def _fitted_size(image: Image, side: int) -> tuple[int, int]:
    scale = min(side / max(image.size), 1.0)
    return max(round(image.width * scale), 1), max(round(image.height * scale), 1)


def _fitted(image: Image, side: int) -> Image:
    """The image fitted into a square of `side` pixels; never enlarged."""
    return image.resize(_fitted_size(image, side), Resampling.BICUBIC, reducing_gap=2.0)


def _bgr(image: Image) -> NDArray[np.uint8]:
    """(rows, columns, 3) in the order of OpenCV."""
    return np.ascontiguousarray(np.asarray(image)[..., ::-1])


def _box(corners: NDArray[np.float32], size: tuple[int, int]) -> Box:
    """The upright box around (4, 2) corners in pixels."""
    (x0, y0), (x1, y1) = (np.clip(edge / size, 0, 1) for edge in (corners.min(0), corners.max(0)))
    return Box(float(x0), float(y0), float(x1), float(y1))


def _clean(text: str) -> str:
    """In composed Unicode (NFC), with single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())
