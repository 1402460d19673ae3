"""Where a checkpoint comes from, what it is called, and how it is loaded.

Code that comes with a checkpoint is run only where its user says so.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
import transformers
from safetensors import SafetensorError

from mirada.errors import ConfigError, ModelUnavailable
from mirada.models.devices import choose_device, halves

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

WEIGHTS = (".safetensors", ".bin")
DIGITS = 12  # of a revision in a name
PRECISIONS = ("auto", "float32", "bfloat16", "float16")
PRECISION_VARIABLE = "MIRADA_PRECISION"


@dataclass(frozen=True, slots=True)
class Source:
    """A checkpoint in the format of Hugging Face."""

    place: str  # a folder, or an id on the hub
    revision: str | None  # branch, tag or commit on the hub; None: the main branch
    trusted: bool  # whether code that comes with it may run

    def config(self) -> Any:
        """Transformers' configuration of the checkpoint; raises ModelUnavailable."""
        return self.load(transformers.AutoConfig.from_pretrained)

    def load(self, from_pretrained: Callable[..., T], **options: Any) -> T:
        """What a `from_pretrained` of transformers makes of the checkpoint.

        From the folder, the local cache or, unless HF_HUB_OFFLINE is set, the hub.

        Raises:
            ModelUnavailable: it cannot be had, is damaged, or needs what is not installed.
        """
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        asked = {"revision": self.revision} if self.revision else {}
        try:
            return from_pretrained(self.place, trust_remote_code=self.trusted, **asked, **options)
        except (OSError, ValueError, KeyError, ImportError, SafetensorError) as error:
            where = "damaged or incomplete" if Path(self.place).is_dir() else "not to be had"
            raise ModelUnavailable(
                f"{self.place} is {where}: {_first_line(error)}. Give a folder in the format of"
                " Hugging Face, or an id on its hub, and with HF_HUB_OFFLINE one that was fetched"
                " before"
            ) from error

    def name(self, config: Any) -> str:
        """The checkpoint with its revision: "org/name@commit", or "folder@digest of its weights".

        Args:
            config: of `config()`, which knows the commit.
        """
        folder = Path(self.place)
        if folder.is_dir():
            return f"{folder.resolve().name}@{digest_of_folder(folder)[:DIGITS]}"
        commit = getattr(config, "_commit_hash", None) or self.revision or "unknown"
        return f"{self.place}@{commit[:DIGITS]}"


def source_of(model: Path | str, *, trusted: bool = False) -> Source:
    """The source that users write as a folder, "org/name" or "org/name@revision"."""
    if isinstance(model, Path) or Path(model).is_dir():
        return Source(str(model), None, trusted)
    place, _, revision = model.partition("@")
    return Source(place, revision or None, trusted)


def digest_of_folder(folder: Path) -> str:
    """Hexadecimal sha256 over the names and bytes of the weights in a folder."""
    told = sha256()
    for path in sorted(path for path in folder.iterdir() if path.suffix in WEIGHTS):
        with path.open("rb") as file:
            told.update(path.name.encode() + file_digest(file, "sha256").digest())
    return told.hexdigest()


def precision_for(device: torch.device, asked: str | None = None) -> torch.dtype:
    """The numbers to compute with: as asked, by MIRADA_PRECISION, or what suits the device.

    Raises:
        ConfigError: there is no such precision.
    """
    name = asked or os.environ.get(PRECISION_VARIABLE) or "auto"
    if name not in PRECISIONS:
        raise ConfigError(f"precision {name!r} is not one of {', '.join(PRECISIONS)}")
    if name == "auto":
        return torch.bfloat16 if halves(device) else torch.float32
    kind: torch.dtype = getattr(torch, name)
    return kind


def place_model(model: Any, device: str | None, precision: str | None) -> Any:
    """The model on its device in its precision, only to be asked.

    Raises:
        ConfigError: there is no such device here, or no such precision.
    """
    where = choose_device(device)
    return model.to(device=where, dtype=precision_for(where, precision)).eval()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
