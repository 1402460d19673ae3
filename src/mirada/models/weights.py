"""The files of a model that mirada trained: ONNX graphs, a tokenizer and `model.json`."""

from __future__ import annotations

import json
from dataclasses import MISSING, dataclass, fields, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar

from mirada.errors import ModelUnavailable
from mirada.models.checksums import digest_of_file, hash_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MANIFEST = "model.json"
IMAGE_TOWER = "image.onnx"  # pixels to a feature map
IMAGE_HEAD = "head.onnx"  # pooled features to vectors
TEXT_TOWER = "text.onnx"
TOKENIZER = "tokenizer.json"
DISTRACTORS = "distractors.npy"
GROUNDING = "grounding.npz"  # how texts fit parts of images; not every model has it
CELLS = "cells.onnx"  # pooled features of boxes to what a decoder keeps of them
WORDS = "words.onnx"  # one step of a decoder
SETTINGS = (".json", ".txt", ".model")  # small files beside them: configurations, tokenizers
CHECKPOINTS = (".safetensors", ".bin", ".pth", ".pt")  # weights that others made
CHANCES = "chances.npz"  # a network that tells where things are


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `model.json` says that inference needs; the rest of it is for readers."""

    name: str  # with its revision
    dim: int
    image_size: int  # pixels a side
    files: Mapping[str, str]  # name -> sha256, hexadecimal
    calibration: Mapping[str, float]  # temperature, scale, offset, prior
    tuned_from: str = ""  # the encoder whose heads were trained on; "": this is none's


@dataclass(frozen=True, slots=True)
class CaptionerManifest:
    """The same for a captioner."""

    name: str  # with its revision
    maps_of: str  # the encoder whose feature maps it reads
    languages: tuple[str, ...]
    grid: int  # cells a side over which a box is pooled
    layers: int
    heads: int
    part: int  # width of a head
    length: int  # of a text with its mark, in word pieces
    files: Mapping[str, str]  # name -> sha256, hexadecimal


@dataclass(frozen=True, slots=True)
class SegmenterManifest:
    """The same for a segmenter."""

    name: str  # with its revision
    maps_of: str  # the encoder whose feature maps it reads
    files: Mapping[str, str]  # name -> sha256, hexadecimal


@dataclass(frozen=True, slots=True)
class _Files:
    """What every manifest has."""

    files: Mapping[str, str]


Kind = TypeVar("Kind", Manifest, CaptionerManifest, SegmenterManifest, _Files)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the encoder in a folder.

    Raises:
        ModelUnavailable: it is missing or not one, or a file that it names is missing.
    """
    return _read(folder, Manifest)


def digest_of(manifest: Manifest) -> str:
    """Hexadecimal digest of all that decides the vectors: calibrating again changes nothing."""
    towers = [manifest.files.get(name) for name in (IMAGE_TOWER, IMAGE_HEAD, TEXT_TOWER, TOKENIZER)]
    decisive = [manifest.name, manifest.dim, manifest.image_size, towers]
    return sha256(json.dumps(decisive).encode()).hexdigest()


def read_captioner_manifest(folder: Path) -> CaptionerManifest:
    """The manifest of the captioner in a folder; raises ModelUnavailable as `read_manifest`."""
    found = _read(folder, CaptionerManifest)
    return replace(found, languages=tuple(found.languages))


def read_segmenter_manifest(folder: Path) -> SegmenterManifest:
    """The manifest of the segmenter in a folder; raises ModelUnavailable as `read_manifest`."""
    return _read(folder, SegmenterManifest)


def _read(folder: Path, kind: type[Kind]) -> Kind:
    path = folder / MANIFEST
    try:
        content: dict[str, Any] = json.loads(path.read_text("utf-8"))
        told = [one for one in fields(kind) if one.default is MISSING or one.name in content]
        manifest = kind(**{field.name: content[field.name] for field in told})
    except FileNotFoundError as error:
        raise ModelUnavailable(f"no model in {folder}: reinstall mirada") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(f"{path} is damaged ({error}): reinstall mirada") from error
    for name in manifest.files:
        if not (folder / name).is_file():
            raise ModelUnavailable(f"{folder / name} is missing: reinstall mirada")
    return manifest


def kept_names(what: str, layers: int) -> list[str]:
    """Names of the inputs or outputs with keys and values of every layer, in order."""
    return [f"{what}_{part}_{layer}" for layer in range(layers) for part in ("keys", "values")]


def promised_files(folder: Path) -> Mapping[str, str]:
    """Name -> hexadecimal sha256 of the files that the manifest promises.

    Raises:
        ModelUnavailable: it is missing or not one, or a file that it names is missing.
    """
    return _read(folder, _Files).files


def damaged_files(folder: Path) -> list[str]:
    """Names of the files whose bytes are not those that the manifest promises."""
    promised = promised_files(folder).items()
    return [name for name, digest in promised if hash_file(folder / name) != digest]


def digest_of_folder(folder: Path) -> str:
    """Hexadecimal sha256 over the names and bytes of the weights in a folder."""
    told = sha256()
    for path in sorted(path for path in folder.iterdir() if path.suffix in CHECKPOINTS):
        told.update(path.name.encode() + bytes.fromhex(digest_of_file(path)))
    return told.hexdigest()


def digest_of_settings(folder: Path) -> str:
    """Hexadecimal sha256 over the small files beside the weights; "" where that is no folder."""
    if not folder.is_dir():
        return ""
    told = sha256()
    for path in sorted(path for path in folder.iterdir() if path.suffix in SETTINGS):
        told.update(path.name.encode() + sha256(path.read_bytes()).digest())
    return told.hexdigest()
