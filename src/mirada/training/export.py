"""Trained towers to the files that `mirada.models.small` runs.

Image weights are stored in few bits and widened to float32 when the session loads, because
computing in int8 moves one nearest neighbour in six on common CPUs. The text tower computes its
matrix products in int8, reduced to 7 bits: with 8 they overflow on CPUs without VNNI.
"""

from __future__ import annotations

import json
import logging
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from mirada.models.weights import (
    DISTRACTORS,
    IMAGE_HEAD,
    IMAGE_TOWER,
    MANIFEST,
    TEXT_TOWER,
    TOKENIZER,
)
from mirada.training.checkpoint import write_atomically, write_json
from mirada.training.recipe import SHAPE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tokenizers import Tokenizer

    from mirada.training.recipe import Recipe
    from mirada.training.towers import Dual
    from mirada.training.vision import Trunk
    from mirada.types import Calibration

OPSET = 18
SMALL = 1024  # weights with fewer values keep float32: they are a thousandth of the file
MEDIUM = 2**16  # those with fewer keep 16 bits: the early layers, small and delicate


class _ImageTower(nn.Module):
    """Without its head, which then serves whole images and regions of a larger map alike."""

    def __init__(self, trunk: Trunk, model: Dual):
        super().__init__()
        self.trunk, self.tail = trunk, model.tail

    def forward(self, pixels: Tensor) -> Tensor:
        """(1, 3, height, width) -> (1, channels, height / 32, width / 32)."""
        out: Tensor = self.tail(self.trunk(pixels))
        return out


class _TextTower(nn.Module):
    """One text a call, so no mask; the word table in int8 with a scale a row."""

    rows: Tensor
    row_scale: Tensor

    def __init__(self, model: Dual, *, exact: bool):
        super().__init__()
        tower = model.text
        self.model, self.exact = model, exact
        table = tower.table.weight.detach()
        scale = table.abs().amax(1, keepdim=True).clamp(min=1e-12) / 127
        self.register_buffer("rows", (table / scale).round().to(torch.int8))
        self.register_buffer("row_scale", scale)

    def forward(self, ids: Tensor) -> Tensor:
        """(1, t) -> (1, dim)."""
        tower = self.model.text
        if self.exact:
            words = tower.table(ids)
        else:
            words = functional.embedding(ids, self.rows).float()
            words = words * functional.embedding(ids, self.row_scale)
        if tower.widen is not None:
            words = tower.widen(words)
        x = tower.norm(words + tower.position.weight[: ids.shape[1]])
        for layer in tower.layers:
            x = layer(x, torch.zeros(1))
        return self.model.place_texts(functional.normalize(x.mean(1), dim=-1))


def export_trunk(trunk: Trunk, size: int, to: Path) -> None:
    """The frozen blocks in float32, for caching maps."""
    _export(trunk, torch.zeros(1, 3, size, size), "pixels", "maps", to)


def export_image(trunk: Trunk, model: Dual, size: int, to: Path, *, bits: int = 16) -> None:
    """Pixels to a feature map; `bits` of its stored weights: 32, 16 or 8 (by channel).

    It takes other sizes than `size` too. Its paddings are those of `size`, so the cells of a map
    keep their places where a size halves as often to odd numbers (260 -> 65, 33, 17, 9 cells;
    356 -> 89, 45, 23, 12).
    """
    _export(_ImageTower(trunk, model), torch.zeros(1, 3, size, size), "pixels", "maps", to)
    graph = onnx.load(str(to))
    _free_sides(graph)
    finish_graph(graph, to, bits)


def export_head(model: Dual, to: Path, *, bits: int = 16) -> None:
    """Pooled features, (n, channels), to (n, dim) vectors."""
    pooled = torch.zeros(2, model.image_head.direct.in_features)
    _export(model.image_head, pooled, "pooled", "vectors", to, moving=0)
    finish_graph(onnx.load(str(to)), to, bits)


def export_text(model: Dual, to: Path, *, bits: int = 8) -> None:
    """The text tower; `bits` 32 exports it as it was trained."""
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415

    tower = _TextTower(model, exact=bits == 32)
    ids = torch.arange(8).reshape(1, 8) % len(model.text.table.weight)
    with tempfile.TemporaryDirectory() as folder:
        made = whole = Path(folder) / "whole.onnx"
        _export(tower, ids, "ids", "vectors", whole, moving=1)
        if bits < 32:
            made = Path(folder) / "narrow.onnx"
            quantize_dynamic(
                whole, made, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8
            )
        graph = onnx.load(str(made))
    strip_traces(graph)
    write_atomically(to, lambda beside: onnx.save(graph, str(beside)))


def strip_traces(model: onnx.ModelProto) -> None:
    """Take out what the exporter says of the machine and the code it ran on."""
    graph = model.graph
    described = (model, graph, *graph.node, *graph.initializer, *graph.input, *graph.output)
    for part in (*described, *graph.value_info, *model.functions):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    for function in model.functions:
        for node in function.node:
            node.ClearField("doc_string")
            node.ClearField("metadata_props")


def _export(
    module: nn.Module,
    example: Tensor,
    given: str,
    made: str,
    to: Path,
    *,
    moving: int | None = None,
) -> None:
    """Write a graph of one input and one output; `moving` is its one dynamic dimension."""
    shapes = None if moving is None else ({moving: torch.export.Dim("t", min=2, max=512)},)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses torchvision, which is right
    program = torch.onnx.export(
        module.eval(),
        (example,),
        input_names=[given],
        output_names=[made],
        opset_version=OPSET,
        dynamo=True,
        dynamic_shapes=shapes,
        external_data=False,
        verbose=False,
    )
    if program is None:
        raise RuntimeError("torch exported nothing")
    write_atomically(to, lambda beside: program.save(str(beside), external_data=False))


def _free_sides(model: onnx.ModelProto) -> None:
    """Let the height and width of the pixels be any: only convolutions work on them."""
    del model.graph.value_info[:]
    for value, names in ((model.graph.input[0], "hw"), (model.graph.output[0], "yx")):
        for dim, name in zip(value.type.tensor_type.shape.dim[2:], names, strict=True):
            dim.dim_param = name


def finish_graph(model: onnx.ModelProto, to: Path, bits: int) -> None:
    """Store its weights in that many bits and write it, without traces of the machine."""
    if bits < 32:
        _store_narrow(model, bits)
    strip_traces(model)
    write_atomically(to, lambda beside: onnx.save(model, str(beside)))


def _store_narrow(model: onnx.ModelProto, bits: int) -> None:
    """Replace float32 weights by narrow ones and nodes that widen them; runtimes fold these."""
    graph = model.graph
    widened = []
    for weight in list(graph.initializer):
        if weight.data_type != onnx.TensorProto.FLOAT or np.prod(weight.dims) < SMALL:
            continue
        values = numpy_helper.to_array(weight)
        name = weight.name
        graph.initializer.remove(weight)
        if bits == 8 and values.size >= MEDIUM:
            scale = (
                np.maximum(
                    np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True), 1e-12
                )
                / 127
            )
            narrow = np.round(values / scale).astype(np.int8)
            graph.initializer.append(numpy_helper.from_array(narrow, f"{name}.narrow"))
            graph.initializer.append(
                numpy_helper.from_array(scale.astype(np.float32), f"{name}.scale")
            )
            widened += [
                _cast(f"{name}.narrow", f"{name}.wide"),
                onnx.helper.make_node("Mul", [f"{name}.wide", f"{name}.scale"], [name]),
            ]
        else:
            narrow = values.astype(np.float16)
            graph.initializer.append(numpy_helper.from_array(narrow, f"{name}.narrow"))
            widened.append(_cast(f"{name}.narrow", name))
    nodes = [*widened, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _cast(given: str, made: str) -> onnx.NodeProto:
    return onnx.helper.make_node("Cast", [given], [made], to=onnx.TensorProto.FLOAT)


@dataclass(frozen=True, slots=True)
class Bits:
    """How the weights are stored: 32 is exact."""

    image: int = 8  # 32, 16 or 8
    text: int = 8  # 32 or 8


def write_model(
    folder: Path,
    *,
    trunk: Trunk,
    model: Dual,
    tokenizer: Tokenizer,
    recipe: Recipe,
    name: str,
    about: Mapping[str, Any],
    bits: Bits,
) -> None:
    """Write graphs and tokenizer; the manifest comes with `write_manifest`."""
    folder.mkdir(parents=True, exist_ok=True)
    export_image(trunk, model, recipe.vision.image_size, folder / IMAGE_TOWER, bits=bits.image)
    export_head(model, folder / IMAGE_HEAD, bits=bits.image)
    export_text(model, folder / TEXT_TOWER, bits=bits.text)
    compact = json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":"))
    write_atomically(folder / TOKENIZER, lambda beside: beside.write_text(compact, "utf-8"))
    write_json(
        folder / MANIFEST,
        {
            "name": name,
            "dim": recipe.dim,
            "image_size": recipe.vision.seen_size,
            "preprocessing": "RGB, squashed to a square (bicubic), (value - 127) / 128",
            "files": digests(folder, (IMAGE_TOWER, IMAGE_HEAD, TEXT_TOWER, TOKENIZER)),
            "calibration": {},
            "languages": list(recipe.languages),
            SHAPE: recipe.shape(),
            "recipe": recipe.fingerprint(),
            **about,
        },
    )


def write_calibration(folder: Path, calibration: Calibration) -> None:
    """Complete a written model with its calibration."""
    vectors = calibration.distractors.astype(np.float16)

    def fill(beside: Path) -> None:
        with beside.open("wb") as file:
            np.save(file, vectors)

    write_atomically(folder / DISTRACTORS, fill)
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    manifest["files"] |= digests(folder, (DISTRACTORS,))
    manifest["calibration"] = {
        key: round(float(getattr(calibration, key)), 6)
        for key in ("temperature", "scale", "offset", "prior")
    }
    write_json(folder / MANIFEST, manifest)


def digests(folder: Path, names: tuple[str, ...]) -> dict[str, str]:
    """The sha256 of each file, hexadecimal, by its name."""
    return {name: sha256((folder / name).read_bytes()).hexdigest() for name in names}
