"""The files of a model that mirada trained: ONNX graphs, a tokenizer and `model.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mirada.errors import ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MANIFEST = "model.json"
IMAGE_TOWER = "image.onnx"
TEXT_TOWER = "text.onnx"
TOKENIZER = "tokenizer.json"
DISTRACTORS = "distractors.npy"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `model.json` says that inference needs; the rest of it is for readers."""

    name: str  # with its revision
    dim: int
    image_size: int  # pixels a side
    files: Mapping[str, str]  # name -> sha256, hexadecimal
    calibration: Mapping[str, float]  # temperature, scale, offset, prior


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the model in a folder.

    Raises:
        ModelUnavailable: it is missing or not one, or a file that it names is missing.
    """
    path = folder / MANIFEST
    try:
        content: dict[str, Any] = json.loads(path.read_text("utf-8"))
        manifest = Manifest(**{name: content[name] for name in Manifest.__slots__})
    except FileNotFoundError as error:
        raise ModelUnavailable(f"no model in {folder}: reinstall mirada") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(f"{path} is damaged ({error}): reinstall mirada") from error
    for name in manifest.files:
        if not (folder / name).is_file():
            raise ModelUnavailable(f"{folder / name} is missing: reinstall mirada")
    return manifest


def damaged_files(folder: Path) -> list[str]:
    """Names of the files whose bytes are not those that the manifest promises."""
    return [
        name
        for name, digest in read_manifest(folder).files.items()
        if sha256((folder / name).read_bytes()).hexdigest() != digest
    ]
