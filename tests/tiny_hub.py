"""Tiny randomly initialised models of Hugging Face with tokenizers, in the format of its hub.

Their weights are spread wider than is usual, so that what they say depends on what they see.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordLevel
from transformers import (
    BertTokenizer,
    Blip2Config,
    Blip2ForConditionalGeneration,
    Blip2Processor,
    BlipConfig,
    BlipForConditionalGeneration,
    BlipImageProcessor,
    BlipProcessor,
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPProcessor,
    CLIPTokenizer,
    GPT2Tokenizer,
    OPTConfig,
    PreTrainedTokenizerFast,
    Siglip2Config,
    Siglip2ImageProcessor,
    Siglip2Model,
    Siglip2Processor,
    Siglip2Tokenizer,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
    SiglipProcessor,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

SIDE = 32  # pixels a side
SPREAD = 0.2  # standard deviation of the weights
LENGTH = 16  # tokens a text
QUERIES = 4  # of BLIP-2's Q-Former
WORDS = ("a", "red", "green", "blue", "white", "ball", "box", "bar", "at", "the", "top", "bottom")
SHAPE = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "initializer_range": SPREAD,
}
VISION = {**SHAPE, "image_size": SIDE, "patch_size": 8}
STILL = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


def tiny_clip(folder: Path) -> Path:
    """A CLIP of 32 dimensions."""
    vocabulary, merges = _byte_pairs(WORDS, end="</w>")
    for mark in ("<|startoftext|>", "<|endoftext|>"):
        vocabulary[mark] = len(vocabulary)
    tokenizer = CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=LENGTH)
    images = CLIPImageProcessor(
        size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}
    )
    text = {
        **SHAPE,
        **marks_of(tokenizer),
        "vocab_size": len(tokenizer),
        "max_position_embeddings": LENGTH,
    }
    config = CLIPConfig(text_config=text, vision_config=VISION, projection_dim=32)
    return _write(folder, lambda: CLIPModel(config), CLIPProcessor(images, tokenizer))


def tiny_siglip(folder: Path) -> Path:
    """A SigLIP of 32 dimensions, at the scale and bias at which its training begins."""
    return _siglip(folder, _words(("<pad>", "<eos>", "<bos>", "<unk>", *WORDS)))


def tiny_siglip2(folder: Path) -> Path:
    """A SigLIP 2 of one size: a SigLIP by its configuration, whose tokenizer keeps capitals."""
    return _siglip(folder, _words(("<pad>", "<eos>", "<bos>", "<unk>", *WORDS), lower=False))


def tiny_siglip2_naflex(folder: Path) -> Path:
    """A SigLIP 2 that keeps the shape of pictures, in at most 16 patches."""
    marks = ("<pad>", "<eos>", "<bos>", "<unk>", "<mask>")
    vocabulary, merges = _byte_pairs([*WORDS, "▁"], end="")
    numbered = _numbered([*marks, *vocabulary])
    tokenizer = Siglip2Tokenizer(vocab=numbered, merges=merges, model_max_length=LENGTH)
    images = Siglip2ImageProcessor(patch_size=8, max_num_patches=16)
    vision = {**SHAPE, "patch_size": 8, "num_patches": 16}
    config = Siglip2Config(text_config=_text(tokenizer), vision_config=vision)
    return _write(folder, lambda: _begun(Siglip2Model(config)), Siglip2Processor(images, tokenizer))


def _siglip(folder: Path, tokenizer: Any) -> Path:
    images = SiglipImageProcessor(size={"height": SIDE, "width": SIDE})
    config = SiglipConfig(text_config=_text(tokenizer), vision_config=VISION)
    return _write(folder, lambda: _begun(SiglipModel(config)), SiglipProcessor(images, tokenizer))


def _text(tokenizer: Any) -> dict[str, Any]:
    """The shape of a text tower of SigLIP."""
    return {
        **SHAPE,
        **marks_of(tokenizer),
        "vocab_size": len(tokenizer),
        "max_position_embeddings": LENGTH,
        "projection_size": 32,
    }


def _begun(model: Any) -> Any:
    """A SigLIP at the scale and bias at which its training begins."""
    with torch.no_grad():
        model.logit_scale.fill_(math.log(10))
        model.logit_bias.fill_(-10)
    return model


def tiny_blip(folder: Path) -> Path:
    """A BLIP that writes captions."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]", *WORDS]
    tokenizer = BertTokenizer(vocab=_numbered(words))
    images = BlipImageProcessor(size={"height": SIDE, "width": SIDE})
    text = {
        **SHAPE,
        **STILL,
        "vocab_size": len(words),
        "max_position_embeddings": 2 * LENGTH,
        "projection_dim": 32,
        "pad_token_id": 0,
        "bos_token_id": words.index("[DEC]"),
        "eos_token_id": words.index("[CLS]"),
        "sep_token_id": words.index("[SEP]"),
    }
    config = BlipConfig(text_config=text, vision_config=VISION)
    return _write(
        folder, lambda: BlipForConditionalGeneration(config), BlipProcessor(images, tokenizer)
    )


def tiny_blip2(folder: Path) -> Path:
    """A BLIP-2 that writes captions with OPT."""
    vocabulary, merges = _byte_pairs([*WORDS, *(f"Ġ{word}" for word in WORDS)], end="")
    for mark in ("<pad>", "</s>", "<unk>"):
        vocabulary[mark] = len(vocabulary)
    tokenizer = GPT2Tokenizer(
        vocab=vocabulary,
        merges=merges,
        unk_token="<unk>",
        bos_token="</s>",
        eos_token="</s>",
        pad_token="<pad>",
    )
    images = BlipImageProcessor(size={"height": SIDE, "width": SIDE})
    processor = Blip2Processor(images, tokenizer, num_query_tokens=QUERIES)
    text = opt_config(tokenizer)
    config = Blip2Config(
        vision_config=VISION,
        qformer_config={**SHAPE, **STILL, "vocab_size": 8, "cross_attention_frequency": 1},
        text_config=text.to_dict(),
        num_query_tokens=QUERIES,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        initializer_range=SPREAD,
    )
    return _write(folder, lambda: Blip2ForConditionalGeneration(config), processor)


MAKERS = {
    "clip": tiny_clip,
    "siglip": tiny_siglip,
    "siglip2": tiny_siglip2,
    "siglip2-naflex": tiny_siglip2_naflex,
    "blip": tiny_blip,
    "blip-2": tiny_blip2,
}


def made_once(
    makers: Mapping[str, Callable[[Path], Path]], folder: Path, *, prefix: str = ""
) -> Callable[[str], Path]:
    """Gives the folder of a tiny checkpoint by its kind, made when it is first asked for."""

    @cache
    def make(kind: str) -> Path:
        return makers[kind](folder / f"{prefix}{kind}")

    return make


def opt_config(tokenizer: Any) -> OPTConfig:
    """A tiny OPT, the language model of BLIP-2."""
    return OPTConfig(
        **marks_of(tokenizer),
        vocab_size=len(tokenizer),
        hidden_size=32,
        word_embed_proj_dim=32,
        ffn_dim=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=4 * LENGTH,
        dropout=0.0,
        init_std=SPREAD,
    )


def _write(folder: Path, make: Callable[[], Any], processor: Any) -> Path:
    torch.manual_seed(0)
    make().save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def marks_of(tokenizer: Any) -> dict[str, int]:
    """The ids of a tokenizer's marks, as configurations name them."""
    return {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }


def _numbered(words: Sequence[str]) -> dict[str, int]:
    return {word: number for number, word in enumerate(words)}


def _words(words: Sequence[str], *, lower: bool = True) -> PreTrainedTokenizerFast:
    """Whole words, with the mark of the end behind them as in SigLIP."""
    made = Tokenizer(WordLevel(_numbered(words), unk_token="<unk>"))
    if lower:
        made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="$A <eos>", special_tokens=[("<eos>", words.index("<eos>"))]
    )
    marks = {f"{name}_token": f"<{name}>" for name in ("pad", "eos", "bos", "unk")}
    return PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=LENGTH, **marks)


def _byte_pairs(words: Sequence[str], *, end: str) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges that put each of the words together from its letters."""
    letters = sorted({letter for word in words for letter in word})
    pieces = [*letters, *(letter + end for letter in letters if end)]
    merges: list[tuple[str, str]] = []
    for word in words:
        grown, *others = [*word[:-1], word[-1] + end]
        for letter in others:
            merges.append((grown, letter))
            grown += letter
            pieces.append(grown)
    return _numbered(list(dict.fromkeys(pieces))), list(dict.fromkeys(merges))
