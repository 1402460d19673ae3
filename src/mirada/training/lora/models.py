"""Which models of Hugging Face are adapted, where, and how they are loaded.

One row of `FAMILIES` is all that a further family needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import peft
import torch
import transformers

from mirada.errors import ModelUnavailable
from mirada.models.hub.source import source_of

if TYPE_CHECKING:
    from mirada.training.lora.recipe import LoraRecipe

ENCODER, CAPTIONER = "encoder", "captioner"


@dataclass(frozen=True, slots=True)
class Family:
    """Models of one architecture."""

    kind: str  # what is learnt: to find images, or to describe them
    model: str  # class of transformers
    adapted: str  # regular expression of the whole names of the linear maps that get adapters


_TOWERS = r"(text|vision)_model\..*(self_attn\.(q|k|v|out)_proj|mlp\.fc[12])"
_BLOCKS = r"(query|key|value|dense)"

FAMILIES = {  # `model_type` of config.json -> how it is adapted
    "clip": Family(ENCODER, "CLIPModel", rf"{_TOWERS}|visual_projection|text_projection"),
    "siglip": Family(ENCODER, "SiglipModel", rf"{_TOWERS}|text_model\.head"),
    "siglip2": Family(ENCODER, "Siglip2Model", rf"{_TOWERS}|text_model\.head"),
    "blip": Family(
        CAPTIONER,
        "BlipForConditionalGeneration",
        rf"vision_model\..*\.(qkv|projection)|text_decoder\.bert\.encoder\..*\.{_BLOCKS}",
    ),
    "blip-2": Family(  # the image tower stays as it is, as when BLIP-2 was made
        CAPTIONER,
        "Blip2ForConditionalGeneration",
        rf"qformer\..*(attention\..*\.{_BLOCKS}|_query\.dense)|language_projection"
        r"|language_model\..*\.(q|k|v|o|q_proj|k_proj|v_proj|out_proj)",
    ),
}


@dataclass(frozen=True, slots=True)
class Base:
    """A model before it is adapted, with what reads images and texts for it."""

    source: str  # folder or hub id
    revision: str  # commit of the hub, or sha256 of the weights of a folder
    family: Family
    model: Any  # transformers' class, float32, on the CPU
    processor: Any  # transformers' class, with `image_processor` and `tokenizer`


def load_base(source: str, revision: str | None = None) -> Base:
    """The model from a folder, the local cache or the hub; code that comes with it is never run.

    Args:
        source: a folder, or an id on the hub.
        revision: branch, tag or commit on the hub; the main branch if None.

    Raises:
        ModelUnavailable: it cannot be had, or its family is not one of `FAMILIES`.
    """
    found = source_of(source, revision=revision)
    config = found.config()
    family = _family(source, config.model_type)
    model = found.load(getattr(transformers, family.model).from_pretrained).float()
    processor = found.load(transformers.AutoProcessor.from_pretrained)
    identity = found.identity
    if Path(source).is_dir():
        identity = f"sha256:{identity[:16]}"
    return Base(source, identity, family, model, processor)


def adapt(base: Base, recipe: LoraRecipe) -> Any:
    """The model with fresh adapters, which change nothing yet and are all that may move."""
    torch.manual_seed(recipe.seed)
    config = peft.LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=base.family.adapted,
        base_model_name_or_path=base.source,
        revision=base.revision if not Path(base.source).is_dir() else None,
    )
    return peft.get_peft_model(base.model, config)


def trained_weights(model: Any) -> tuple[int, int]:
    """How many weights move, and how many there are."""
    sizes = [(weight.numel(), weight.requires_grad) for weight in model.parameters()]
    return sum(size for size, moves in sizes if moves), sum(size for size, _ in sizes)


def _family(source: str, name: str) -> Family:
    if name not in FAMILIES:
        raise ModelUnavailable(
            f"{source} is of the family {name!r}: adapters are made for {', '.join(FAMILIES)}"
        )
    return FAMILIES[name]
