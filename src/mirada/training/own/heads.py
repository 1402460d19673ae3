"""What moves in the heads: all their weights, or a product of low rank beside each matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from mirada.training.own.recipe import LOW_RANK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.training.own.recipe import OwnRecipe
    from mirada.training.towers import Dual, Head

LAYERS = ("direct", "up", "down")


class LowRank(nn.Module):
    """Adds a product of two thin matrices to a weight that stays (Hu et al., ICLR 2022)."""

    def __init__(self, outputs: int, inputs: int, rank: int):
        super().__init__()
        self.narrow = nn.Parameter(torch.randn(rank, inputs) / inputs**0.5)
        self.widen = nn.Parameter(torch.zeros(outputs, rank))  # at first nothing is added

    def forward(self, weight: Tensor) -> Tensor:
        """(outputs, inputs), of the same shape."""
        return weight + self.widen @ self.narrow


def let_move(model: Dual, recipe: OwnRecipe) -> list[nn.Parameter]:
    """Hold all of the model still but what the recipe lets move, and give that."""
    for weight in model.parameters():
        weight.requires_grad_(False)
    torch.manual_seed(recipe.seed)
    moving: list[nn.Parameter] = []
    for head in (model.image_head, model.text_head):
        moving += _low_rank(head, recipe.rank) if recipe.adapt == LOW_RANK else head.parameters()
    for weight in moving:
        weight.requires_grad_(True)
    return moving


def fold(model: Dual) -> None:
    """Work the products into the weights: files and speed are then those of any model."""
    for head in (model.image_head, model.text_head):
        for name in LAYERS:
            layer = getattr(head, name)
            if parametrize.is_parametrized(layer):
                parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)


def former_weights(model: Dual) -> list[Tensor]:
    """A copy of what `blend` needs; before anything is learnt."""
    return [weight.detach().clone() for weight in _of_heads(model)]


def blend(model: Dual, former: Sequence[Tensor], share: float) -> None:
    """Move the heads back: weights between the former and the learnt ones.

    That gives up little of what was learnt and keeps what the model knew of other subjects
    (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022).

    Args:
        model: with folded heads.
        former: of `former_weights`.
        share: of the learnt weights; the former have the rest.
    """
    with torch.no_grad():
        for weight, before in zip(_of_heads(model), former, strict=True):
            weight.lerp_(before, 1 - share)


def _of_heads(model: Dual) -> list[Tensor]:
    """In an order that folding does not change."""
    named = {
        f"{head}.{layer}.{part}": getattr(getattr(getattr(model, head), layer), part)
        for head in ("image_head", "text_head")
        for layer in LAYERS
        for part in ("weight", "bias")
    }
    return [named[name] for name in sorted(named)]


def _low_rank(head: Head, rank: int) -> list[nn.Parameter]:
    found: list[nn.Parameter] = []
    for name in LAYERS:
        layer: nn.Linear = getattr(head, name)
        beside = LowRank(layer.out_features, layer.in_features, rank)
        parametrize.register_parametrization(layer, "weight", beside)
        found += beside.parameters()
    return found
