"""Losses over the vectors of a batch; `contrast` of `mirada.training.towers` is the other one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from mirada.training.lora.data import Pair


def sigmoid_contrast(
    images: Tensor, texts: Tensor, owners: Tensor, scale: Tensor, bias: Tensor
) -> Tensor:
    """Each pair of an image and a text judged by itself (Zhai et al., ICCV 2023).

    Args:
        images: (n, dim) unit rows.
        texts: (n, dim) unit rows, row by row of the same images.
        owners: (n,) as `owners_of` gives them: two rows of one owner are no negatives.
        scale: factor of the cosines.
        bias: added to them.
    """
    logits = scale * images @ texts.T + bias
    own = torch.eye(len(owners), dtype=torch.bool)
    twin = (owners[:, None] == owners[None, :]) & ~own
    signs = 2 * own.to(logits.dtype) - 1
    losses = -functional.logsigmoid(signs * logits)
    return losses.masked_fill(twin, 0.0).sum() / len(owners)


def owners_of(pairs: Sequence[Pair]) -> Tensor:
    """(n,) number of the first pair of the batch with the same image or the same caption."""
    first: dict[object, int] = {}
    owners = []
    for number, pair in enumerate(pairs):
        known = min(first.get(pair.row, number), first.get(pair.caption, number))
        owners.append(known)
        first.setdefault(pair.row, known)
        first.setdefault(pair.caption, known)
    return torch.tensor(owners)
