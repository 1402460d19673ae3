"""Tells whether an image shows what a text says, with BLIP, BLIP-2 or any model that chats."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import torch

from mirada.errors import ModelUnavailable
from mirada.models.devices import memory_told
from mirada.models.hub.prompts import without_marks
from mirada.models.hub.vision_text import (
    CHATS,
    MOST,
    Checkpoint,
    chat_inputs,
    marks_of,
    side_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PIL.Image import Image

__all__ = ["MOST", "Matcher", "Pair"]

TRAINED: Final = {
    "blip": ("BlipForImageTextRetrieval", {"use_itm_head": True}),
    "blip-2": ("Blip2ForImageTextRetrieval", {"use_image_text_matching_head": True}),
}
"""Model type -> its class in transformers, and how its head for image-text matching is asked."""

TOKENS: Final = 64  # of a text; BLIP was taught with 35 at most
YES, NO = "yes", "no"


@dataclass(frozen=True, slots=True)
class Pair:
    """One image and one text."""

    image: Image
    text: str


class Matcher:
    """Probabilities for pairs; for one thread at a time."""

    def __init__(
        self,
        place: Path | str,
        *,
        question: str,
        device: str | None,
        precision: str | None,
        trusted: bool,
    ) -> None:
        """Raises ModelUnavailable for a checkpoint that cannot match, and ConfigError."""
        self._checkpoint = Checkpoint(place, device=device, precision=precision, trusted=trusted)
        self.name = self._checkpoint.name
        self._processor = self._checkpoint.read_processor_for("reranker", TRAINED)
        self.image_size = side_of(self._processor)
        self._question = question
        self._marks = marks_of(self._processor.tokenizer)

    @torch.inference_mode()
    def match(self, pairs: Sequence[Pair]) -> list[float]:
        """The probability in [0, 1] of each pair, in order.

        Raises MemoryError where there is too little for so many.
        """
        images = [pair.image for pair in pairs]
        texts = [without_marks(pair.text, self._marks) for pair in pairs]
        ask = self._ask_head if self._checkpoint.family in TRAINED else self._ask_in_words
        with memory_told():
            found: list[float] = ask(images, texts).clamp(0, 1).tolist()
        return found

    def _ask_head(self, images: Sequence[Image], texts: Sequence[str]) -> Any:
        _, how = TRAINED[self._checkpoint.family]
        inputs = self._processor(
            images=list(images),
            text=list(texts),
            padding=True,
            truncation=True,
            max_length=TOKENS,
            return_tensors="pt",
        )
        answer = self._model(**inputs.to(self._model.device, self._model.dtype), **how)
        scores = answer.itm_score if "itm_score" in answer else answer.logits_per_image
        return scores.float().softmax(-1)[:, 1]

    def _ask_in_words(self, images: Sequence[Image], texts: Sequence[str]) -> Any:
        questions = [self._question.replace("{text}", text) for text in texts]
        inputs = chat_inputs(self._processor, images, questions)
        answer = self._model.generate(
            **inputs.to(self._model.device, self._model.dtype),
            max_new_tokens=1,  # one forward pass, with the positions as the model wants them
            do_sample=False,
            num_beams=1,
            output_logits=True,
            return_dict_in_generate=True,
        )
        logits = answer.logits[0].float()
        yes, no = (logits[:, ids].logsumexp(-1) for ids in self._answers)
        return (yes - no).sigmoid()

    @cached_property
    def _answers(self) -> tuple[list[int], list[int]]:
        """The tokens that say yes, and those that say no."""
        tokenizer = self._processor.tokenizer
        yes, no = spellings_of(tokenizer, YES), spellings_of(tokenizer, NO)
        if not yes or not no:
            raise ModelUnavailable(
                f"{self._checkpoint.source.place} has no tokens for yes and no, so it cannot be a"
                " reranker; `mirada models` lists some that can"
            )
        return yes, no

    @cached_property
    def _model(self) -> Any:
        kind, _ = TRAINED.get(self._checkpoint.family, (CHATS, {}))
        return self._checkpoint.read_model(kind)


def spellings_of(tokenizer: Any, word: str) -> list[int]:
    """The tokens that are a word alone, however it is written and whether a space is before it."""
    written = [word, word.capitalize(), word.upper()]
    tried = (
        tokenizer.encode(space + one, add_special_tokens=False)
        for one in written
        for space in ("", " ")
    )
    unknown = tokenizer.unk_token_id
    return sorted({ids[0] for ids in tried if len(ids) == 1 and ids[0] != unknown})
