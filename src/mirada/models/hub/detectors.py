"""Detectors in the format of Hugging Face that find whatever a phrase names.

Importing this module loads no library of the extra `hub`; `grounded` does the work.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from mirada.errors import ConfigError
from mirada.models.extras import extra_needed
from mirada.models.memory import enough_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from PIL.Image import Image

    from mirada.models.hub.grounded import Finder
    from mirada.types import Proposal


class HubDetector:
    """Finds things with OWLv2, OWL-ViT, Grounding DINO or MM Grounding DINO.

    Its weights are loaded when it first detects. Safe to share between threads, which take turns.
    """

    def __init__(
        self,
        model: Path | str,
        *,
        device: str | None = None,
        precision: str | None = None,
        threshold: float | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        """Reads the configuration of the checkpoint alone.

        Args:
            model: a folder, or an id on the hub with "@revision" or without.
            device: auto, cpu, cuda, cuda:1 or mps; by default what MIRADA_DEVICE says.
            precision: auto, float32, bfloat16 or float16; by default what MIRADA_PRECISION says,
                else float32, which Grounding DINO needs.
            threshold: confidence in [0, 1) above which a box counts; by default .1 for the OWLs and
                .25 for the DINOs, as transformers has it.
            trust_remote_code: whether code that comes with the checkpoint may run.

        Raises:
            ModelUnavailable: the extra is not installed, or the checkpoint is not to be had or of
                another kind.
            ConfigError: there is no such threshold.
        """
        with extra_needed("hub"):
            from mirada.models.hub import grounded  # noqa: PLC0415 loads torch
        if threshold is not None and not 0 <= threshold < 1:
            raise ConfigError(f"threshold {threshold} of a detector is not in [0, 1)")
        source = grounded.source_of(model, trusted=trust_remote_code)
        config = source.config()
        self.name = source.name
        kind = grounded.kind_of(config, source.place)
        self.image_size = grounded.side_of(config)
        least = kind.threshold if threshold is None else threshold
        self._load: Callable[[], Finder] = lambda: kind.load(source, least, device, precision)
        self._finder: Finder | None = None
        self._lock = Lock()

    def detect(self, image: Image, phrases: Sequence[str]) -> list[list[Proposal]]:
        """For each phrase up to 30 boxes, surest first; none for one that says nothing.

        Raises:
            ModelUnavailable: the weights are not to be had, or are too much for the memory.
        """
        said = [" ".join(phrase.split()) for phrase in phrases]
        asked = [one for one in dict.fromkeys(said) if one]
        if not asked:
            return [[] for _ in said]
        with enough_memory(self.name):
            with self._lock:
                if self._finder is None:
                    self._finder = self._load()
            found = dict(zip(asked, self._finder(image, asked), strict=True))
        return [list(found.get(one, ())) for one in said]
