"""The one stage of the segmenter: where people drew boxes, from the feature map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from mirada.models import lattice
from mirada.models.boxes import iou
from mirada.models.colours import describe_colours
from mirada.models.coverage import choose
from mirada.training.loop import Group, Stage
from mirada.training.segmenter_model import mirror, share_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mirada.training.segmenter_model import ChanceNet
    from mirada.training.segmenter_recipe import SegmenterRecipe

WATCHED = 300  # images of the dev set that are measured after each epoch
PROPOSALS = 20
THRESHOLDS = (0.3, 0.5)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Images with the boxes that people drew."""

    maps: Any  # (n, rows * columns, channels) float16
    pixels: Any  # (n, side, side, 3) float16, of `colours.shrink`
    boxes: Sequence[NDArray[np.float64]]  # (things, 4) of each image


class SegmenterStage(Stage):
    """Learns from some images and is watched on others."""

    name = "segmenter"

    def __init__(self, recipe: SegmenterRecipe, model: ChanceNet, drawn: Drawn, held_out: Drawn):
        self.recipe, self.model, self.schedule = recipe, model, recipe.schedule
        self.drawn, self.held_out = drawn, held_out
        self.epoch_steps = max(1, len(drawn.boxes) // recipe.schedule.batch)
        self.groups = [
            Group(tuple(model.parameters()), recipe.schedule.rate, recipe.decay, clipped=True)
        ]

    def loss(self, step: int) -> Tensor:
        """Negative log likelihood of the boxes of an image, but for a constant."""
        random = np.random.default_rng([self.recipe.seed, step])
        rows = self._rows(step)
        mirrored = bool(random.random() < 0.5)
        counts = np.stack([self._counts(row, mirrored=mirrored) for row in rows])
        sample = random.choice(len(lattice.BOXES), self.recipe.sampled, replace=False)
        others = np.setdiff1d(np.flatnonzero(counts.any(0)), sample)
        chosen = np.concatenate([sample, others])
        told = self.model(
            self._maps(rows, mirrored=mirrored),
            _colours(self.drawn, rows, chosen, mirrored=mirrored),
            torch.from_numpy(chosen),
        )
        expected = told[:, : len(sample)].exp().sum(1) * (len(lattice.BOXES) / len(sample))
        met = (told * torch.from_numpy(counts[:, chosen])).sum(1)
        return (expected - met).mean()

    def evaluate(self) -> dict[str, Any]:
        """Recall of the boxes of images held out."""
        maps, boxes = self.held_out.maps, self.held_out.boxes[:WATCHED]
        every = np.arange(len(lattice.BOXES))
        best = []
        for row, drawn in enumerate(boxes):
            told = self.model(
                torch.from_numpy(np.asarray(maps[row : row + 1], np.float32)),
                _colours(self.held_out, np.array([row]), every, mirrored=False),
                torch.from_numpy(every),
            )
            found = [box for box, _ in choose(told[0].exp().numpy(), limit=PROPOSALS)]
            best.append(iou(drawn, lattice.BOXES[found]).max(1))
        overlaps = np.concatenate(best)
        return {f"recall {cut}": round(float(np.mean(overlaps >= cut)), 4) for cut in THRESHOLDS}

    def train(self, mode: bool) -> None:
        """Switch dropout on or off."""
        self.model.train(mode)

    def _rows(self, step: int) -> NDArray[np.int64]:
        epoch, place = divmod(step, self.epoch_steps)
        order = np.random.default_rng([self.recipe.seed, epoch, 1]).permutation(
            len(self.drawn.boxes)
        )
        size = self.schedule.batch
        return np.sort(order[place * size : (place + 1) * size])

    def _counts(self, row: int, *, mirrored: bool) -> NDArray[np.float32]:
        boxes = self.drawn.boxes[row]
        return share_out(mirror(boxes) if mirrored else boxes, self.recipe.sharpness)

    def _maps(self, rows: NDArray[np.int64], *, mirrored: bool) -> Tensor:
        maps = np.asarray(self.drawn.maps[rows], np.float32)
        if mirrored:
            side = lattice.CELLS
            maps = maps.reshape(len(maps), side, side, -1)[:, :, ::-1].reshape(maps.shape)
        return torch.from_numpy(np.ascontiguousarray(maps))


def _colours(
    drawn: Drawn, rows: NDArray[np.int64], chosen: NDArray[np.int64], *, mirrored: bool
) -> Tensor:
    """(rows, chosen, features) colours of the chosen boxes."""
    pixels = np.asarray(drawn.pixels[rows], np.float32)
    if mirrored:
        pixels = pixels[:, :, ::-1]
    return torch.from_numpy(np.stack([describe_colours(one)[chosen] for one in pixels]))
