"""What a training run of the embedded model is made of: shapes, stages and their settings.

The defaults are the shipped recipe. No torch here: the command line shows them without it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from hashlib import sha256
from json import dumps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


SHAPE = "shape"  # of a model's manifest: what `Recipe.shape` gives


@dataclass(frozen=True, slots=True)
class Blocks:
    """A run of inverted bottleneck blocks; only the first of them strides."""

    repeats: int
    kernel: int
    stride: int
    expand: int
    channels: int


@dataclass(frozen=True, slots=True)
class VisionConfig:
    """The shape of a backbone."""

    image_size: int  # pixels a side in training
    stem: int  # channels
    stages: tuple[Blocks, ...]
    head: int  # channels of the last feature map

    def layout(self) -> Iterator[tuple[int, Blocks, int, int]]:
        """(input channels, stage, stride, input side) of each block."""
        channels, side = self.stem, -(-self.image_size // 2)
        for stage in self.stages:
            for repeat in range(stage.repeats):
                stride = stage.stride if repeat == 0 else 1
                yield channels, stage, stride, side
                channels, side = stage.channels, -(-side // stride)

    @property
    def seen_size(self) -> int:
        """Pixels a side at which the finished model looks: the first from 4/3 of `image_size` on.

        It must halve to even and odd sides just as `image_size` does, because the paddings of
        the exported graph are those of `image_size`.
        """
        size = -(-self.image_size * 4 // 3)
        while self._parities(size) != self._parities(self.image_size):
            size += 1
        return size

    def _parities(self, side: int) -> list[bool]:
        found = []
        for stride in (2, *(stage.stride for stage in self.stages)):
            if stride > 1:
                found.append(side % stride == 0)
                side = -(-side // stride)
        return found

    def at(self, block: int) -> tuple[int, int]:
        """(channels, side) of the map that enters a block, or that leaves the last one."""
        layout = list(self.layout())
        if block < len(layout):
            return layout[block][0], layout[block][3]
        _, stage, stride, side = layout[-1]
        return stage.channels, -(-side // stride)


LITE2 = VisionConfig(
    image_size=260,
    stem=32,
    stages=(
        Blocks(1, 3, 1, 1, 16),
        Blocks(3, 3, 2, 6, 24),
        Blocks(3, 5, 2, 6, 48),
        Blocks(4, 3, 2, 6, 88),
        Blocks(4, 5, 1, 6, 120),
        Blocks(5, 5, 2, 6, 208),
        Blocks(1, 3, 1, 6, 352),
    ),
    head=1280,
)
"""EfficientNet-Lite2."""


@dataclass(frozen=True, slots=True)
class TextConfig:
    """The shape of a text tower."""

    rank: int | None = 192  # width of the stored embedding; None: not factorised
    width: int = 384
    layers: int = 4
    heads: int = 12
    inner: int = 1536
    length: int = 48  # word pieces a text, with the two marks; the rest is cut


MINILM = TextConfig(rank=None, layers=6, length=512)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """How many word pieces the text tower knows."""

    frequent: int = 9000  # of the teacher's pieces, by its own order, besides those in captions
    learnt: int = 6000  # learnt from the captions of other languages (of all, from scratch)


@dataclass(frozen=True, slots=True)
class Schedule:
    """One stage of training: AdamW, one cycle, weights averaged. Rates are the peaks."""

    epochs: int
    batch: int
    rate: float = 0.0  # of the heads
    table_rate: float = 0.0  # of the word table
    layer_rate: float = 0.0  # of the layers of the text tower
    tail_rate: float = 0.0  # of the last blocks of the backbone
    warmup: float = 0.12  # share of the steps
    averaging: float = 0.98  # decay of the running mean of the weights


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the weights, besides the images and captions."""

    seed: int = 0
    pretrained: bool = True  # start from ImageNet and MiniLM weights; else from random ones
    languages: tuple[str, ...] = ("en", "es")
    vision: VisionConfig = LITE2
    cut: int = 16  # blocks before this one stay as they are; the maps that enter it are cached
    views: tuple[str, ...] = ("full", "flip", "crop1", "crop2")
    text: TextConfig = field(default_factory=TextConfig)
    teacher_layers: tuple[int, ...] = (0, 3, 4, 5)  # where the layers of the text tower start
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    dim: int = 384
    image_hidden: int = 1024
    text_hidden: int = 512
    image_dropout: tuple[float, float] = (0.5, 0.3)  # before the head, inside it
    text_dropout: tuple[float, float] = (0.2, 0.2)
    tower_dropout: float = 0.1  # of the text tower, after the distillation
    smoothing: float = 0.05  # of the labels
    full_view: float = 0.3  # chance that the whole image is shown, not another view
    foreign: float = 0.4  # chance that a caption is shown in another language than English
    rich_repeats: int = 2  # showings a round of images with several captions
    distil_texts: int | None = 62_000  # drawn for an epoch of the first stage; None: all
    memory: float = 2.0  # weight of staying near the teacher's sentence vectors
    head_decay: float = 0.05  # weight decay of the heads
    tower_decay: float = 0.01  # of the towers
    distil: Schedule = Schedule(1, 256, table_rate=2e-3, layer_rate=3e-4, warmup=0.1)
    heads: Schedule = Schedule(8, 1024, 1.5e-3, table_rate=4e-4, layer_rate=2e-4)
    tail: Schedule = Schedule(8, 512, 4e-4, tail_rate=2e-4, averaging=0.99)
    joint: Schedule = Schedule(  # no epochs: two gained nothing over the tail (model card)
        0, 512, 2e-4, table_rate=1e-4, layer_rate=5e-5, tail_rate=1e-4, averaging=0.98
    )

    settle: Schedule = Schedule(30, 512, 8e-4, averaging=0.995)
    kin: float = 0.3  # share of a label that goes to captions which say nearly the same
    kin_temperature: float = 0.15  # of the softmax of their cosines

    def shape(self) -> dict[str, Any]:
        """What of it decides the shapes of the weights."""
        return {
            "vision": asdict(self.vision),
            "text": asdict(self.text),
            "dim": self.dim,
            "image_hidden": self.image_hidden,
            "text_hidden": self.text_hidden,
        }

    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change with any setting."""
        return sha256(dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]
