"""The decoder in torch: words from the feature map of a box, by cross-attention.

A transformer decoder that normalises before each part (Vaswani et al., NeurIPS 2017; Xiong et
al., ICML 2020), with one table for the words that it reads and those that it writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from mirada.training.captioner_recipe import CaptionerRecipe, DecoderConfig


MASKED = -1e4  # added to the attention logits of words to come


class Seen(nn.Module):
    """What a layer keeps of the cells of a box: keys and values."""

    def __init__(self, config: DecoderConfig):
        super().__init__()
        self.heads = config.heads
        self.key = nn.Linear(config.width, config.width)
        self.value = nn.Linear(config.width, config.width)

    def forward(self, cells: Tensor) -> tuple[Tensor, Tensor]:
        """(n, cells, width) -> two of (n, heads, cells, width / heads)."""
        return split(self.key(cells), self.heads), split(self.value(cells), self.heads)


class DecoderLayer(nn.Module):
    """Attention to the words so far, attention to the cells, a two-layer perceptron."""

    def __init__(self, config: DecoderConfig, dropout: float):
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.self_norm, self.cross_norm, self.inner_norm = (nn.LayerNorm(width) for _ in range(3))
        self.query, self.key, self.value, self.mix = (nn.Linear(width, width) for _ in range(4))
        self.ask, self.answer = nn.Linear(width, width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, config.inner), nn.Linear(config.inner, width)
        self.drop = nn.Dropout(dropout)

    def project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(n, t, width) -> query, key and value for the words, (n, heads, t, width / heads)."""
        x = self.self_norm(x)
        query, key, value = (
            split(part(x), self.heads) for part in (self.query, self.key, self.value)
        )
        return query, key, value

    def finish(self, x: Tensor, mixed: Tensor, seen: tuple[Tensor, Tensor]) -> Tensor:
        """Take in what attention to the words gave, then look at the cells and think."""
        x = x + self.drop(self.mix(join(mixed)))
        asked = split(self.ask(self.cross_norm(x)), self.heads)
        found = attend(asked, *seen)
        x = x + self.drop(self.answer(join(found)))
        out: Tensor = x + self.drop(self.down(functional.gelu(self.up(self.inner_norm(x)))))
        return out


class CaptionDecoder(nn.Module):
    """Boxes and the words so far to the next words."""

    centre: Tensor
    spread: Tensor

    def __init__(self, recipe: CaptionerRecipe, pieces: int):
        super().__init__()
        config = recipe.decoder
        self.config = config
        self.register_buffer("centre", torch.zeros(config.channels))
        self.register_buffer("spread", torch.ones(config.channels))
        self.look = nn.Linear(config.channels, config.width)
        self.place = nn.Parameter(torch.randn(config.grid**2, config.width) * 0.3)
        self.look_norm = nn.LayerNorm(config.width)
        self.look_drop = nn.Dropout(recipe.look_dropout)
        self.table = nn.Embedding(pieces, config.width)
        self.position = nn.Embedding(config.length, config.width)
        nn.init.normal_(self.table.weight, std=config.width**-0.5)
        nn.init.normal_(self.position.weight, std=0.3)
        self.drop = nn.Dropout(recipe.dropout)
        self.seen = nn.ModuleList(Seen(config) for _ in range(config.layers))
        self.layers = nn.ModuleList(
            DecoderLayer(config, recipe.dropout) for _ in range(config.layers)
        )
        self.norm = nn.LayerNorm(config.width)

    @property
    def stack(self) -> list[DecoderLayer]:
        """The layers from the first to the last."""
        return [layer for layer in self.layers if isinstance(layer, DecoderLayer)]

    def see(self, cells: Tensor) -> list[tuple[Tensor, Tensor]]:
        """(n, grid * grid, channels) pooled features -> keys and values for each layer."""
        shown = self.look((cells - self.centre) / self.spread) + self.place
        shown = self.look_drop(self.look_norm(shown))
        return [seen(shown) for seen in self.seen]

    def forward(self, ids: Tensor, seen: list[tuple[Tensor, Tensor]]) -> Tensor:
        """(n, t) ids of whole texts, each with its own box -> (n, t, width)."""
        x = self.table(ids) * self.config.width**0.5 + self.position.weight[: ids.shape[1]]
        x = self.drop(x)
        ahead = torch.full((ids.shape[1], ids.shape[1]), MASKED).triu(1)
        for layer, looked in zip(self.stack, seen, strict=True):
            query, key, value = layer.project(x)
            mixed = attend(query, key, value, bias=ahead)
            x = layer.finish(x, mixed, looked)
        out: Tensor = self.norm(x)
        return out

    def score(self, x: Tensor) -> Tensor:
        """(..., width) -> (..., pieces): logits of the next piece."""
        return x @ self.table.weight.T


def swift() -> torch.autocast:
    """Products in bfloat16 where the processor computes in it: about twice as fast."""
    able = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.autocast("cpu", torch.bfloat16, enabled=able)


def attend(query: Tensor, key: Tensor, value: Tensor, *, bias: Tensor | None = None) -> Tensor:
    """(..., t, part) from (..., t, part) and (..., cells, part), with a (t, cells) bias of logits.

    Written out, because torch's own is several times slower to learn through in bfloat16.
    """
    logits = query @ key.transpose(-2, -1) * query.shape[-1] ** -0.5
    if bias is not None:
        logits = logits + bias.to(logits.dtype)
    return torch.softmax(logits, -1).to(value.dtype) @ value


def split(x: Tensor, heads: int) -> Tensor:
    """(n, t, width) -> (n, heads, t, width / heads)."""
    n, t, width = x.shape
    return x.view(n, t, heads, width // heads).transpose(1, 2)


def join(x: Tensor) -> Tensor:
    """(n, heads, t, part) -> (n, t, heads * part)."""
    n, heads, t, part = x.shape
    return x.transpose(1, 2).reshape(n, t, heads * part)
