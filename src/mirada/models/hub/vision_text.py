"""Checkpoints that take pictures and words together: how they are loaded, told apart and asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import transformers
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

from mirada.errors import ModelUnavailable
from mirada.models.devices import choose_device, place_model, precision_for
from mirada.models.hub.complete import complete
from mirada.models.hub.source import source_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from PIL.Image import Image

CHATS: Final = "AutoModelForImageTextToText"
MOST: Final = 768  # pixels a side: Qwen-VL would make 16,000 tokens of a large photograph


class Checkpoint:
    """A model with its processor; the weights wait until they are asked for."""

    def __init__(
        self, place: Path | str, *, device: str | None, precision: str | None, trusted: bool
    ) -> None:
        """Reads the configuration and the processor.

        Raises:
            ModelUnavailable: there is no such checkpoint, or it takes no pictures.
            ConfigError: there is no such device here, or no such precision.
        """
        precision_for(choose_device(device), precision)
        self.source = source_of(place, trusted=trusted)
        self.config = self.source.config()
        self.name = self.source.name
        self.family = str(self.config.model_type)
        self._device, self._precision = device, precision

    def read_processor(self) -> Any:
        """What makes numbers of pictures and words; raises ModelUnavailable."""
        try:
            processor = self.source.load_words(transformers.AutoProcessor.from_pretrained)
        except ModelUnavailable as error:
            if "torchvision" not in str(error).lower():
                raise
            raise ModelUnavailable(  # for videos, which it also knows
                f"{self.source.place} needs one more library: pip install torchvision"
            ) from error
        if not hasattr(processor, "image_processor") or not hasattr(processor, "tokenizer"):
            raise ModelUnavailable(
                f"{self.source.place} lacks the processor of its model (preprocessor_config.json"
                " and the files of the tokenizer beside the weights)"
            )
        if processor.tokenizer.pad_token is None:
            processor.tokenizer.pad_token = processor.tokenizer.eos_token
        return processor

    def read_processor_for(self, role: str, families: Collection[str]) -> Any:
        """The same, of one of the families that play a role, or of a model that chats.

        Args:
            role: such as "captioner".
            families: model types.

        Raises:
            ModelUnavailable: it is of another family.
        """
        own = getattr(self.config, "auto_map", None) or {}
        may_chat = self.family in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES or CHATS in own
        if self.family in families or may_chat:
            processor = self.read_processor()
            if self.family in families:
                return processor
            if _template(processor):
                processor.tokenizer.padding_side = "left"  # answers go on at the right
                return processor
        raise ModelUnavailable(
            f"{self.source.place} is of the family {self.family!r}, which cannot be a {role}: name"
            f" one of {', '.join(families)}, or a model that chats about images, such as llava or"
            f" qwen3_vl; `mirada models` lists some"
        )

    def read_model(self, kind: str) -> Any:
        """The weights as a class of transformers, where they are computed.

        Raises:
            ModelUnavailable: they cannot be had, or are those of another class.
            MemoryError: they are too many.
        """
        model = complete(
            self.source,
            getattr(transformers, kind).from_pretrained,
            kind=f"a {kind}" if kind != CHATS else "a model of its family",
            advice="name a checkpoint that was made for this role, see `mirada models`",
        )
        return place_model(model, self._device, self._precision)


def side_of(processor: Any) -> int:
    """Pixels: the side that a processor brings images to, at most 768."""
    size: Mapping[str, int | None] = dict(getattr(processor.image_processor, "size", None) or {})
    found = size.get("height") or size.get("shortest_edge") or size.get("longest_edge")
    return min(found or MOST, MOST)


def chat_inputs(processor: Any, images: Sequence[Image], questions: Sequence[str]) -> Any:
    """What a chat model is given for one question about each image; the answer comes next."""
    template = _template(processor)
    told = {"enable_thinking": False} if "enable_thinking" in template else {}
    texts = [
        processor.apply_chat_template(
            [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}],
            add_generation_prompt=True,
            tokenize=False,
            **told,
        )
        for question in questions
    ]
    begin = processor.tokenizer.bos_token
    return processor(
        text=texts,
        images=[[image] for image in images],
        padding=True,
        return_tensors="pt",
        # most templates write the mark of the beginning themselves
        add_special_tokens=not (begin and texts[0].startswith(begin)),
    )


def marks_of(tokenizer: Any) -> list[str]:
    """What a tokenizer takes for marks wherever it stands, such as "<image>"; longest first."""
    special = set(tokenizer.all_special_tokens)
    added = {one for one in tokenizer.get_added_vocab() if one.strip() and one[0] in "<["}
    return sorted((one for one in special | added if one.strip()), key=len, reverse=True)


def _template(processor: Any) -> str:
    own = getattr(processor, "chat_template", None)
    return str(own or getattr(processor.tokenizer, "chat_template", None) or "")
