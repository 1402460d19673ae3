"""Encoders that `mirada models export` wrote: run without torch, without transformers.

A folder holds two graphs, `tokenizer.json`, vectors for the calibration, and `model.json`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from mirada.errors import ConfigError, ModelUnavailable
from mirada.models.pixels import Preparation, preparation_of, prepare
from mirada.models.runtimes import SUFFIXES, Graph, open_graph
from mirada.models.small import clean, unit_rows
from mirada.models.weights import DISTRACTORS, MANIFEST, TOKENIZER
from mirada.types import Calibration, Matrix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PIL.Image import Image

PLUGIN = "exported"
IMAGES, TEXTS = "image", "text"  # names of the graphs, without their endings
TEXTS_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Reading:
    """How texts become tokens."""

    length: int  # tokens of every text: longer ones are cut, shorter ones padded
    pad: int  # the token of padding
    side: str  # where padding goes: "right" or "left"
    lower: bool  # in lower case


@dataclass(frozen=True, slots=True)
class ExportedManifest:
    """What `model.json` says."""

    name: str  # of the encoder that was exported: the vectors agree
    form: str  # of the graphs, see `mirada.models.runtimes`
    dim: int
    image_size: int  # pixels
    pixels: Preparation
    texts: Reading
    calibration: Mapping[str, float]  # temperature, scale, offset, prior
    files: Mapping[str, str]  # name -> sha256, hexadecimal


class ExportedEncoder:
    """Images and texts to unit vectors; safe to share between threads.

    Each graph is loaded by the first call that needs it.
    """

    def __init__(self, folder: Path | str, *, threads: int = 1) -> None:
        """Nothing is loaded but the manifest; `mirada models verify` checks the files against it.

        Args:
            folder: that `mirada models export` wrote.
            threads: that one call may use; 0: as many as the runtime thinks fit. Indexing brings
                a thread for each core, so 1 is best there.

        Raises:
            ModelUnavailable: the folder holds no exported encoder.
            ConfigError: there cannot be as many threads.
        """
        if threads < 0:
            raise ConfigError(f"threads must be 0 or more, not {threads}")
        self.folder = Path(folder)
        manifest = read_exported(self.folder)
        self.name, self.dim = manifest.name, manifest.dim
        self.image_size = manifest.image_size
        self.digest = sha256(
            json.dumps([manifest.form, *manifest.files.items()]).encode()
        ).hexdigest()
        self._manifest, self._threads = manifest, threads
        self._loading = Lock()
        self._graphs: dict[str, Graph] = {}

    def encode_images(self, images: Sequence[Image]) -> Matrix:
        """(n, dim) unit rows, one per RGB image, in order."""
        if not images:
            return np.empty((0, self.dim), np.float32)
        graph, how = self._graph(IMAGES), self._manifest.pixels
        # one at a time: on a CPU batches gain nothing
        return unit_rows(np.concatenate([graph(prepare(image, how)[None]) for image in images]))

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        """(n, dim) unit rows, one per text, in order; any text is accepted."""
        if not texts:
            return np.empty((0, self.dim), np.float32)
        graph, lower = self._graph(TEXTS), self._manifest.texts.lower
        asked = [clean(text).lower() if lower else clean(text) for text in texts]
        ids = np.array([one.ids for one in self._tokenizer.encode_batch(asked)], np.int64)
        starts = range(0, len(ids), TEXTS_AT_ONCE)
        return unit_rows(np.concatenate([graph(ids[at : at + TEXTS_AT_ONCE]) for at in starts]))

    @cached_property
    def calibration(self) -> Calibration:
        """How scores turn into probabilities: that of the encoder that was exported."""
        distractors = np.load(self.folder / DISTRACTORS, allow_pickle=False)
        return Calibration(unit_rows(distractors), **self._manifest.calibration)

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer  # noqa: PLC0415 only texts need it

        how = self._manifest.texts
        made = Tokenizer.from_file(str(self.folder / TOKENIZER))
        made.enable_truncation(how.length)
        made.enable_padding(length=how.length, pad_id=how.pad, direction=how.side)
        return made

    def _graph(self, name: str) -> Graph:
        with self._loading:
            if name not in self._graphs:
                form = self._manifest.form
                path = self.folder / f"{name}{SUFFIXES[form]}"
                self._graphs[name] = open_graph(path, form, self._threads)
            return self._graphs[name]


def read_exported(folder: Path) -> ExportedManifest:
    """The manifest of an exported encoder.

    Raises:
        ModelUnavailable: it is missing or not one, or a file that it names is missing.
    """
    path = folder / MANIFEST
    try:
        told: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if told["plugin"] != PLUGIN or told["format"] not in SUFFIXES:
            raise ValueError(f"of {told['plugin']}, {told['format']}")
        manifest = ExportedManifest(
            name=str(told["name"]),
            form=told["format"],
            dim=int(told["dim"]),
            image_size=int(told["image_size"]),
            pixels=preparation_of(told["preprocessing"]),
            texts=Reading(**told["texts"]),
            calibration=told["calibration"],
            files=told["files"],
        )
    except FileNotFoundError as error:
        raise ModelUnavailable(
            f"{folder} holds no {MANIFEST}: name a folder that `mirada models export` wrote"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(f"{path} is damaged ({error}): export the model again") from error
    for name in manifest.files:
        if not (folder / name).is_file():
            raise ModelUnavailable(f"{folder / name} is missing: export the model again")
    return manifest
