"""Rerankers of Hugging Face: BLIP's and BLIP-2's image-text matching, and models that chat.

Importing this module loads no library; making a reranker does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mirada.errors import ConfigError
from mirada.models.batching import Gatherer
from mirada.models.extras import extra_needed
from mirada.models.hub.pictures import fit
from mirada.models.hub.prompts import QUESTION
from mirada.models.memory import enough_memory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import ModuleType

    from numpy.typing import NDArray
    from PIL.Image import Image

    from mirada.models.hub.matching import Pair


class HubReranker:
    """Says how likely an image shows a text: by a head for that, or by a model's yes or no.

    Safe to share between threads, whose questions are answered together; the weights are loaded
    by the first call.
    """

    def __init__(
        self,
        model: Path | str,
        *,
        device: str | None = None,
        precision: str | None = None,
        batch_size: int = 16,
        trust_remote_code: bool = False,
        question: str = QUESTION,
    ) -> None:
        """Reads the configuration and the processor of a checkpoint.

        Args:
            model: a folder, "org/name" or "org/name@revision".
            device: as MIRADA_DEVICE.
            precision: as MIRADA_PRECISION.
            batch_size: pairs of an image and a text that are looked at at once, at most.
            trust_remote_code: whether code that comes with the checkpoint may run.
            question: what a model that chats is asked, to be answered with yes or no; "{text}"
                stands for the text.

        Raises:
            ModelUnavailable: the extra or the checkpoint is missing, or it is no reranker.
            ConfigError: an option has a value that cannot be.
        """
        if batch_size < 1:
            raise ConfigError(f"batch_size {batch_size} is not 1 or more")
        if "{text}" not in question:
            raise ConfigError(f"question {question!r} lacks {{text}}, where the text is to stand")
        self._tools = _matching()
        self._matcher = self._tools.Matcher(
            model,
            question=question,
            device=device,
            precision=precision,
            trusted=trust_remote_code,
        )
        self.name: str = self._matcher.name
        self.image_size: int = self._matcher.image_size
        self.batch_size = batch_size
        self._gather: Gatherer[Pair, float] = Gatherer(self._matcher.match, batch_size)

    def check(self, image: Image, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n,) probability in [0, 1] that an RGB image shows what each text says, in order.

        Raises:
            ModelUnavailable: the weights cannot be loaded, or are too much for the memory.
        """
        sized = fit(image, self._tools.MOST)
        pairs = [self._tools.Pair(sized, text) for text in texts]
        with enough_memory(self.name):
            return np.array(self._gather(pairs), np.float32)


def _matching() -> ModuleType:
    with extra_needed("hub"):
        from mirada.models.hub import matching  # noqa: PLC0415 loads torch
    return matching
