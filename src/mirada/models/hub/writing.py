"""Writes captions with a checkpoint of BLIP, BLIP-2, Florence-2 or any model that chats."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import torch

from mirada.models.devices import memory_told
from mirada.models.hub.prompts import CHAT, PHRASE, SENTENCE, tidy
from mirada.models.hub.vision_text import (
    CHATS,
    MOST,
    Checkpoint,
    chat_inputs,
    side_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from PIL.Image import Image

__all__ = ["MOST", "Wish", "Writer"]

BEAMS: Final = 3  # at the least: one alone writes "a a a" more often
ROOM: Final = 1_000_000  # tokens, of a model that tells no limit


@dataclass(frozen=True, slots=True)
class Family:
    """How one kind of captioner is loaded and asked."""

    model: str  # the class of transformers
    prompts: Mapping[str, str]  # as `prompts.CHAT`; "" where the image alone is shown
    languages: tuple[str, ...] = ("en",)


FAMILIES: Final = {
    "blip": Family("BlipForConditionalGeneration", {SENTENCE: "", PHRASE: ""}),
    "blip-2": Family("Blip2ForConditionalGeneration", {SENTENCE: "", PHRASE: ""}),
    "instructblip": Family(
        "InstructBlipForConditionalGeneration",
        dict.fromkeys((SENTENCE, PHRASE), "A short image description."),
    ),
    "florence2": Family(
        "Florence2ForConditionalGeneration", dict.fromkeys((SENTENCE, PHRASE), "<CAPTION>")
    ),
}
"""Model type -> its family; another one is a row."""

CHATTING: Final = Family(CHATS, CHAT, ("en", "es"))


@dataclass(frozen=True, slots=True)
class Wish:
    """Texts wanted for one picture."""

    image: Image
    prompt: str
    count: int  # different texts, at most
    tokens: int  # of a text, at most

    @property
    def terms(self) -> tuple[str, int, int]:
        """What wishes must have in common to be met together."""
        return self.prompt, self.count, self.tokens


class Writer:
    """Texts by beam search, always the same for a picture; for one thread at a time."""

    def __init__(
        self, place: Path | str, *, device: str | None, precision: str | None, trusted: bool
    ) -> None:
        """Raises ModelUnavailable for a checkpoint that writes no captions, and ConfigError."""
        self._checkpoint = Checkpoint(place, device=device, precision=precision, trusted=trusted)
        self.name = self._checkpoint.name
        self._processor = self._checkpoint.read_processor_for("captioner", FAMILIES)
        self.family = FAMILIES.get(self._checkpoint.family, CHATTING)
        self.image_size = side_of(self._processor)

    def write(self, wishes: Sequence[Wish]) -> list[list[str]]:
        """Up to `count` different texts for each wish, likeliest first, in order.

        Raises MemoryError where there is too little for so many.
        """
        alike: dict[tuple[str, int, int], list[int]] = {}
        for place, wish in enumerate(wishes):
            alike.setdefault(wish.terms, []).append(place)
        found: list[list[str]] = [[] for _ in wishes]
        for terms, places in alike.items():
            with memory_told():
                texts = self._write_alike([wishes[place].image for place in places], *terms)
            for place, some in zip(places, texts, strict=True):
                found[place] = some
        return found

    def _write_alike(
        self, images: Sequence[Image], prompt: str, count: int, tokens: int
    ) -> list[list[str]]:
        beams = max(count, BEAMS)
        drafts = self._decode(self._generate(self._inputs(images, prompt), beams, tokens))
        echoed = "" if self.family is CHATTING else prompt
        return [
            _different([tidy(text, echoed) for text in drafts[at : at + beams]])[:count]
            for at in range(0, len(drafts), beams)
        ]

    def _inputs(self, images: Sequence[Image], prompt: str) -> Any:
        if self.family is CHATTING:
            return chat_inputs(self._processor, images, [prompt] * len(images))
        words = {"text": [prompt] * len(images), "padding": True} if prompt else {}
        return self._processor(images=list(images), return_tensors="pt", **words)

    @torch.inference_mode()
    def _generate(self, inputs: Any, beams: int, tokens: int) -> Any:
        model = self._model
        given = inputs.to(model.device, model.dtype)
        told = given["input_ids"].shape[1] if "input_ids" in given else self._begun
        limit = getattr(model.config.get_text_config(), "max_position_embeddings", None) or ROOM
        written = model.generate(
            **given,
            num_beams=beams,
            num_return_sequences=beams,
            do_sample=False,
            temperature=None,  # checkpoints bring settings for sampling along
            top_p=None,
            top_k=None,
            max_new_tokens=max(1, min(tokens, limit - told - 1)),
        )
        return _without_prompt(written, given.get("input_ids"))

    @property
    def _begun(self) -> int:
        """Tokens that stand before a caption where the image alone is shown."""
        return 1 + int(getattr(self._checkpoint.config, "num_query_tokens", 0))

    def _decode(self, written: Any) -> list[str]:
        kept = [[one for one in ids if one not in self._marks] for ids in written.tolist()]
        return self._processor.tokenizer.batch_decode(kept, skip_special_tokens=True)

    @cached_property
    def _marks(self) -> frozenset[int]:
        """Tokens that are no text for the model, of which its tokenizer may know nothing."""
        told = self._checkpoint.config.get_text_config()
        named = [getattr(told, f"{name}_token_id", None) for name in ("bos", "eos", "pad", "sep")]
        several = [one if isinstance(one, list) else [one] for one in named]
        return frozenset(token for some in several for token in some if token is not None)

    @cached_property
    def _model(self) -> Any:
        return self._checkpoint.read_model(self.family.model)


def _without_prompt(written: Any, prompt: Any) -> Any:
    """The tokens that are new: most models give back what they went on from, too."""
    if prompt is None or not len(prompt):
        return written
    told = prompt.repeat_interleave(len(written) // len(prompt), dim=0)
    length = told.shape[1]
    return written[:, length:] if torch.equal(written[:, :length], told) else written


def _different(texts: Sequence[str]) -> list[str]:
    return [text for text in dict.fromkeys(texts) if text]
