"""Segmenters in the format of Hugging Face: SAM and its kin, asked for everything in an image.

Importing this module loads no library of the extra `hub`; `masks` does the work.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from mirada.errors import ConfigError
from mirada.models.extras import extra_needed
from mirada.models.memory import enough_memory
from mirada.models.options import marked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mirada.models.hub.masks import Prompted
    from mirada.protocols import Look
    from mirada.types import Proposal

POINTS = 8  # of the grid, a side
LEAST_STABILITY = 0.95  # of Kirillov et al. (2023)


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
        points: int = POINTS,
        batch_size: int = 64,
        least_iou: float | None = None,
        least_stability: float = LEAST_STABILITY,
        trust_remote_code: bool = False,
    ) -> None:
        """Reads the configuration of the checkpoint alone.

        Args:
            model: a folder, or an id on the hub with "@revision" or without.
            device: auto, cpu, cuda, cuda:1 or mps; by default what MIRADA_DEVICE says.
            precision: float32 by default: in bfloat16 a point is told to four pixels only.
            points: of the grid, a side; each gives up to three masks. The name tells other
                numbers than the usual of points, least_iou and least_stability apart.
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
        with extra_needed("hub"):
            from mirada.models.hub import masks  # noqa: PLC0415 loads torch
        if points < 1 or batch_size < 1:
            raise ConfigError("points and batch_size of a segmenter must be 1 or more")
        source = masks.source_of(model, trusted=trust_remote_code)
        config = source.config()
        asking = masks.asking_of(
            config, source.place, points, batch_size, least_iou, least_stability
        )
        self.name = marked(
            source.name,
            {"points": points, "iou": asking.least_iou, "stability": least_stability},
            {"points": POINTS, "iou": asking.usual_iou, "stability": LEAST_STABILITY},
        )
        self._batch_size = batch_size
        self.image_size = asking.side
        self._load: Callable[[], Prompted] = lambda: masks.load(source, asking, device, precision)
        self._prompted: Prompted | None = None
        self._lock = Lock()

    def segment(self, look: Look) -> list[Proposal]:
        """Up to 20 proposals with masks of at most 128 rows and columns, surest first.

        Raises:
            ModelUnavailable: the weights are not to be had, or are too much for the memory.
        """
        with enough_memory(self.name, batch_size=self._batch_size):
            with self._lock:
                if self._prompted is None:
                    self._prompted = self._load()
            return self._prompted(look.image)
