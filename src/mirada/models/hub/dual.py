"""Checkpoints of Hugging Face that put images and texts into one space: CLIP, SigLIP and others.

Imports torch and transformers, so only `HubEncoder` imports this module, when it is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import transformers
from transformers.models.auto.modeling_auto import MODEL_MAPPING

from mirada.errors import ModelUnavailable
from mirada.models.devices import choose_device, memory_told, precision_for
from mirada.models.hub.complete import complete
from mirada.models.thin import without_ends
from mirada.models.weights import digest_of_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image

    from mirada.models.hub.source import Source

SIGLIP = ("siglip", "siglip2")  # read whole lower-case texts with their padding: so they learnt
ROLES = {  # what a class of checkpoints is named after -> the role it may be for
    "ForConditionalGeneration": "a captioner",
    "ForCausalLM": "a captioner",
    "ForVision2Seq": "a captioner",
    "ForImageTextRetrieval": "a reranker",
    "ForObjectDetection": "a detector",
    "ForUniversalSegmentation": "a segmenter",
    "Sam": "a segmenter",
}
ROBERTAS = ("roberta", "altclip")
LOGIT_SCALE = 100.0  # where a model keeps none: the bound of CLIP's training, which it reaches
POSITIONS = 512  # tokens, where neither tokenizer nor configuration says


@dataclass(frozen=True, slots=True)
class Outline:
    """A checkpoint before its weights are loaded."""

    source: Source
    config: Any
    processor: Any  # of images
    device: torch.device
    precision: torch.dtype

    @property
    def dim(self) -> int:
        """Of the vectors, by the configuration; raises ModelUnavailable where it says nothing."""
        parts = (
            (self.config, "projection_dim"),
            (getattr(self.config, "text_config", None), "projection_size"),
            (getattr(self.config, "vision_config", None), "hidden_size"),
        )
        for part, name in parts:
            if isinstance(found := getattr(part, name, None), int):
                return found
        raise ModelUnavailable(f"{self.source.place} does not tell how long its vectors are")

    @property
    def image_size(self) -> int:
        """Pixels of the side that images are brought to."""
        told = self.processor.to_dict()
        if "max_num_patches" in told:
            return int(told["patch_size"] * told["max_num_patches"] ** 0.5)
        size = told.get("size") or {}
        sides = [size.get(name) for name in ("shortest_edge", "height", "width", "longest_edge")]
        found = [side for side in sides if side]
        return int(max(found)) if found else int(self.config.vision_config.image_size)

    @property
    def digest(self) -> str:
        """Of what decides vectors beside the name: precision, and small files of a folder."""
        told = sha256(str(self.precision).encode())
        told.update(digest_of_settings(Path(self.source.place)).encode())
        return told.hexdigest()


def outline(source: Source, device: str | None, precision: str | None) -> Outline:
    """What a checkpoint says of itself.

    Raises:
        ModelUnavailable: it cannot be had, or is no dual encoder.
        ConfigError: there is no such device here, or no such precision.
    """
    where = choose_device(device)
    config = source.config()
    _check(source, config)
    # transformers' own by Pillow: the other backend wants torchvision and gives other pixels
    processor = source.load(transformers.AutoImageProcessor.from_pretrained, backend="pil")
    return Outline(source, config, processor, where, precision_for(where, precision))


class HubTowers:
    """A dual encoder of transformers, loaded."""

    def __init__(self, about: Outline) -> None:
        """Load the weights.

        Raises:
            ModelUnavailable: they cannot be had, are damaged, or are not those of the model.
            MemoryError: they are too many.
        """
        self.tokenizer = about.source.load_words(transformers.AutoTokenizer.from_pretrained)
        self.manner = manner_of(about.config, self.tokenizer)
        model = complete(
            about.source,
            transformers.AutoModel.from_pretrained,
            kind="an encoder",
            advice=_advice(about.config),
            dtype=torch.float32,
        )
        self.logit_scale = scale_of(model)  # before it is rounded: it decides probabilities
        with memory_told():
            self.model = model.to(device=about.device, dtype=about.precision).eval()
        self._about = about
        self._crops = bool(about.processor.to_dict().get("do_center_crop"))

    def show(self, image: Image) -> dict[str, NDArray[Any]]:
        """What the processor of the checkpoint makes of one RGB image."""
        seen = without_ends(image) if self._crops else image
        made = self._about.processor(images=[seen.convert("RGB")], return_tensors="np")
        return {name: np.asarray(values)[0] for name, values in made.items()}

    def see(self, shown: Sequence[Mapping[str, NDArray[Any]]]) -> NDArray[np.float32]:
        """(n, dim), of any length."""
        names = shown[0]
        return self._run(
            self.model.get_image_features,
            {name: torch.from_numpy(np.stack([one[name] for one in shown])) for name in names},
        )

    def read(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, dim), of any length."""
        asked = [text.lower() for text in texts] if self.manner.lower else list(texts)
        ids = self.tokenizer(
            asked,
            padding="max_length" if self.manner.whole else True,
            truncation=True,
            max_length=self.manner.length,
            return_tensors="pt",
        )
        names = ("input_ids",) if self.manner.whole else tuple(ids)
        return self._run(self.model.get_text_features, {name: ids[name] for name in names})

    def _run(self, ask: Any, given: Mapping[str, torch.Tensor]) -> NDArray[np.float32]:
        about = self._about
        with torch.inference_mode(), memory_told():
            placed = {
                name: values.to(about.device, about.precision)
                if values.is_floating_point()
                else values.to(about.device)
                for name, values in given.items()
            }
            found = ask(**placed)
            rows = getattr(found, "pooler_output", found)
            return np.asarray(rows.float().cpu().numpy())


@dataclass(frozen=True, slots=True)
class Manner:
    """How the texts that a model learnt from were brought into tokens."""

    length: int  # tokens at most
    whole: bool  # always padded to that length, the padding read like the rest
    lower: bool  # in lower case


def manner_of(config: Any, tokenizer: Any) -> Manner:
    """How a model of that configuration reads texts."""
    text = getattr(config, "text_config", config)
    positions = getattr(text, "max_position_embeddings", None) or POSITIONS
    if any(one in getattr(text, "model_type", "") for one in ROBERTAS):
        positions -= 1 + (text.pad_token_id or 0)  # it counts them from behind its padding mark
    length = min(int(tokenizer.model_max_length), positions)
    family = config.model_type in SIGLIP
    return Manner(length=length, whole=family, lower=family)


def scale_of(model: Any) -> float:
    """The factor of cosines that a model was trained with."""
    if hasattr(model, "logit_scale"):
        return float(model.logit_scale.detach().float().exp())
    if hasattr(model, "temperature"):  # of ALIGN
        return float(1 / model.temperature.detach().float())
    return LOGIT_SCALE


def _check(source: Source, config: Any) -> None:
    """Refuse what is no dual encoder, as far as its configuration tells."""
    if source.trusted and "AutoModel" in (getattr(config, "auto_map", None) or {}):
        return  # its own code knows
    kind = MODEL_MAPPING.get(type(config), None)
    parts = ("get_image_features", "get_text_features")
    other = _role_of(config)
    if other or not all(hasattr(kind, part) for part in parts):
        raise ModelUnavailable(
            f"{source.place} ({config.model_type}) does not put images and texts into one space: "
            f"{_advice(config)}"
        )


def _advice(config: Any) -> str:
    role = _role_of(config)
    other = f"it may be for {role}; " if role else ""
    return f"{other}as encoder take a CLIP, a SigLIP or the like, see `mirada models`"


def _role_of(config: Any) -> str:
    """The role that the class of a checkpoint is named after; "" where none is."""
    kinds = getattr(config, "architectures", None) or ()
    return next((ROLES[mark] for kind in kinds for mark in ROLES if mark in kind), "")
