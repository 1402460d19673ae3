"""Tiny dual encoders of Hugging Face beside CLIP and SigLIP, made as those of `tests.tiny_hub`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests import tiny_hub as tiny  # first: it lets transformers be imported

import transformers as hub  # isort: skip

if TYPE_CHECKING:
    from pathlib import Path

DIM = 64
LENGTH = 32  # tokens a text


def tiny_align(folder: Path) -> Path:
    """An ALIGN, whose image tower is an EfficientNet."""
    vision = {"image_size": tiny.SIDE, "width_coefficient": 0.2, "depth_coefficient": 0.2}
    vision["initializer_range"] = 0.5  # by the usual one everything fades to nothing
    config = hub.AlignConfig(text_config=_text(), vision_config=vision, projection_dim=DIM)
    images = hub.EfficientNetImageProcessor(size=_square(), do_center_crop=False)
    return _write(folder, hub.AlignModel, config, hub.AlignProcessor(images, _bert()))


def tiny_alt_clip(folder: Path) -> Path:
    """An AltCLIP, whose text tower counts positions as RoBERTa does."""
    text = {**_text(), "project_dim": 32, "max_position_embeddings": LENGTH + 1}
    config = hub.AltCLIPConfig(text_config=text, vision_config=tiny.VISION, projection_dim=DIM)
    return _write(folder, hub.AltCLIPModel, config, hub.AltCLIPProcessor(_clip(), _bert()))


def tiny_chinese_clip(folder: Path) -> Path:
    """A Chinese CLIP, whose text tower is a BERT."""
    config = hub.ChineseCLIPConfig(
        text_config=_text(), vision_config=tiny.VISION, projection_dim=DIM
    )
    images = hub.ChineseCLIPImageProcessor(size=_square(), crop_size=_square())
    return _write(folder, hub.ChineseCLIPModel, config, hub.ChineseCLIPProcessor(images, _bert()))


def tiny_pair(folder: Path) -> Path:
    """A ViT and a BERT that were brought into one space."""
    vision = hub.ViTConfig(**tiny.VISION, **tiny.STILL)
    text = hub.BertConfig(**_text())
    kind = hub.VisionTextDualEncoderConfig
    config = kind.from_vision_text_configs(vision, text, projection_dim=DIM)
    images = hub.ViTImageProcessor(size=_square())
    processor = hub.VisionTextDualEncoderProcessor(images, _bert())
    return _write(folder, hub.VisionTextDualEncoderModel, config, processor)


MAKERS = {
    "align": tiny_align,
    "altclip": tiny_alt_clip,
    "chinese-clip": tiny_chinese_clip,
    "vision-text-dual-encoder": tiny_pair,
}


def _write(folder: Path, kind: Any, config: Any, processor: Any) -> Path:
    hub.set_seed(0)
    kind(config).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _text() -> dict[str, Any]:
    """The shape of a BERT."""
    words = len(_vocabulary())
    shape = {"vocab_size": words, "max_position_embeddings": LENGTH, "pad_token_id": 0}
    return {**tiny.SHAPE, **tiny.STILL, **shape}


def _vocabulary() -> list[str]:
    return ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *tiny.WORDS]


def _bert() -> Any:
    return hub.BertTokenizer(vocab={word: place for place, word in enumerate(_vocabulary())})


def _clip() -> Any:
    return hub.CLIPImageProcessor(size={"shortest_edge": tiny.SIDE}, crop_size=_square())


def _square() -> dict[str, int]:
    return {"height": tiny.SIDE, "width": tiny.SIDE}
