"""Tiny randomly initialised models that take pictures and words together, as `tiny_hub`."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import WordLevel
from transformers import (
    BertTokenizer,
    Blip2Config,
    Blip2ForImageTextRetrieval,
    Blip2Processor,
    BlipConfig,
    BlipForImageTextRetrieval,
    BlipImageProcessor,
    BlipProcessor,
    CLIPImageProcessor,
    Florence2Config,
    Florence2ForConditionalGeneration,
    Florence2Processor,
    InstructBlipConfig,
    InstructBlipForConditionalGeneration,
    InstructBlipProcessor,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen2VLImageProcessor,
    Qwen2VLProcessor,
    Qwen2VLVideoProcessor,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
)

from tests.tiny_hub import (
    QUERIES,
    SHAPE,
    SIDE,
    SPREAD,
    STILL,
    VISION,
    WORDS,
    _write,
    marks_of,
    opt_config,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from _pytest.mark.structures import ParameterSet

SAID = ("yes", "no", "Yes", "No", "un", "balón", "rojo", "does", "describe", "image", "show")
CONTEXT = 1024  # tokens: questions come as unknown words, but every word counts
PATCH = 8  # pixels
IMAGE = "<image>"  # stands for a picture, or for each of its patches

LLAVA_TEMPLATE = (
    "{% for message in messages %}USER: {% for one in message['content'] %}"
    "{% if one['type'] == 'image' %}<image>\n{% else %}{{ one['text'] }}{% endif %}{% endfor %}"
    "{% endfor %}{% if add_generation_prompt %} ASSISTANT:{% endif %}"
)
QWEN_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% for one in message['content'] %}{% if one['type'] == 'image' %}"
    "<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ one['text'] }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tiny_blip_itm(folder: Path) -> Path:
    """A BLIP that tells whether an image shows a text."""
    tokenizer = _pieces()
    text = {
        **SHAPE,
        **STILL,
        "vocab_size": len(tokenizer),
        "max_position_embeddings": 64,
        "projection_dim": 32,
        "encoder_hidden_size": 32,
    }
    config = BlipConfig(text_config=text, vision_config=VISION, image_text_hidden_size=16)
    processor = BlipProcessor(_blip_images(), tokenizer)
    return _write(folder, lambda: BlipForImageTextRetrieval(config), processor)


def tiny_blip2_itm(folder: Path) -> Path:
    """A BLIP-2 that tells whether an image shows a text."""
    processor = Blip2Processor(_blip_images(), _pieces(), num_query_tokens=QUERIES)
    tokenizer = processor.tokenizer
    config = Blip2Config(
        vision_config=VISION,
        qformer_config={
            **_queries(len(tokenizer)),
            "use_qformer_text_input": True,
            "max_position_embeddings": 64,
        },
        text_config=opt_config(tokenizer).to_dict(),
        num_query_tokens=QUERIES,
        image_text_hidden_size=16,
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE),
        initializer_range=SPREAD,
    )
    return _write(folder, lambda: Blip2ForImageTextRetrieval(config), processor)


def tiny_instruct_blip(folder: Path) -> Path:
    """An InstructBLIP that does as it is told with OPT."""
    processor = InstructBlipProcessor(
        _blip_images(), _spoken(), _pieces(), num_query_tokens=QUERIES
    )
    tokenizer = processor.tokenizer
    config = InstructBlipConfig(
        vision_config=VISION,
        qformer_config=_queries(len(processor.qformer_tokenizer)),
        text_config=opt_config(tokenizer).to_dict(),
        num_query_tokens=QUERIES,
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE),
        initializer_range=SPREAD,
    )
    return _write(folder, lambda: InstructBlipForConditionalGeneration(config), processor)


def tiny_florence2(folder: Path) -> Path:
    """A Florence-2 of one stage more than is tiny: its first two halve the picture."""
    tokenizer = _spoken(IMAGE, ends=True)
    images = CLIPImageProcessor(
        size={"height": SIDE, "width": SIDE}, do_center_crop=False, image_seq_length=5
    )
    images.image_seq_length = 5  # 4 patches and their mean
    text = {
        "model_type": "bart",
        "vocab_size": len(tokenizer),
        "d_model": 32,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 48,
        "decoder_ffn_dim": 48,
        "dropout": 0.0,
        "max_position_embeddings": 128,
        "init_std": SPREAD,
        **marks_of(tokenizer),
        "decoder_start_token_id": tokenizer.eos_token_id,
        "forced_bos_token_id": None,
        "forced_eos_token_id": tokenizer.eos_token_id,
    }
    vision = {
        "depths": (1, 1),
        "patch_size": (7, 3),
        "patch_stride": (4, 4),
        "patch_padding": (3, 1),
        "patch_prenorm": (False, True),
        "embed_dim": (16, 32),
        "num_heads": (2, 2),
        "num_groups": (2, 2),
        "window_size": 4,
        "drop_path_rate": 0.0,
        "projection_dim": 32,
        "initializer_range": SPREAD,
    }
    config = Florence2Config(
        text_config=text,
        vision_config=vision,
        image_token_id=tokenizer.image_token_id,
        initializer_range=SPREAD,
    )
    processor = Florence2Processor(images, tokenizer)
    return _write(folder, lambda: Florence2ForConditionalGeneration(config), processor)


def tiny_llava(folder: Path) -> Path:
    """A LLaVA of CLIP's eye and a Llama."""
    tokenizer = _spoken(IMAGE)
    images = CLIPImageProcessor(
        size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}
    )
    processor = LlavaProcessor(
        images,
        tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        chat_template=LLAVA_TEMPLATE,
        num_additional_image_tokens=1,
    )
    config = LlavaConfig(
        vision_config={"model_type": "clip_vision_model", **VISION, "projection_dim": 32},
        text_config={"model_type": "llama", **_decoder(tokenizer)},
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE),
        image_seq_length=(SIDE // PATCH) ** 2,
        vision_feature_layer=-1,
    )
    return _write(folder, lambda: LlavaForConditionalGeneration(config), processor)


def tiny_qwen2_vl(folder: Path) -> Path:
    """A Qwen2-VL, whose pictures have as many tokens as they are large."""
    tokenizer = _spoken(*_QWEN_MARKS)
    vision = {
        "depth": 2,
        "embed_dim": 32,
        "hidden_size": 32,
        "num_heads": 2,
        "mlp_ratio": 2,
        "patch_size": PATCH,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "initializer_range": SPREAD,
    }
    config = Qwen2VLConfig(
        vision_config=vision, text_config=_turning(tokenizer), **_qwen_tokens(tokenizer)
    )
    processor = Qwen2VLProcessor(
        Qwen2VLImageProcessor(**_qwen_pixels()),
        tokenizer,
        Qwen2VLVideoProcessor(**_qwen_pixels()),
        chat_template=QWEN_TEMPLATE,
    )
    return _write(folder, lambda: Qwen2VLForConditionalGeneration(config), processor)


def tiny_qwen3_vl(folder: Path) -> Path:
    """A Qwen3-VL, which also puts what its eye saw first into its first layers."""
    tokenizer = _spoken(*_QWEN_MARKS)
    vision = {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_heads": 2,
        "patch_size": PATCH,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "out_hidden_size": 32,
        "num_position_embeddings": 16,
        "deepstack_visual_indexes": (0,),
        "initializer_range": SPREAD,
    }
    config = Qwen3VLConfig(
        vision_config=vision,
        text_config={**_turning(tokenizer), "head_dim": 16},
        **_qwen_tokens(tokenizer),
    )
    processor = Qwen3VLProcessor(
        Qwen2VLImageProcessor(**_qwen_pixels()),
        tokenizer,
        Qwen3VLVideoProcessor(**_qwen_pixels()),
        chat_template=QWEN_TEMPLATE,
    )
    return _write(folder, lambda: Qwen3VLForConditionalGeneration(config), processor)


VIDEO = ("qwen2-vl", "qwen3-vl")
"""Families whose processors know videos too, for which they need torchvision."""

CAPTIONERS = {
    "instructblip": tiny_instruct_blip,
    "florence2": tiny_florence2,
    "llava": tiny_llava,
    "qwen2-vl": tiny_qwen2_vl,
    "qwen3-vl": tiny_qwen3_vl,
}
RERANKERS = {
    "blip": tiny_blip_itm,
    "blip-2": tiny_blip2_itm,
    "llava": tiny_llava,
    "qwen2-vl": tiny_qwen2_vl,
    "qwen3-vl": tiny_qwen3_vl,
}

_QWEN_MARKS = (
    *("<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>"),
    *("<|image_pad|>", "<|video_pad|>"),
)


def params_of(families: Iterable[str]) -> list[ParameterSet]:
    """What a test is parametrised with to run for families, as far as their libraries are here."""
    lacking = pytest.mark.skipif(not find_spec("torchvision"), reason="needs torchvision")
    return [pytest.param(one, marks=[lacking] if one in VIDEO else []) for one in families]


def _pieces() -> BertTokenizer:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    return BertTokenizer(vocab={word: number for number, word in enumerate(words)})


def _blip_images() -> BlipImageProcessor:
    return BlipImageProcessor(size={"height": SIDE, "width": SIDE})


def _queries(words: int) -> dict[str, Any]:
    return {**SHAPE, **STILL, "vocab_size": words, "cross_attention_frequency": 1}


def _spoken(*marks: str, ends: bool = False) -> PreTrainedTokenizerFast:
    """Whole words in both cases, with the mark of the beginning before them, and some of its own.

    Args:
        marks: that no text is made of.
        ends: whether a mark stands behind texts, as in BART.
    """
    words = ("<pad>", "<s>", "</s>", "<unk>", *WORDS, *SAID)
    made = Tokenizer(WordLevel({one: place for place, one in enumerate(words)}, unk_token="<unk>"))
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.decoder = decoders.WordPiece(prefix="##", cleanup=False)
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>" if ends else "<s> $A", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    names = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    own = {"image_token": IMAGE} if IMAGE in marks else {}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made, model_max_length=CONTEXT, extra_special_tokens=own, **names
    )
    tokenizer.add_tokens([AddedToken(mark, special=True) for mark in marks], special_tokens=True)
    return tokenizer


def _decoder(tokenizer: Any) -> dict[str, Any]:
    return {
        **SHAPE,
        **marks_of(tokenizer),
        "num_key_value_heads": 2,
        "vocab_size": len(tokenizer),
        "max_position_embeddings": CONTEXT,
    }


def _turning(tokenizer: Any) -> dict[str, Any]:
    """A decoder whose positions have three axes."""
    turns = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 2, 2]}
    return {**_decoder(tokenizer), "rope_parameters": turns}


def _qwen_tokens(tokenizer: Any) -> dict[str, int]:
    names = {
        "image_token_id": "<|image_pad|>",
        "video_token_id": "<|video_pad|>",
        "vision_start_token_id": "<|vision_start|>",
        "vision_end_token_id": "<|vision_end|>",
    }
    return {name: tokenizer.convert_tokens_to_ids(mark) for name, mark in names.items()}


def _qwen_pixels() -> dict[str, Any]:
    """From 4 to 64 tokens a picture."""
    side = 2 * PATCH
    size = {"shortest_edge": 4 * side**2, "longest_edge": 64 * side**2}
    return {"patch_size": PATCH, "temporal_patch_size": 2, "merge_size": 2, "size": size}
