"""The one stage of the grounding: which box a text means, and which text a box.

Symmetric InfoNCE over the boxes of a batch of images; and each text against the boxes of its own
image alone, which is what a search asks. Boxes that may be what another is called are no mistakes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mirada.training.grounding_data import draw
from mirada.training.loop import Group, Stage
from mirada.types import Grounding

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirada.training.grounding_data import Batch, Lessons
    from mirada.training.grounding_recipe import GroundingRecipe
    from mirada.types import Matrix

NEVER = -1e4  # a logit
SPREAD = 0.02  # of the first weights


class Fit(nn.Module):
    """The formula of `mirada.search.grounding`, with what a region says to every text alike."""

    def __init__(self, dim: int, shape: int, recipe: GroundingRecipe):
        super().__init__()
        self.text = nn.Parameter(torch.randn(dim, recipe.rank) * SPREAD)
        self.region = nn.Parameter(torch.zeros(dim, recipe.rank))
        self.whole = nn.Parameter(torch.zeros(dim, recipe.rank))
        self.shape = nn.Parameter(torch.zeros(shape, dim))
        self.favour = nn.Parameter(torch.zeros(dim))
        self.hub = nn.Parameter(torch.zeros(dim))  # cancels in a search, so it is not stored
        self.sharpness = nn.Parameter(torch.tensor(recipe.sharpness).log())

    def forward(self, batch: Batch) -> Tensor:
        """(boxes, texts) how well they fit."""
        vectors, whole, texts = map(torch.from_numpy, (batch.vectors, batch.whole, batch.texts))
        asked = texts @ self.text
        fit = vectors @ (texts + asked @ self.region.T).T + whole @ self.whole @ asked.T
        fit = fit + torch.from_numpy(batch.shapes) @ self.shape @ texts.T
        fit = self.sharpness.exp() * fit + texts @ self.favour
        return fit + (vectors @ self.hub)[:, None]

    def learnt(self, distractors: Matrix) -> Grounding:
        """The weights for a search; the logistic is still to be fitted."""
        tables = {
            name: getattr(self, name).detach().numpy().copy()
            for name in ("text", "region", "whole", "shape", "favour")
        }
        return Grounding(
            **tables,
            sharpness=float(self.sharpness.detach().exp()),
            distractors=distractors,
            scale=1.0,
            offset=0.0,
        )


class GroundingStage(Stage):
    """Learns from some images and is watched on others."""

    name = "grounding"

    def __init__(
        self,
        recipe: GroundingRecipe,
        model: Fit,
        lessons: Lessons,
        watch: Callable[[Fit], dict[str, Any]],
    ):
        self.recipe, self.model, self.schedule = recipe, model, recipe.schedule
        self.lessons, self.watch = lessons, watch
        self.epoch_steps = max(1, len(lessons.whole) // recipe.schedule.batch)
        weights = tuple(model.parameters())
        self.groups = [Group(weights, recipe.schedule.rate, recipe.decay)]

    def loss(self, step: int) -> Tensor:
        """Of one batch of images."""
        epoch, place = divmod(step, self.epoch_steps)
        seed = self.recipe.seed
        order = np.random.default_rng([seed, epoch, 1]).permutation(len(self.lessons.whole))
        size = self.schedule.batch
        images = np.sort(order[place * size : (place + 1) * size])
        return self.cost(draw(self.lessons, images, [seed, step, 2], self.recipe))

    def cost(self, batch: Batch) -> Tensor:
        """The loss of the boxes and texts of a batch."""
        fit = self.model(batch).masked_fill(torch.from_numpy(batch.alike), NEVER)
        own = torch.arange(len(batch.texts))
        others = torch.from_numpy(batch.images[: len(own), None] != batch.images)
        across = functional.cross_entropy(fit[: len(own)], own) + functional.cross_entropy(
            fit.T, own
        )
        inside = functional.cross_entropy(fit.T.masked_fill(others, NEVER), own)
        return across / 2 + self.recipe.inside * inside

    def evaluate(self) -> dict[str, Any]:
        """Figures of the boxes held out."""
        return self.watch(self.model)

    def train(self, mode: bool) -> None:
        """Nothing differs."""
        self.model.train(mode)
