"""Tiny randomly initialised segmenters and detectors, in the format of Hugging Face's hub.

Their weights are such that something is found: a model that foretells an IoU of .1 or a box with a
probability of .01 would have all its answers thrown away.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch
from transformers import (
    BertTokenizer,
    CLIPTokenizer,
    GroundingDinoConfig,
    GroundingDinoForObjectDetection,
    GroundingDinoImageProcessor,
    GroundingDinoProcessor,
    MMGroundingDinoConfig,
    MMGroundingDinoForObjectDetection,
    Owlv2Config,
    Owlv2ForObjectDetection,
    Owlv2ImageProcessor,
    Owlv2Processor,
    OwlViTConfig,
    OwlViTForObjectDetection,
    OwlViTImageProcessor,
    OwlViTProcessor,
    Sam2Config,
    Sam2Model,
    SamConfig,
    SamHQConfig,
    SamHQModel,
    SamHQProcessor,
    SamImageProcessor,
    SamModel,
    SamProcessor,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EDGE = 150.0  # standard deviation of the logits of a mask
RARE = 2.5  # standard deviations above the mean from which a cell is in it
SIDE = 64  # pixels of the square that a segmenter looks at
WIDE = 32  # channels
PROMPTS = {"hidden_size": WIDE, "image_size": SIDE, "patch_size": 8, "mask_input_channels": 4}
DECODER = {
    "hidden_size": WIDE,
    "mlp_dim": 48,
    "num_attention_heads": 2,
    "iou_head_hidden_dim": WIDE,
}
SAM_VISION = {
    "hidden_size": WIDE,
    "output_channels": WIDE,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": SIDE,
    "patch_size": 8,
    "initializer_range": 0.1,
    "window_size": 4,
    "global_attn_indexes": [1],
    "num_pos_feats": WIDE // 2,
}


def tiny_sam(folder: Path) -> Path:
    """A SAM of 64 pixels, whose images keep their aspect and are padded."""
    config = SamConfig(
        vision_config=SAM_VISION, prompt_encoder_config=PROMPTS, mask_decoder_config=DECODER
    )
    return _write(folder, lambda: _sure(SamModel(config)), SamProcessor(_padding()))


def tiny_sam_hq(folder: Path) -> Path:
    """The same with the finer masks of SAM-HQ."""
    config = SamHQConfig(
        vision_config=SAM_VISION,
        prompt_encoder_config=PROMPTS,
        mask_decoder_config={**DECODER, "vit_dim": WIDE},
    )
    return _write(folder, lambda: _sure(SamHQModel(config)), SamHQProcessor(_padding()))


def tiny_sam2(folder: Path) -> Path:
    """A SAM 2 of 64 pixels, whose images are squeezed into the square."""
    backbone = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": 8,
        "image_size": [SIDE, SIDE],
        "window_positional_embedding_background_size": [2, 2],
        "blocks_per_stage": [1, 1, 2, 1],
        "embed_dim_per_stage": [8, 16, 32, 64],
        "num_attention_heads_per_stage": [1, 1, 2, 2],
        "window_size_per_stage": [8, 4, 4, 4],
        "global_attention_blocks": [3],
        "initializer_range": 0.2,
    }
    vision = {
        "model_type": "sam2_vision_model",
        "backbone_config": backbone,
        "backbone_channel_list": [64, 32, 16, 8],
        "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
        "fpn_hidden_size": WIDE,
    }
    config = Sam2Config(
        vision_config=vision,
        prompt_encoder_config={**PROMPTS, "patch_size": 16},
        mask_decoder_config=DECODER,
        initializer_range=0.1,
    )
    return _write(folder, lambda: _sure(Sam2Model(config)), _Squeezing())


SEGMENTERS = {"sam": tiny_sam, "sam-hq": tiny_sam_hq, "sam-2": tiny_sam2}


class _Squeezing:
    """Writes what the hub holds of a Sam2ImageProcessor, which needs torchvision to be made."""

    def save_pretrained(self, folder: Path) -> None:
        told = {
            "image_processor_type": "Sam2ImageProcessorFast",
            "processor_class": "Sam2Processor",
            "size": {"height": SIDE, "width": SIDE},
            "image_mean": [0.485, 0.456, 0.406],
            "image_std": [0.229, 0.224, 0.225],
            "resample": 2,
            "rescale_factor": 1 / 255,
        }
        (folder / "preprocessor_config.json").write_text(json.dumps(told), "utf-8")


def _padding() -> SamImageProcessor:
    return SamImageProcessor(size={"longest_edge": SIDE}, pad_size={"height": SIDE, "width": SIDE})


def _sure(model: Any) -> Any:
    """Masks of what stands out, with clear edges, and foretold to be right.

    A mask is a mixture of the channels of the image: of each its mean is taken away, so that some
    cells are in the mask and others are not.
    """
    decoder = model.mask_decoder
    mixers = [*decoder.output_hypernetworks_mlps, *_finer(decoder)]
    with torch.no_grad():
        weights = [one.proj_out.weight.clone() for one in mixers]
        decoder.upscale_conv2.weight[:, 0], decoder.upscale_conv2.bias[0] = 0.0, 5.0  # the same
        if hasattr(decoder, "conv_s0"):
            decoder.conv_s0.weight[0], decoder.conv_s0.bias[0] = 0.0, 0.0
        shown = [_shown(model, mixers, place) for place in range(1, len(weights[0]))]
        means = torch.stack([one.mean() for one in shown]) / 5
        spreads = torch.stack([one.std() for one in shown])
        for one, weight in zip(mixers, weights, strict=True):
            one.proj_out.weight[1:] = weight[1:] / spreads[:, None]
            one.proj_out.weight[0] = -means @ one.proj_out.weight[1:]
            one.proj_out.bias.zero_()
        by_point = EDGE / _shown(model, mixers).std()
        for one in mixers:
            one.proj_out.weight.mul_(by_point)
            one.proj_out.bias[1:] = EDGE * torch.randn(len(spreads)) / spreads
            one.proj_out.bias[0] = -means @ one.proj_out.bias[1:] - RARE * EDGE / 5
        head = decoder.iou_prediction_head.proj_out
        head.weight.mul_(0.02)
        head.bias.fill_(3.0 if decoder.iou_prediction_head.sigmoid_output else 0.95)
    return model


def _shown(model: Any, mixers: list[Any], channel: int | None = None) -> torch.Tensor:
    """The masks of some blobs, or what one channel shows of them."""
    if channel is not None:
        for one in mixers:
            one.proj_out.weight.zero_()
            one.proj_out.bias.zero_()
            one.proj_out.bias[channel] = 1.0
    torch.manual_seed(1)
    blobs = torch.nn.functional.interpolate(torch.randn(1, 3, 6, 6), (SIDE, SIDE), mode="bilinear")
    points = SIDE * torch.rand(1, 8, 1, 2)
    masks: torch.Tensor = model.eval()(pixel_values=blobs, input_points=points).pred_masks
    return masks


def _finer(decoder: Any) -> list[Any]:
    return [decoder.hq_mask_mlp] if hasattr(decoder, "hq_mask_mlp") else []


LENGTH = 32  # tokens a text
SHAPE = {
    "hidden_size": WIDE,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "initializer_range": 0.3,
}
OWL_VISION = {**SHAPE, "image_size": SIDE, "patch_size": 16}
SWIN = {
    "model_type": "swin",
    "image_size": SIDE,
    "embed_dim": 8,
    "depths": [1, 1, 1, 1],
    "num_heads": [1, 1, 2, 2],
    "window_size": 2,
    "out_indices": [2, 3, 4],
    "initializer_range": 0.3,
}
BERT = {**SHAPE, "model_type": "bert", "max_position_embeddings": 64}
STILL = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
DINO = {
    "d_model": 2 * WIDE,  # at least two channels of a group of 32
    "encoder_layers": 1,
    "decoder_layers": 2,
    "encoder_ffn_dim": 48,
    "decoder_ffn_dim": 48,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "num_queries": 12,
    "max_text_len": 64,
    "dropout": 0.0,
    "fusion_droppath": 0.0,
    "init_std": 0.3,
}


def tiny_owlv2(folder: Path) -> Path:
    """An OWLv2 of 64 pixels, whose images are padded at the bottom or the right."""
    tokenizer = _letters()
    config = Owlv2Config(
        text_config=_read(tokenizer), vision_config=OWL_VISION, projection_dim=WIDE
    )
    images = Owlv2ImageProcessor(size={"height": SIDE, "width": SIDE})
    made = Owlv2Processor(images, tokenizer)
    return _write(folder, lambda: _spread(Owlv2ForObjectDetection(config)), made)


def tiny_owlvit(folder: Path) -> Path:
    """An OWL-ViT of 64 pixels, whose images are squeezed into the square."""
    tokenizer = _letters()
    config = OwlViTConfig(
        text_config=_read(tokenizer), vision_config=OWL_VISION, projection_dim=WIDE
    )
    images = OwlViTImageProcessor(size={"height": SIDE, "width": SIDE})
    made = OwlViTProcessor(images, tokenizer)
    return _write(folder, lambda: _spread(OwlViTForObjectDetection(config)), made)


def tiny_grounding_dino(folder: Path) -> Path:
    """A Grounding DINO whose images have from 48 to 64 pixels a side."""
    return _dino(folder, GroundingDinoConfig, GroundingDinoForObjectDetection)


def tiny_mm_grounding_dino(folder: Path) -> Path:
    """The same as taught anew by OpenMMLab."""
    return _dino(folder, MMGroundingDinoConfig, MMGroundingDinoForObjectDetection)


DETECTORS = {
    "owlv2": tiny_owlv2,
    "owlvit": tiny_owlvit,
    "grounding-dino": tiny_grounding_dino,
    "mm-grounding-dino": tiny_mm_grounding_dino,
}


def _dino(folder: Path, configured: Any, made: Any) -> Path:
    words = [f"[unused{number}]" for number in range(1030)]  # the special ones are where BERT's are
    named = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]", 1012: "."}
    for place, word in {**named, 1029: "?", 5: "dog", 6: "red", 7: "ball", 8: "cat"}.items():
        words[place] = word
    tokenizer = BertTokenizer(vocab={word: place for place, word in enumerate(words)})
    config = configured(
        backbone_config=SWIN,
        text_config={**BERT, **STILL, "vocab_size": len(words), "pad_token_id": 0},
        **DINO,
    )
    images = GroundingDinoImageProcessor(size={"shortest_edge": 48, "longest_edge": SIDE})
    return _write(folder, lambda: _spread(made(config)), GroundingDinoProcessor(images, tokenizer))


def _letters() -> CLIPTokenizer:
    """Words are read letter by letter."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = [*letters, *(f"{one}</w>" for one in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {piece: place for place, piece in enumerate(pieces)}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=LENGTH)


def _read(tokenizer: CLIPTokenizer) -> dict[str, Any]:
    return {
        **SHAPE,
        "vocab_size": len(tokenizer),
        "max_position_embeddings": LENGTH,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }


def _spread(model: Any) -> Any:
    """Boxes of many sizes, whose scores hang on what is asked."""
    with torch.no_grad():
        for name, one in model.named_parameters():
            if one.ndim > 1 and ("box" in name or "class" in name):
                one.copy_(torch.randn_like(one) * 0.4)
            elif "class_embed" in name and name.endswith("bias"):
                one.zero_()
    return model


def _write(folder: Path, make: Callable[[], Any], processor: Any) -> Path:
    torch.manual_seed(0)
    make().save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
