"""Finished models back into torch, so that training can go on from them.

`export` stores weights in few bits and lets matrices lose their names; here each is found again by
the bias it feeds. What comes back is what the files hold, so it has their rounding.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from tokenizers import Tokenizer

from mirada.errors import ModelUnavailable
from mirada.models.weights import IMAGE_HEAD, IMAGE_TOWER, MANIFEST, TEXT_TOWER, TOKENIZER
from mirada.training.recipe import SHAPE, Blocks, TextConfig, VisionConfig
from mirada.training.towers import FIRST_SCALE, Dual
from mirada.training.vision import Trunk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from mirada.training.recipe import Recipe

TRUNK, TAIL, TEXT = "trunk.", "tail.", "text."


def shaped_as(folder: Path, recipe: Recipe) -> Recipe:
    """The recipe with the shapes of the model in `folder`.

    Raises:
        ModelUnavailable: its manifest does not tell them.
    """
    try:
        shape = json.loads((folder / MANIFEST).read_text("utf-8"))[SHAPE]
        vision = shape["vision"]
        stages = tuple(Blocks(**stage) for stage in vision["stages"])
        return replace(
            recipe,
            vision=VisionConfig(**(vision | {"stages": stages})),
            text=TextConfig(**shape["text"]),
            dim=shape["dim"],
            image_hidden=shape["image_hidden"],
            text_hidden=shape["text_hidden"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(
            f"{folder} holds no model that can be trained on: give a folder made by "
            "`mirada train dual`"
        ) from error


def load_towers(folder: Path, recipe: Recipe) -> tuple[Trunk, Dual, Tokenizer]:
    """The towers in a folder that `export.write_model` made, cut where the recipe says.

    Raises:
        ModelUnavailable: a file is missing, or of other shapes than the recipe.
    """
    try:
        image = _Graph(folder / IMAGE_TOWER)
        head, text = _Graph(folder / IMAGE_HEAD), _Graph(folder / TEXT_TOWER)
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        trunk, model = Trunk(recipe.vision, recipe.cut), Dual(recipe, text.rows)
        known = _renumbered(image, recipe.cut) | _text_weights(text, recipe.text.layers)
        known |= {f"image_head.{name}": values for name, values in head.bare(_HEAD)}
        _fill(trunk, TRUNK, known)
        _fill(model, "", known)
    except (OSError, KeyError, RuntimeError) as error:
        raise ModelUnavailable(f"the model in {folder} cannot be trained on: {error}") from error
    with torch.no_grad():
        model.log_scale.fill_(math.log(_factor(folder)))
    return trunk, model, tokenizer


_HEAD = ("direct", "up", "down")
_LAYER = ("query", "key", "value", "mix", "up", "down")


class _Graph:
    """The weights of an ONNX file, in float32."""

    def __init__(self, path: Path):
        self.graph = onnx.load(str(path)).graph
        for node in self.graph.node:  # some exports name the whole model too
            node.input[:] = [name.removeprefix("model.") for name in node.input]
            node.output[:] = [name.removeprefix("model.") for name in node.output]
        self.stored = {
            one.name.removeprefix("model."): numpy_helper.to_array(one)
            for one in self.graph.initializer
        }
        self.makers = {made: node for node in self.graph.node for made in node.output}

    def wide(self, name: str) -> NDArray[np.float32]:
        """A weight by its name, however it is stored."""
        if name in self.stored:
            return np.asarray(self.stored[name], np.float32)
        if f"{name}_quantized" in self.stored:
            return self._dequantized(name)
        narrow = self.stored[f"{name}.narrow"].astype(np.float32)
        scale = self.stored.get(f"{name}.scale")
        return np.asarray(narrow if scale is None else narrow * scale, np.float32)

    def names(self, prefix: str) -> set[str]:
        """Of all its weights that begin so."""
        bare = {name.removesuffix(".narrow").removesuffix(".scale") for name in self.stored}
        return {name for name in bare if name.startswith(prefix)}

    def linear(self, prefix: str, parts: tuple[str, ...]) -> dict[str, NDArray[np.float32]]:
        """Weights and biases of linear layers, by their names in torch."""
        found = {}
        for part in parts:
            bias = f"{prefix}{part}.bias"
            found[bias] = self.wide(bias)
            found[f"{prefix}{part}.weight"] = self.matrix(bias)
        return found

    def bare(self, parts: tuple[str, ...]) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """As `linear`, where nothing but these layers is stored, under any prefix."""
        last = f"{parts[0]}.bias"
        prefix = next(name.removesuffix(last) for name in self.names("") if name.endswith(last))
        for name, values in self.linear(prefix, parts).items():
            yield name.removeprefix(prefix), values

    def matrix(self, bias: str) -> NDArray[np.float32]:
        """(outputs, inputs) of the product to which a bias is added."""
        given = {
            bias,
            *(node.output[0] for node in self.graph.node if bias + ".narrow" in node.input),
        }
        user = next(node for node in self.graph.node if given & set(node.input))
        if user.op_type == "Gemm":
            turned = any(one.name == "transB" and one.i for one in user.attribute)
            weight = self.wide(_bare(user.input[1]))
            return weight if turned else weight.T
        made = next(one for one in user.input if one not in given)
        return self._multiplied(made).T

    def first_matrix(self) -> NDArray[np.float32]:
        """(inputs, outputs) of the first product with a stored matrix."""
        for node in self.graph.node:
            if node.op_type in {"MatMul", "MatMulInteger"} and self._is_stored(node.input[1]):
                return self._weight(node.input[1])
        raise KeyError("no matrix")

    @property
    def rows(self) -> int:
        """Word pieces of a text tower."""
        return len(self.stored["rows" if "rows" in self.stored else f"{TEXT}table.weight"])

    def _multiplied(self, made: str) -> NDArray[np.float32]:
        node = self.makers[made]
        while node.op_type not in {"MatMul", "MatMulInteger"}:
            node = self.makers[next(one for one in node.input if one in self.makers)]
        return self._weight(node.input[1])

    def _is_stored(self, name: str) -> bool:
        return name in self.stored

    def _weight(self, name: str) -> NDArray[np.float32]:
        return self.wide(name.removesuffix("_quantized"))

    def _dequantized(self, name: str) -> NDArray[np.float32]:
        values = self.stored[f"{name}_quantized"].astype(np.float32)
        zero = self.stored[f"{name}_zero_point"].astype(np.float32)
        return np.asarray((values - zero) * self.stored[f"{name}_scale"], np.float32)


def _bare(name: str) -> str:
    return name.removesuffix(".narrow")


def _renumbered(image: _Graph, cut: int) -> dict[str, NDArray[np.float32]]:
    """Weights of the image tower by their names under another cut."""
    before = 1 + max(int(name.split(".")[2]) for name in image.names(f"{TRUNK}blocks."))
    found = {}
    for name in image.names(TRUNK) | image.names(TAIL):
        values = image.wide(name)
        if ".blocks." not in name:
            found[name] = values
            continue
        start, _, rest = name.partition("blocks.")
        number, _, rest = rest.partition(".")
        block = int(number) + (before if start == TAIL else 0)
        place = f"{TRUNK}blocks.{block}" if block < cut else f"{TAIL}blocks.{block - cut}"
        found[f"{place}.{rest}"] = values
    return found


def _text_weights(text: _Graph, layers: int) -> dict[str, NDArray[np.float32]]:
    found = {name: text.wide(name) for name in text.names(TEXT)}
    if "rows" in text.stored:
        rows, scale = text.stored["rows"].astype(np.float32), text.wide("row_scale")
        found[f"{TEXT}table.weight"] = rows * scale
    found[f"{TEXT}widen.weight"] = text.first_matrix().T
    for layer in range(layers):
        found |= text.linear(f"{TEXT}layers.{layer}.", _LAYER)
    return found | text.linear("text_head.", _HEAD)


def _fill(module: torch.nn.Module, prefix: str, known: Mapping[str, NDArray[np.float32]]) -> None:
    """Write every weight of a module; one that is not known is an error."""
    state = {
        name: torch.from_numpy(np.array(known[prefix + name]))
        for name in module.state_dict()
        if name != "log_scale"
    }
    module.load_state_dict(state, strict=False)


def _factor(folder: Path) -> float:
    """Of the cosines in the loss when the training ended; the first one where it is not told."""
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    return float((manifest.get("dev_recall_float32") or {}).get("factor", FIRST_SCALE))
