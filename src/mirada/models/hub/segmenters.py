"""Segmenters in the format of Hugging Face: SAM and its kin, asked for everything in an image.

Importing this module loads no library of the extra `hub`; `masks` does the work.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from mirada.errors import ConfigError, ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mirada.models.hub.masks import Prompted
    from mirada.protocols import Look
    from mirada.types import Proposal


class HubSegmenter:
    """Proposes what SAM, SAM 2, SAM-HQ or EdgeTAM find around the points of a grid.

    Its weights are loaded when it first segments. Safe to share between threads, which take turns.
    """

    maps_of: str | None = None

    def __init__(
        self,
        model: Path | str,
        *,
        device: str | None = None,
        precision: str | None = None,
        points: int = 8,
        batch_size: int = 64,
        least_iou: float | None = None,
        least_stability: float = 0.95,
        trust_remote_code: bool = False,
    ) -> None:
        """Reads the configuration of the checkpoint alone.

        Args:
            model: a folder, or an id on the hub with "@revision" or without.
            device: cpu, cuda or mps; the best there is by default.
            precision: float32 by default: in bfloat16 a point is told to four pixels only.
            points: of the grid, a side; each gives up to three masks.
            batch_size: points that are looked at together.
            least_iou: of a mask with the thing it is meant to cover, as the model foretells it, in
                [0, 1]; by default what the authors of the model take.
            least_stability: IoU in [0, 1] of a mask drawn generously with the same drawn sparingly.
            trust_remote_code: whether code that comes with the checkpoint may run.

        Raises:
            ModelUnavailable: the extra is not installed, or the checkpoint is not to be had or of
                another kind.
            ConfigError: there is nothing to look at, or no such device or precision.
        """
        try:
            from mirada.models.hub import masks  # noqa: PLC0415 needs the extra
        except ImportError as error:
            raise ModelUnavailable(
                f"hub:{model} needs the extra: pip install 'mirada[hub]' ({error})"
            ) from error
        if points < 1 or batch_size < 1:
            raise ConfigError("points and batch_size of a segmenter must be 1 or more")
        source = masks.source_of(model, trusted=trust_remote_code)
        config = source.config()
        self.name = source.name
        asking = masks.asking_of(
            config, source.place, points, batch_size, least_iou, least_stability
        )
        self.image_size = asking.side
        self._load: Callable[[], Prompted] = lambda: masks.load(source, asking, device, precision)
        self._prompted: Prompted | None = None
        self._lock = Lock()

    def segment(self, look: Look) -> list[Proposal]:
        """Up to 20 proposals with masks of at most 128 rows and columns, surest first.

        Raises:
            ModelUnavailable: the weights are not to be had.
        """
        with self._lock:
            if self._prompted is None:
                self._prompted = self._load()
        return self._prompted(look.image)
