"""Writes a dual encoder of transformers as two graphs that run without torch.

What was written is checked against the model itself before it takes its place.
"""

from __future__ import annotations

import json
import logging
import shutil
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mirada.errors import ConfigError, ModelUnavailable
from mirada.models.checksums import hash_file
from mirada.models.exported import IMAGES, PLUGIN, TEXTS, ExportedEncoder, Reading
from mirada.models.pixels import SHORTEST, SQUASH, Preparation
from mirada.models.runtimes import ONNX, SUFFIXES
from mirada.models.weights import DISTRACTORS, MANIFEST, TOKENIZER

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from mirada.models.hub.dual import HubTowers
    from mirada.models.hub.encoders import HubEncoder

FAMILIES = ("clip", "siglip")  # SigLIP 2 of one size is a "siglip" by its configuration
OPSET = 18
CLOSE = 1e-4  # by which no number of a unit vector may differ
LARGEST = 1_500_000_000  # bytes of weights in a graph: beyond 2 GB they lie in a file beside it
SIZES = ((320, 240), (37, 41), (900, 20), (1, 1))  # of the pictures of the check
SAID = ("a red car", "", "Two children on a beach at sunset", "word " * 200)


def export_encoder(encoder: HubEncoder, folder: Path, form: str = ONNX) -> float:
    """Write an encoder as graphs of float32, with all that it needs, and check them.

    Args:
        encoder: a CLIP, SigLIP or SigLIP 2 of one size, on the processor, in float32.
        folder: that is not there yet; nothing half done will be.
        form: ONNX or OPENVINO of `mirada.models.runtimes`.

    Returns:
        The largest difference between any number of a vector and the model's own.

    Raises:
        ConfigError: the folder is there already, or the encoder computes elsewhere or otherwise.
        ModelUnavailable: the model is of another family, or an extra is missing.
    """
    about = encoder.outline
    if (about.device.type, about.precision) != ("cpu", torch.float32):
        raise ConfigError("only an encoder with device = 'cpu', precision = 'float32' is exported")
    if folder.exists():
        raise ConfigError(f"{folder} is there already: name another, or remove it")
    pixels, texts = _preparation(encoder), _reading(encoder)
    beside = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        _write_graphs(encoder, beside, pixels, texts, form)
        _write_rest(encoder, beside, pixels, texts, form)
        differs = _difference(encoder, ExportedEncoder(beside))
        if not differs <= CLOSE:  # nor is what is no number close
            raise ModelUnavailable(
                f"the graphs of {encoder.name} differ from the model by {differs:.1g}, more than "
                f"{CLOSE:g}: use the model itself"
            )
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return differs


class _ImageTower(torch.nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        found = self.model.get_image_features(pixel_values=pixels)
        return getattr(found, "pooler_output", found)


class _TextTower(torch.nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        # without a mask: SigLIP reads its padding, CLIP looks at nothing behind a token
        found = self.model.get_text_features(input_ids=ids)
        return getattr(found, "pooler_output", found)


def _write_graphs(
    encoder: HubEncoder, to: Path, pixels: Preparation, texts: Reading, form: str
) -> None:
    model = _towers(encoder).model
    examples = {
        IMAGES: (_ImageTower(model), torch.zeros(2, 3, pixels.crop, pixels.crop)),
        TEXTS: (_TextTower(model), torch.full((2, texts.length), texts.pad)),
    }
    for name, (tower, example) in examples.items():
        path = to / f"{name}{SUFFIXES[ONNX]}"
        _write_onnx(tower, example, path)
        if form != ONNX:
            _to_openvino(path)


def _write_onnx(tower: torch.nn.Module, example: torch.Tensor, to: Path) -> None:
    for chatty in ("torch.onnx", "onnxscript", "onnx_ir"):  # of torchvision and of folding
        logging.getLogger(chatty).setLevel(logging.ERROR)
    try:
        program = torch.onnx.export(
            tower.eval(),
            (example,),
            input_names=["given"],
            output_names=["vectors"],
            opset_version=OPSET,
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("n", min=1, max=4096)},),
            verbose=False,
        )
    except ImportError as error:
        raise ModelUnavailable("to export needs the extra: pip install 'mirada[export]'") from error
    except torch.onnx.OnnxExporterError as error:
        first = str(error).strip().partition("\n")[0]
        raise ModelUnavailable(f"torch cannot export it: {first}. Use the model itself") from error
    assert program is not None  # noqa: S101 so torch promises of dynamo=True
    size = sum(one.numel() * one.element_size() for one in tower.parameters())
    program.save(str(to), external_data=size > LARGEST)


def _to_openvino(path: Path) -> None:
    try:
        import openvino  # noqa: PLC0415 an extra
    except ImportError as error:
        raise ModelUnavailable(
            "the format openvino needs the extra: pip install 'mirada[openvino]'"
        ) from error
    graph = openvino.convert_model(str(path))
    openvino.save_model(graph, str(path.with_suffix(".xml")), compress_to_fp16=False)
    for written in path.parent.glob(f"{path.name}*"):  # weights may lie beside it
        written.unlink()


def _write_rest(
    encoder: HubEncoder, to: Path, pixels: Preparation, texts: Reading, form: str
) -> None:
    """The tokenizer, the vectors of the calibration, and the manifest of all of it."""
    (to / TOKENIZER).write_text(_towers(encoder).tokenizer.backend_tokenizer.to_str(), "utf-8")
    fitted = encoder.calibration
    np.save(to / DISTRACTORS, fitted.distractors, allow_pickle=False)
    numbers = {name: getattr(fitted, name) for name in ("temperature", "scale", "offset", "prior")}
    manifest = {
        "plugin": PLUGIN,
        "format": form,
        "name": encoder.name,
        "dim": encoder.dim,
        "image_size": encoder.image_size,
        "preprocessing": asdict(pixels),
        "texts": asdict(texts),
        "calibration": numbers,
        "files": {path.name: hash_file(path) for path in sorted(to.iterdir())},
    }
    (to / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")


def _preparation(encoder: HubEncoder) -> Preparation:
    """What the processor of the checkpoint does, as data; raises ModelUnavailable."""
    about = encoder.outline
    told = about.processor.to_dict()
    size, cuts = told.get("size") or {}, bool(told.get("do_center_crop"))
    wanted = ("shortest_edge", "height", "width")
    sides = {int(side) for name in wanted if (side := size.get(name))}
    crops = {int(side) for side in (told.get("crop_size") or {}).values() if side}
    crops = crops if cuts else sides
    shortest = bool(size.get("shortest_edge"))
    usual = told.get("do_resize", True) and told.get("do_rescale", True)
    square = cuts or not shortest  # else each picture has a shape of its own
    known = about.config.model_type in FAMILIES and usual and square
    if not (known and len(sides) == len(crops) == 1 and max(crops) <= max(sides)):
        raise ModelUnavailable(
            f"{encoder.name} ({about.config.model_type}) cannot be exported: only CLIP, SigLIP and "
            "SigLIP 2 of one size can, with square pictures"
        )
    normal = told.get("do_normalize", True)
    return Preparation(
        resize=SHORTEST if shortest else SQUASH,
        size=max(sides),
        crop=max(crops),
        resample=int(told["resample"]),
        mean=tuple(told["image_mean"]) if normal else (0.0,) * 3,
        std=tuple(told["image_std"]) if normal else (1.0,) * 3,
    )


def _reading(encoder: HubEncoder) -> Reading:
    towers = _towers(encoder)
    if not hasattr(towers.tokenizer, "backend_tokenizer"):
        raise ModelUnavailable(f"{encoder.name} has no tokenizer that runs without transformers")
    pad, side = towers.tokenizer.pad_token_id or 0, towers.tokenizer.padding_side
    return Reading(towers.manner.length, int(pad), str(side), towers.manner.lower)


def _difference(encoder: HubEncoder, written: ExportedEncoder) -> float:
    images = [_picture(*size) for size in SIZES]
    seen = encoder.encode_images(images) - written.encode_images(images)
    read = encoder.encode_texts(SAID) - written.encode_texts(SAID)
    return float(np.max([np.abs(seen).max(), np.abs(read).max()]))  # nan where there is one


def _picture(width: int, height: int) -> Image:
    """A picture of noise, always the same."""
    from PIL import Image as Pillow  # noqa: PLC0415 only for the check

    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Pillow.fromarray(pixels)


def _towers(encoder: HubEncoder) -> HubTowers:
    towers: Any = encoder.towers
    return towers  # type: ignore[no-any-return]
