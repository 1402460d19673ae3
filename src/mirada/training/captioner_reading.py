"""A finished captioner back into the decoder that trains, for `mirada train captioner --from`.

The weights come as they are stored, so a decoder that is read, and written again, writes the same
texts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from tokenizers import Tokenizer
from torch import Tensor

from mirada.errors import ModelUnavailable
from mirada.models.weights import CELLS, TOKENIZER, WORDS, read_captioner_manifest
from mirada.training.captioner_model import CaptionDecoder
from mirada.training.captioner_recipe import DecoderConfig

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mirada.training.captioner_recipe import CaptionerRecipe

PREFIX = "model."  # of the decoder's weights in both graphs


@dataclass(frozen=True, slots=True)
class Earlier:
    """A captioner made before, from which a training starts."""

    name: str  # with its revision
    maps_of: str  # the encoder whose feature maps it reads
    recipe: CaptionerRecipe  # the settings given, in the shape of this captioner
    model: CaptionDecoder
    tokenizer: Tokenizer


def read_captioner(folder: Path, recipe: CaptionerRecipe) -> Earlier:
    """The captioner in a folder, ready to train.

    Args:
        folder: made by `mirada train captioner`.
        recipe: of the training to come; what the folder decides of it (languages, word pieces and
            the shape of the decoder) is taken from there.

    Raises:
        ModelUnavailable: the folder holds no captioner, or graphs of another kind.
    """
    manifest = read_captioner_manifest(folder)
    try:
        known = {**_weights(folder / CELLS), **_weights(folder / WORDS)}
        config = DecoderConfig(
            channels=known["centre"].numel(),
            grid=manifest.grid,
            width=manifest.heads * manifest.part,
            layers=manifest.layers,
            heads=manifest.heads,
            inner=len(known["layers.0.up.weight"]),
            length=manifest.length,
        )
        pieces = len(known["table.weight"])
        shaped = replace(recipe, languages=manifest.languages, pieces=pieces, decoder=config)
        model = CaptionDecoder(shaped, pieces)
        model.load_state_dict(_parted(known, config.layers))
    except (KeyError, RuntimeError) as error:
        raise ModelUnavailable(
            f"{folder}: its graphs are not those of a captioner that can be trained further"
            f" ({error}): make one with `mirada train captioner`"
        ) from error
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    return Earlier(manifest.name, manifest.maps_of, shaped, model, tokenizer)


def _weights(path: Path) -> dict[str, Tensor]:
    """Weights of a graph under the names of the decoder, matrices as torch keeps them."""
    graph = onnx.load(str(path)).graph
    stored = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    found = {name: values for name, values in _widened(stored).items() if "." in name}
    found |= _products(graph, _widened(stored))
    return {
        name.removeprefix(PREFIX): torch.from_numpy(np.array(values, np.float32))
        for name, values in found.items()
    }


def _widened(stored: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Every weight in float32: see `mirada.training.export.finish_graph`."""
    found = {}
    for name, values in stored.items():
        whole, dot, form = name.rpartition(".")
        if form == "narrow":
            scale = stored.get(f"{whole}.scale", np.float32(1))
            found[whole] = values.astype(np.float32) * scale
        elif not (dot and form == "scale"):
            found[name] = values
    return found


def _products(graph: onnx.GraphProto, known: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Matrices whose name the exporter dropped: those added to a bias that has one."""
    makers = {node.output[0]: node for node in graph.node}
    found = {}
    for node in graph.node:
        bias = next((name for name in node.input if name.endswith(".bias")), None)
        if node.op_type != "Add" or bias is None:
            continue
        product = next(makers[name] for name in node.input if name in makers)
        if product.op_type == "MatMul" and product.input[1] in known:
            found[bias.removesuffix("bias") + "weight"] = known[product.input[1]].T
    return found


def _parted(known: Mapping[str, Tensor], layers: int) -> dict[str, Tensor]:
    """With query, key and value of the words apart, which the graph computes in one product."""
    found = {name: value for name, value in known.items() if not name.startswith("joint.")}
    for layer in range(layers):
        for form in ("weight", "bias"):
            parts = known[f"joint.{layer}.{form}"].chunk(3)
            for name, part in zip(("query", "key", "value"), parts, strict=True):
                found[f"layers.{layer}.{name}.{form}"] = part
    return found
