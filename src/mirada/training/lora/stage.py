"""What the training of adapters has in common for encoders and captioners."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mirada.training.loop import Group, Stage
from mirada.training.lora.data import ImageReader, Pair, draw_epoch, watched_pairs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torch import Tensor

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.training.lora.models import Base
    from mirada.training.lora.recipe import LoraRecipe


@dataclass(frozen=True, slots=True)
class Adapted:
    """A model with adapters, where it is to be computed."""

    base: Base
    model: Any  # peft's class
    device: torch.device
    threads: int  # that decode images


class LoraStage(Stage):
    """Learns from some images and is watched on others."""

    name = "lora"

    def __init__(
        self,
        recipe: LoraRecipe,
        adapted: Adapted,
        images: Sequence[CaptionedImage],
        held_out: Sequence[CaptionedImage],
    ):
        self.recipe, self.schedule, self.patience = recipe, recipe.schedule, recipe.patience
        self.base, self.device = adapted.base, adapted.device
        self.model = adapted.model.to(adapted.device)
        self.images, self.held_out = images, held_out
        self.config = adapted.base.model.config
        self.reader = ImageReader(adapted.base.processor, self.config, adapted.threads)
        self._epoch = (0, self._draw(0))
        self.epoch_steps = max(1, len(self._epoch[1]) // self.schedule.batch)
        moving = tuple(weight for weight in self.model.parameters() if weight.requires_grad)
        self.groups = [Group(moving, self.schedule.rate, recipe.decay, clipped=True)]

    @abstractmethod
    def watch(self, pairs: Sequence[Pair]) -> dict[str, Any]:
        """Figures on the images held out."""

    def evaluate(self) -> dict[str, Any]:
        """As `Stage.evaluate`: one caption an image."""
        return self.watch(watched_pairs(self.held_out))

    def train(self, mode: bool) -> None:
        """As `Stage.train`."""
        self.model.train(mode)

    def drawn(self, step: int) -> list[Pair]:
        """The pairs of a step; those left over at the end of an epoch are not shown in it."""
        epoch, place = divmod(step, self.epoch_steps)
        if epoch != self._epoch[0]:
            self._epoch = (epoch, self._draw(epoch))
        size = self.schedule.batch
        return self._epoch[1][place * size : (place + 1) * size]

    def pieces(self, pairs: Sequence[Pair]) -> list[list[Pair]]:
        """A batch in the parts in which it is computed, none of them empty."""
        parts = np.array_split(np.arange(len(pairs)), min(self.recipe.pieces, len(pairs)))
        return [[pairs[place] for place in part] for part in parts]

    def chunks(self, pairs: Sequence[Pair]) -> Iterator[Sequence[Pair]]:
        """Any number of pairs in parts as large as those of a batch."""
        size = -(-self.schedule.batch // self.recipe.pieces)
        return (pairs[start : start + size] for start in range(0, len(pairs), size))

    def autocast(self) -> Any:
        """Where the recipe says so, products are in bfloat16."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.bfloat16)

    def placed(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The tensors on the device of the model."""
        return {name: one.to(self.device) for name, one in tensors.items()}

    def _draw(self, epoch: int) -> list[Pair]:
        recipe = self.recipe
        return draw_epoch(self.images, showings=recipe.showings, seed=recipe.seed, epoch=epoch)
