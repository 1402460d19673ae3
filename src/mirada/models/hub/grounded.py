"""Boxes for phrases, by models that read: the OWLs, and the DINOs that are grounded in text.

The processors of transformers prepare and interpret; here their answers become proposals. Each
phrase gets all boxes that fit it: which of several phrases fits a box best is not asked, as "dog"
and "animal" may both be true.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from threading import Lock
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import torch
import transformers

from mirada.errors import ModelUnavailable
from mirada.models.boxes import apart, box_of
from mirada.models.devices import memory_told, place_model
from mirada.models.hub.complete import complete
from mirada.models.hub.source import source_of
from mirada.models.thin import stretched
from mirada.types import Proposal
from mirada.vocabulary.entries import with_article

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from PIL.Image import Image

    from mirada.models.hub.source import Source

    Answer: TypeAlias = Mapping[str, torch.Tensor]
    """(n,) scores and (n, 4) boxes in pixels: x0, y0, x1, y1."""

__all__ = ["Finder", "Kind", "kind_of", "side_of", "source_of"]

LIMIT: Final = 30  # proposals a phrase
OVERLAP: Final = 0.6  # IoU with a surer box above which a box is left out
THINNEST: Final = 1e-3  # side of a box in fractions of the image, at least
LONGEST: Final = 1333  # pixels of the longer side that a DINO looks at
ARTICLES: Final = frozenset(("a", "an", "the"))


class Finder(ABC):
    """A loaded model; threads take turns at it."""

    def __init__(self, model: Any, processor: Any, threshold: float) -> None:
        self.model, self.processor, self.threshold = model, processor, threshold
        self._lock = Lock()

    def __call__(self, image: Image, phrases: Sequence[str]) -> list[list[Proposal]]:
        """For each phrase, none of them empty, up to 30 proposals, surest first.

        Raises MemoryError where there is too little.
        """
        seen = stretched(image)
        with self._lock, torch.inference_mode(), memory_told():
            found = list(self.find(seen, phrases))
        return [_proposals(one, seen.size) for one in found]

    @abstractmethod
    def find(self, image: Image, phrases: Sequence[str]) -> Iterator[Answer]:
        """What the model says to each phrase, in order."""

    def told(self, outputs: Any, image: Image, **options: Any) -> Answer:
        """What the processor makes of outputs for one image."""
        (found,) = self.processor.post_process_grounded_object_detection(
            outputs, threshold=self.threshold, target_sizes=[image.size[::-1]], **options
        )
        return {"scores": found["scores"], "boxes": found["boxes"]}

    def sent(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Inputs on the device of the model, in its precision where they are no whole numbers."""
        where, kind = self.model.device, self.model.dtype
        return {
            name: one.to(where, kind) if one.is_floating_point() else one.to(where)
            for name, one in inputs.items()
        }


class OwlFinder(Finder):
    """OWL-ViT (Minderer et al., ECCV 2022) and OWLv2 (NeurIPS 2023): all phrases in one pass."""

    def find(self, image: Image, phrases: Sequence[str]) -> Iterator[Answer]:
        """See `Finder`."""
        most = self.model.config.text_config.max_position_embeddings
        inputs = self.processor(
            text=[[prompt_of(one) for one in phrases]],
            images=image,
            return_tensors="pt",
            padding="max_length",
            truncation=True,
            max_length=most,
        )
        outputs = self.model(**self.sent(inputs))
        boxes = outputs.pred_boxes.float().cpu()
        logits = outputs.logits.float().cpu()
        for place in range(len(phrases)):
            alone = SimpleNamespace(logits=logits[..., place : place + 1], pred_boxes=boxes)
            yield self.told(alone, image)


class DinoFinder(Finder):
    """Grounding DINO (Liu et al., ECCV 2024) and MM Grounding DINO: a pass for each phrase."""

    def find(self, image: Image, phrases: Sequence[str]) -> Iterator[Answer]:
        """See `Finder`."""
        pixels = self.processor.image_processor(images=image, return_tensors="pt")
        most = self.model.config.max_text_len
        for phrase in phrases:
            text = self.processor.tokenizer(
                sentence_of(phrase),
                return_tensors="pt",
                return_token_type_ids=True,
                truncation=True,
                max_length=most,
            )
            outputs = self.model(**self.sent({**pixels, **text}))
            alone = SimpleNamespace(
                logits=outputs.logits.float().cpu(), pred_boxes=outputs.pred_boxes.float().cpu()
            )
            yield self.told(alone, image, input_ids=text["input_ids"])


@dataclass(frozen=True, slots=True)
class Kind:
    """How models of a kind are asked."""

    finder: type[Finder]
    threshold: float  # that transformers has for them

    def load(
        self, source: Source, threshold: float, device: str | None, precision: str | None
    ) -> Finder:
        """The model with its weights; raises ModelUnavailable and ConfigError."""
        processor = source.load_words(transformers.AutoProcessor.from_pretrained)
        model = complete(source, transformers.AutoModelForZeroShotObjectDetection.from_pretrained)
        placed = place_model(model, device, precision, default="float32")
        return self.finder(placed, processor, threshold)


KINDS: Final = {
    **dict.fromkeys(("owlv2", "owlvit"), Kind(OwlFinder, 0.1)),
    **dict.fromkeys(("grounding-dino", "mm-grounding-dino"), Kind(DinoFinder, 0.25)),
}
"""By what the configuration calls them."""


def kind_of(config: Any, place: str) -> Kind:
    """How a model of that configuration is asked; raises ModelUnavailable if nobody knows.

    Args:
        config: of transformers.
        place: where it comes from, for messages.
    """
    kind = KINDS.get(config.model_type)
    if kind is None:
        raise ModelUnavailable(
            f"{place} is a {config.model_type}, which is no detector that mirada knows: "
            f"{', '.join(KINDS)}"
        )
    return kind


def side_of(config: Any) -> int:
    """Pixels of the longer side at which a model looks."""
    vision = getattr(config, "vision_config", None)
    return LONGEST if vision is None else int(np.max(vision.image_size))


def prompt_of(phrase: str) -> str:
    """A phrase as the OWLs are asked for it: "a photo of a red car"."""
    named = phrase if phrase.split(maxsplit=1)[0].lower() in ARTICLES else with_article(phrase)
    return f"a photo of {named}"


def sentence_of(phrase: str) -> str:
    """A phrase as the DINOs are asked for it: "red car."; a dot inside would part it."""
    for mark in ".?":
        phrase = phrase.replace(mark, " ")
    return " ".join(phrase.lower().split()) + "."


def _proposals(answer: Answer, size: tuple[int, int]) -> list[Proposal]:
    """Boxes inside an image of that width and height, none over a surer one."""
    width, height = size
    rows = answer["boxes"].double().numpy() / (width, height, width, height)
    scores = answer["scores"].double().numpy()
    rows = np.clip(rows, 0, 1)
    large = (rows[:, 2:] - rows[:, :2] >= THINNEST).all(1)  # nor are those large that are no number
    rows, scores = rows[large], scores[large]
    kept = apart(rows, scores, overlap=OVERLAP, limit=LIMIT)
    return [Proposal(box_of(rows[one]), float(scores[one])) for one in kept]
