"""Texts drawn from the decoder by chance, several for each box, with what came before kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from mirada.training.captioner_model import attend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.training.captioner_model import CaptionDecoder

Kept = list[tuple[Tensor, Tensor]]  # keys and values of each layer


@dataclass(frozen=True, slots=True)
class Drawing:
    """How texts are drawn."""

    count: int  # for each box
    end: int  # the piece that ends a text
    banned: Sequence[int]  # pieces that no text may hold
    likeliest: bool = False  # take the likeliest piece each time: for measuring


@torch.no_grad()
def draw_texts(model: CaptionDecoder, seen: Kept, marks: Tensor, drawing: Drawing) -> Tensor:
    """Draw texts piece by piece until all have ended or are full.

    Args:
        model: the decoder.
        seen: what `CaptionDecoder.see` keeps of the boxes.
        marks: (boxes,) first piece of the texts of each.
        drawing: how many, and of what.

    Returns:
        (boxes, count, length) ids: mark, pieces, end, then padding (0).
    """
    boxes, count, length = len(marks), drawing.count, model.config.length
    texts = torch.zeros(boxes, count, length, dtype=torch.long)
    texts[:, :, 0] = marks[:, None]
    ended = torch.zeros(boxes, count, dtype=torch.bool)
    past = _buffers(model, boxes, count)
    for place in range(length - 1):
        logits = _step(model, texts[:, :, place], place, past, seen).float()
        logits[..., drawing.banned] = -torch.inf
        if place == 0:
            logits[..., drawing.end] = -torch.inf
        found = logits.argmax(-1) if drawing.likeliest else _chance(logits)
        texts[:, :, place + 1] = found.masked_fill(ended, 0)
        ended |= found == drawing.end
        if bool(ended.all()):
            break
    return texts


def _chance(logits: Tensor) -> Tensor:
    """A piece by its probability: where a random number falls among the summed probabilities."""
    summed = logits.softmax(-1).cumsum(-1)
    drawn = torch.rand_like(summed[..., :1]) * summed[..., -1:]
    found = torch.searchsorted(summed, drawn, right=True)[..., 0]
    return found.clamp(max=logits.shape[-1] - 1)


def _buffers(model: CaptionDecoder, boxes: int, count: int) -> Kept:
    config = model.config
    shape = (boxes, config.heads, count, config.length, config.width // config.heads)
    kind = model.table.weight.dtype
    return [(torch.zeros(shape, dtype=kind), torch.zeros(shape, dtype=kind)) for _ in model.layers]


def _step(model: CaptionDecoder, ids: Tensor, place: int, past: Kept, seen: Kept) -> Tensor:
    """(boxes, count) last pieces -> (boxes, count, pieces) logits; fills `past` at `place`."""
    x = model.table(ids) * model.config.width**0.5 + model.position.weight[place]
    for layer, (keys, values), looked in zip(model.stack, past, seen, strict=True):
        query, key, value = layer.project(x)  # the texts of a box side by side, as words are
        keys[:, :, :, place], values[:, :, :, place] = key, value
        mixed = attend(
            query[:, :, :, None], keys[:, :, :, : place + 1], values[:, :, :, : place + 1]
        )
        x = layer.finish(x, mixed[:, :, :, 0], looked)
    return model.score(model.norm(x))
