"""Both towers of the embedded model with their heads, as they are trained and exported."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from mirada.training.text import TextTower
from mirada.training.vision import Tail

if TYPE_CHECKING:
    from mirada.training.recipe import Recipe

APART = -1e4  # logit of a pair that is no negative
FIRST_SCALE = 14.0  # CLIP's 1 / 0.07 (Radford et al., ICML 2021)
LAST_SCALE = 100.0
LEAST = 1e-6  # of a cell: the root of 0 has no gradient
SENTENCE_SCALE = 4.0  # of the unit sentence vectors before the text head: nearer to unit variance


class Head(nn.Module):
    """A linear map plus a perceptron, to the unit sphere."""

    def __init__(self, inputs: int, hidden: int, outputs: int, dropout: tuple[float, float]):
        super().__init__()
        self.before = nn.Dropout(dropout[0])
        self.direct = nn.Linear(inputs, outputs)
        self.up = nn.Linear(inputs, hidden)
        self.inside = nn.Dropout(dropout[1])
        self.down = nn.Linear(hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs) -> (n, outputs), rows of unit length."""
        x = self.before(x)
        y = self.direct(x) + self.down(self.inside(functional.gelu(self.up(x))))
        return functional.normalize(y, dim=-1)


class Dual(nn.Module):
    """What training adjusts: the tail of the backbone, the text tower, two heads, a scale."""

    def __init__(self, recipe: Recipe, vocabulary: int):
        super().__init__()
        self.tail = Tail(recipe.vision, recipe.cut)
        self.text = TextTower(recipe.text, vocabulary)
        self.image_head = Head(
            recipe.vision.head, recipe.image_hidden, recipe.dim, recipe.image_dropout
        )
        self.text_head = Head(
            recipe.text.width, recipe.text_hidden, recipe.dim, recipe.text_dropout
        )
        self.log_scale = nn.Parameter(torch.tensor(math.log(FIRST_SCALE)))

    @property
    def scale(self) -> Tensor:
        """Factor of the cosines in the loss."""
        return self.log_scale.exp().clamp(max=LAST_SCALE)

    def pool(self, maps: Tensor) -> Tensor:
        """(n, channels, side, side) maps at the cut -> (n, features): generalised mean, power 3/2.

        The finished model pools larger maps with power 2; see `pool_whole`.
        """
        seen = self.tail(maps).float().clamp(min=LEAST)
        return (seen * seen.sqrt()).mean((2, 3)) ** (2 / 3)

    def place_texts(self, sentences: Tensor) -> Tensor:
        """(n, width) unit sentence vectors -> (n, dim) unit rows."""
        out: Tensor = self.text_head(SENTENCE_SCALE * sentences)
        return out


def contrast(
    images: Tensor,
    texts: Tensor,
    owners: Tensor,
    scale: Tensor,
    smoothing: float,
    kin: Tensor | None = None,
) -> Tensor:
    """Symmetric InfoNCE with smoothed labels (van den Oord et al., 2018; Radford et al., 2021).

    Args:
        images: (n, dim) unit rows.
        texts: (n, dim) unit rows, row by row of the same images.
        owners: (n,) number of the image in each row: two rows of one image are no negatives.
        scale: factor of the cosines.
        smoothing: share of the label given to all the others.
        kin: (n, n) shares of the label given to each of the others, besides; see `kinship`.
    """
    logits = scale * images @ texts.T
    own = torch.eye(len(owners), dtype=torch.bool)
    twin = (owners[:, None] == owners[None, :]) & ~own
    return pull(logits, twin, smoothing, kin)


def pull(logits: Tensor, apart: Tensor, smoothing: float, kin: Tensor | None = None) -> Tensor:
    """Cross-entropy of (n, n) logits, images in rows and texts in columns, both ways.

    Args:
        logits: row by row of the same pairs.
        apart: (n, n) pairs that are no negatives.
        smoothing: as in `contrast`.
        kin: as in `contrast`.
    """
    return (_across(logits, apart, smoothing, kin) + _across(logits.T, apart.T, smoothing, kin)) / 2


def _across(logits: Tensor, apart: Tensor, smoothing: float, kin: Tensor | None) -> Tensor:
    """From rows to columns; labels of pairs that are apart go back to the row's own."""
    kept = (~apart).to(logits.dtype)
    own = torch.eye(len(logits))
    labels = (1 - smoothing) * own + smoothing * kept / kept.sum(1, keepdim=True)
    if kin is not None:
        near = kin * kept
        labels = labels + near - torch.diag(near.sum(1))
    chances = functional.log_softmax(logits.masked_fill(apart, APART), dim=1)
    return -(labels * chances).sum(1).mean()


def kinship(sentences: Tensor, share: float, temperature: float) -> Tensor:
    """(n, n) what of each label goes to texts that say nearly the same.

    A caption of another image may fit too; labels softened by how near the captions are say so
    (Gao et al., SoftCLIP, AAAI 2024; there by tags of objects).

    Args:
        sentences: (n, width) unit sentence vectors of the captions.
        share: of the label that is spread over all captions, its own included.
        temperature: of the softmax of their cosines.
    """
    return share * torch.softmax(sentences @ sentences.T / temperature, dim=1)
