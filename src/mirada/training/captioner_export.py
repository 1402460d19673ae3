"""The trained decoder to the files that `mirada.models.captioners` runs.

Two graphs: one gives keys and values of boxes, the other takes one step of many texts at once.
Weights are stored in 8 bits and computed in float32, so a text doesn't depend on the others that
are written with it. The caller keeps the keys and values of the words, in buffers of fixed
length: the step reads them and returns only what is to be written there.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import onnx
import torch
from torch import Tensor, nn
from torch.nn import functional

from mirada.models.weights import CELLS, MANIFEST, TOKENIZER, WORDS, kept_names
from mirada.training.checkpoint import write_atomically, write_json
from mirada.training.export import OPSET, digests, finish_graph

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tokenizers import Tokenizer

    from mirada.training.captioner_model import CaptionDecoder, DecoderLayer
    from mirada.training.captioner_recipe import CaptionerRecipe

FILES = (CELLS, WORDS, TOKENIZER)
MASKED = -1e4  # added to the attention logits of places still empty


class CellsGraph(nn.Module):
    """What every layer keeps of the cells of boxes."""

    def __init__(self, model: CaptionDecoder):
        super().__init__()
        self.model = model

    def forward(self, cells: Tensor) -> tuple[Tensor, ...]:
        """(n, cells, channels) -> for each layer keys and values.

        Keys are (n, heads, part, cells), turned as the step wants them; values are
        (n, heads, cells, part).
        """
        kept = self.model.see(cells)
        return tuple(part for key, value in kept for part in (key.transpose(2, 3), value))


class WordsGraph(nn.Module):
    """One more piece of each text."""

    def __init__(self, model: CaptionDecoder):
        super().__init__()
        self.model = model
        self.heads = model.config.heads
        self.joint = nn.ModuleList(_joined(layer) for layer in model.stack)

    def forward(
        self, ids: Tensor, place: Tensor, past: list[Tensor], seen: list[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """The logits of the next piece, and what is to be kept of this one.

        Args:
            ids: (n,) the last pieces.
            place: (length,) 1 where these pieces stand in their texts, 0 elsewhere.
            past: keys and values of the pieces before for each layer, as `seen`, of `length`
                places; those from here on are not read.
            seen: what `CellsGraph` gives, one box for each text.

        Returns:
            (n, pieces) and (layers, 2, n, heads, part).
        """
        model = self.model
        x = model.table(ids) * model.config.width**0.5 + place @ model.position.weight
        ahead = place.flip(0).cumsum(0).flip(0) - 1  # 0 before and here, -1 past this place
        bias = (ahead - place) * -MASKED
        kept = []
        for index, layer in enumerate(model.stack):
            key, value = 2 * index, 2 * index + 1
            mixed, new = self._attend(
                self.joint[index](layer.self_norm(x)), past[key], past[value], bias
            )
            x = x + layer.mix(mixed)
            asked = self._heads(layer.ask(layer.cross_norm(x)))[:, :, None] * self._scale
            found = torch.softmax(asked @ seen[key], -1) @ seen[value]
            x = x + layer.answer(found.flatten(1))
            x = x + layer.down(functional.gelu(layer.up(layer.inner_norm(x))))
            kept.append(new)
        return model.score(model.norm(x)), torch.stack(kept)

    @property
    def _scale(self) -> float:
        return float((self.model.config.width // self.heads) ** -0.5)

    def _heads(self, x: Tensor) -> Tensor:
        return x.view(-1, self.heads, self.model.config.width // self.heads)

    def _attend(
        self, asked: Tensor, keys: Tensor, values: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor]:
        """What the words before and this one give, (n, width), and key and value of this one."""
        query, key, value = (self._heads(part) for part in asked.chunk(3, -1))
        query = query * self._scale
        before = (query[:, :, None] @ keys)[:, :, 0] + bias
        here = (query * key).sum(-1, keepdim=True)
        weight = torch.softmax(torch.cat([before, here], -1), -1)
        mixed = (weight[:, :, None, :-1] @ values)[:, :, 0] + weight[:, :, -1:] * value
        return mixed.flatten(1), torch.stack([key, value])


def _joined(layer: DecoderLayer) -> nn.Linear:
    """Query, key and value of the words in one matrix product."""
    parts = [layer.query, layer.key, layer.value]
    width = parts[0].in_features
    whole = nn.Linear(width, 3 * width)
    with torch.no_grad():
        whole.weight.copy_(torch.cat([part.weight for part in parts]))
        whole.bias.copy_(torch.cat([part.bias for part in parts]))
    return whole


def export_cells(model: CaptionDecoder, to: Path, *, bits: int = 8) -> None:
    """The graph of `CellsGraph`; `bits` of its stored weights, as `export_image`."""
    config = model.config
    shown = torch.randn(3, config.grid**2, config.channels)
    names = kept_names("seen", config.layers)
    _export(CellsGraph(model), (shown,), ["cells"], names, ({0: _count()},), to)
    finish_graph(onnx.load(str(to)), to, bits)


def export_words(model: CaptionDecoder, to: Path, *, bits: int = 8) -> None:
    """The graph of `WordsGraph`."""
    config = model.config
    part = config.width // config.heads
    place = functional.one_hot(torch.tensor(1), config.length).float()

    def buffers(length: int) -> list[Tensor]:
        shapes = [(3, config.heads, part, length), (3, config.heads, length, part)]
        return [torch.randn(shape) for _ in range(config.layers) for shape in shapes]

    names = ["ids", "place", *kept_names("past", config.layers), *kept_names("seen", config.layers)]
    count = _count()
    several = [{0: count}] * (2 * config.layers)
    given = (torch.tensor([2, 3, 4]), place, buffers(config.length), buffers(config.grid**2))
    shapes = ({0: count}, None, several, several)
    _export(WordsGraph(model), given, names, ["logits", "kept"], shapes, to)
    finish_graph(onnx.load(str(to)), to, bits)


def write_captioner(
    folder: Path,
    *,
    model: CaptionDecoder,
    tokenizer: Tokenizer,
    recipe: CaptionerRecipe,
    name: str,
    maps_of: str,
    about: Mapping[str, Any],
    bits: int = 8,
) -> None:
    """Write both graphs, the tokenizer and the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    model.eval()
    export_cells(model, folder / CELLS, bits=bits)
    export_words(model, folder / WORDS, bits=bits)
    compact = json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":"))
    write_atomically(folder / TOKENIZER, lambda beside: beside.write_text(compact, "utf-8"))
    config = recipe.decoder
    write_json(
        folder / MANIFEST,
        {
            "name": name,
            "maps_of": maps_of,
            "languages": list(recipe.languages),
            "grid": config.grid,
            "layers": config.layers,
            "heads": config.heads,
            "part": config.width // config.heads,
            "length": config.length,
            "files": digests(folder, FILES),
            "recipe": recipe.fingerprint(),
            **about,
        },
    )


def _count() -> Any:
    return torch.export.Dim("n", min=2, max=512)


def _export(
    module: nn.Module,
    given: tuple[Any, ...],
    names: Sequence[str],
    made: Sequence[str],
    shapes: tuple[Any, ...],
    to: Path,
) -> None:
    """Write a graph with these names of its inputs and outputs; `shapes`: what varies of them."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    program = torch.onnx.export(
        module.eval(),
        given,
        input_names=list(names),
        output_names=list(made),
        opset_version=OPSET,
        dynamo=True,
        dynamic_shapes=shapes,
        external_data=False,
        verbose=False,
    )
    if program is None:
        raise RuntimeError("torch exported nothing")
    write_atomically(to, lambda beside: program.save(str(beside), external_data=False))
