"""Captioners of Hugging Face: BLIP, BLIP-2, Florence-2, LLaVA, Qwen-VL and their like.

Importing this module loads no library; making a captioner does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirada.errors import ConfigError
from mirada.models.batching import Gatherer
from mirada.models.extras import extra_needed
from mirada.models.hub.pictures import fit, part_of
from mirada.models.hub.prompts import TOKENS, choose_prompts, kind_of
from mirada.models.memory import enough_memory
from mirada.models.options import marked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

    from mirada.models.hub.writing import Wish
    from mirada.protocols import Look
    from mirada.types import Ask


class HubCaptioner:
    """Sentences for whole images and, by models that do as they are told, phrases for parts.

    Parts are cut out of the image. Safe to share between threads, whose wishes are met together;
    the weights are loaded by the first call. What is written for an image is always the same,
    but for rounding: other company in a batch may turn a near tie.
    """

    def __init__(
        self,
        model: Path | str,
        *,
        device: str | None = None,
        precision: str | None = None,
        batch_size: int = 8,
        trust_remote_code: bool = False,
        languages: Sequence[str] | str | None = None,
        prompts: Mapping[str, str] | None = None,
    ) -> None:
        """Reads the configuration and the processor of a checkpoint.

        Args:
            model: a folder, "org/name" or "org/name@revision".
            device: as MIRADA_DEVICE.
            precision: as MIRADA_PRECISION.
            batch_size: parts of images that are described at once, at most.
            trust_remote_code: whether code that comes with the checkpoint may run.
            languages: that the model writes, the main one first; by default English, and Spanish
                too where the model chats. Others have another name.
            prompts: what to ask it in place of its family's own: "whole" and "region" in English,
                "whole-es" and "region-es" in Spanish. Others have another name.

        Raises:
            ModelUnavailable: the extra or the checkpoint is missing, or it is no captioner.
            ConfigError: an option has a value that cannot be.
        """
        if batch_size < 1:
            raise ConfigError(f"batch_size {batch_size} is not 1 or more")
        self._tools = _writing()
        self._writer = self._tools.Writer(
            model, device=device, precision=precision, trusted=trust_remote_code
        )
        family = self._writer.family
        self.maps_of: str | None = None
        self.image_size: int = self._writer.image_size
        self.batch_size = batch_size
        wanted = (languages,) if isinstance(languages, str) else languages or family.languages
        self.languages: tuple[str, ...] = tuple(wanted)
        self._prompts = choose_prompts(family.prompts, prompts, self.languages)
        own = choose_prompts(family.prompts, None, family.languages)
        self.name: str = marked(
            self._writer.name,
            {"languages": self.languages, "prompts": sorted(self._prompts.items())},
            {"languages": family.languages, "prompts": sorted(own.items())},
        )
        self._gather: Gatherer[Wish, list[str]] = Gatherer(self._writer.write, batch_size)

    def caption(self, look: Look, asks: Sequence[Ask]) -> list[list[str]]:
        """Different texts for each wish, likeliest first, in lower case without a full stop.

        Raises:
            ValueError: for a language not among `languages`.
            ModelUnavailable: the weights cannot be loaded, or are too much for the memory.
        """
        for ask in asks:
            if ask.language not in self.languages:
                raise ValueError(f"{ask.language!r} is not one of {', '.join(self.languages)}")
        wanted = [place for place, ask in enumerate(asks) if ask.candidates > 0]
        with enough_memory(self.name):
            written = self._gather([self._wish(look, asks[place]) for place in wanted])
        found: list[list[str]] = [[] for _ in asks]
        for place, texts in zip(wanted, written, strict=True):
            found[place] = texts
        return found

    def _wish(self, look: Look, ask: Ask) -> Wish:
        kind = kind_of(ask.box)
        image = fit(part_of(look.image, ask.box), self._tools.MOST)
        prompt = self._prompts[kind, ask.language]
        wish: Wish = self._tools.Wish(image, prompt, ask.candidates, TOKENS[kind])
        return wish


def _writing() -> ModuleType:
    with extra_needed("hub"):
        from mirada.models.hub import writing  # noqa: PLC0415 loads torch
    return writing
