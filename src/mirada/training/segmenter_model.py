"""The network behind the segmenter on feature maps, as it is trained; numpy runs the result.

For each box of the lattice it gives the logarithm of the expected count of things there. The
boxes that people drew are taken for a Poisson process over the lattice, so that the loss of an
image is the sum of the expected counts less the logarithms of those at the things.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mirada.models import lattice
from mirada.models.boxes import iou
from mirada.models.colours import FEATURES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from mirada.training.segmenter_recipe import SegmenterRecipe

RARE = 2e-5  # expected count at boxes where nobody drew one
LEAST_SHARE = 0.2  # of the nearest box's: boxes with less get nothing of a thing


class ChanceNet(nn.Module):
    """Cells, projected; their means in and around each box; its colours; two hidden layers."""

    centre: Tensor
    spread: Tensor
    prior: Tensor
    geometry: Tensor
    inner: Tensor
    outer: Tensor
    inner_cells: Tensor
    ring_sizes: Tensor

    def __init__(self, recipe: SegmenterRecipe, channels: int):
        super().__init__()
        size = len(lattice.BOXES)
        self.drop = nn.Dropout(recipe.dropout)
        self.cells = nn.Linear(channels, recipe.width)
        told = lattice.geometry().shape[1], 4 * recipe.width, FEATURES
        self.first = nn.Linear(sum(told), recipe.hidden)
        self.second = nn.Linear(recipe.hidden, recipe.hidden)
        self.third = nn.Linear(recipe.hidden, 1)
        nn.init.zeros_(self.third.weight)
        nn.init.zeros_(self.third.bias)
        for name, value in (
            ("centre", torch.zeros(channels)),
            ("spread", torch.ones(channels)),
            ("prior", torch.zeros(size)),
            ("geometry", torch.from_numpy(lattice.geometry())),
            ("inner", torch.from_numpy(lattice.INNER)),
            ("outer", torch.from_numpy(lattice.OUTER)),
            ("inner_cells", torch.from_numpy(lattice.INNER_CELLS)),
            ("ring_sizes", torch.from_numpy(lattice.RING_SIZES)),
        ):
            self.register_buffer(name, value)

    def forward(self, maps: Tensor, colours: Tensor, chosen: Tensor) -> Tensor:
        """(n, k) log counts at the chosen boxes.

        Args:
            maps: (n, rows * columns, channels) of the encoder.
            colours: (n, k, features) of the chosen boxes.
            chosen: (k,) boxes of the lattice.
        """
        kept = self.drop(torch.ones(len(maps), 1, maps.shape[2]))  # whole channels, or not
        cells = self.cells((maps - self.centre) * (kept / self.spread))
        seen = self._describe(cells.unflatten(1, (lattice.CELLS, lattice.CELLS)), chosen)
        given = self.geometry[chosen].expand(len(maps), -1, -1)
        hidden = functional.relu(self.first(torch.cat([given, seen, colours], -1)))
        hidden = functional.relu(self.second(hidden))
        return self.third(hidden)[..., 0] + self.prior[chosen]

    def arrays(self) -> dict[str, NDArray[np.float16]]:
        """What `mirada.models.segmenters` reads."""
        drawn = self.geometry.shape[1]
        scaled = self.cells.weight / self.spread
        found = {
            "cells": scaled.T,
            "cells_bias": self.cells.bias - scaled @ self.centre,
            "geometry": self.first.weight[:, :drawn].T,
            "seen": self.first.weight[:, drawn:-FEATURES].T,
            "colours": self.first.weight[:, -FEATURES:].T,
            "bias1": self.first.bias,
            "weight2": self.second.weight.T,
            "bias2": self.second.bias,
            "weight3": self.third.weight[0],
            "bias3": self.third.bias,
            "prior": self.prior,
        }
        return {name: one.detach().numpy().astype(np.float16) for name, one in found.items()}

    def _describe(self, cells: Tensor, chosen: Tensor) -> Tensor:
        """As `lattice.describe`, of many maps, at the chosen boxes."""
        inside = _pool(self.inner, cells)
        mean = inside / self.inner_cells
        around = (_pool(self.outer, cells) - inside) / self.ring_sizes
        squares = _pool(self.inner, cells * cells) / self.inner_cells
        spread = (squares - mean * mean)[:, chosen].clamp(min=lattice.FLAT).sqrt()
        whole = cells.mean((1, 2))[:, None].expand(-1, len(chosen), -1)
        return torch.cat([mean[:, chosen], around[:, chosen], spread, whole], -1)


def share_out(rows: NDArray[np.float64], sharpness: float) -> NDArray[np.float32]:
    """(boxes of the lattice,) counts of things: each is shared by the boxes nearest to it.

    Args:
        rows: (n, 4) where the things are.
        sharpness: by how much IoU must fall to divide the share by e.
    """
    if not len(rows):
        return np.zeros(len(lattice.BOXES), np.float32)
    near = iou(rows, lattice.BOXES)
    shares = np.exp((near - near.max(1, keepdims=True)) / sharpness)
    shares[shares < LEAST_SHARE] = 0
    return np.asarray((shares / shares.sum(1, keepdims=True)).sum(0), np.float32)


def mirror(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The boxes in a mirrored image."""
    return np.stack([1 - rows[:, 2], rows[:, 1], 1 - rows[:, 0], rows[:, 3]], axis=1)


def log_prior(drawn: Iterable[NDArray[np.float64]], sharpness: float) -> Tensor:
    """(boxes of the lattice,) log mean count of things over images and their mirror images."""
    counts = [share_out(rows, sharpness) + share_out(mirror(rows), sharpness) for rows in drawn]
    return torch.from_numpy(np.log(np.mean(counts, axis=0) / 2 + RARE).astype(np.float32))


def _pool(share: Tensor, cells: Tensor) -> Tensor:
    """(n, s * s, channels) as `lattice.pool`."""
    down = torch.einsum("sr,nrcd->nscd", share, cells)
    return torch.einsum("tc,nscd->nstd", share, down).flatten(1, 2)
