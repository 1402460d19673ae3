"""Finds a model of open_clip and runs it; only `OpenClipEncoder` imports this, when it is made."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

import numpy as np
import open_clip
import torch
from open_clip.factory import download_pretrained_from_hf
from open_clip.transform import PreprocessCfg, image_transform_v2
from safetensors import SafetensorError

from mirada.errors import ModelUnavailable
from mirada.models import snapshots
from mirada.models.devices import choose_device, memory_told, place_model, precision_for
from mirada.models.reasons import reason
from mirada.models.thin import without_ends
from mirada.models.weights import digest_of_folder, digest_of_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image

HUB, FOLDER = "hf-hub:", "local-dir:"
STEMS = ("open_clip_model", "open_clip_pytorch_model")  # of files of weights on the hub
CONFIG = "open_clip_config.json"
DEFAULT_SIZE = 224  # pixels, where a configuration says nothing
DIGITS = 12  # of a revision in a name
BROKEN = (
    *(OSError, ValueError, KeyError, RuntimeError, EOFError, TypeError),
    *(SafetensorError, UnpicklingError),
)
SHORTEST = "shortest"  # how images are brought to size: the shorter side, then the middle


@dataclass(frozen=True, slots=True)
class Found:
    """Where a model is."""

    name: str  # with its revision
    place: str  # as open_clip is told: an architecture, or "local-dir:..."
    config: Mapping[str, Any]  # "model_cfg" of open_clip
    tag: str | None = None  # of the weights of an architecture
    settings: str = ""  # digest of the small files beside weights
    identity: str = ""  # on the hub, of which the folder holds a commit
    words: str = ""  # the place of the tokenizer, where it is another


@dataclass(frozen=True, slots=True)
class Outline:
    """A model before its weights are loaded."""

    found: Found
    quick_gelu: bool  # whether weights of that tag were trained with this approximation
    dim: int
    image_size: int  # pixels
    digest: str
    device: str | None
    precision: str | None


def outline(model: Path | str, device: str | None, precision: str | None) -> Outline:
    """What can be told of a model without its weights.

    Of one on the hub all small files are fetched, and a commit that was fetched before stays.

    Raises:
        ModelUnavailable: there is no such model, or its configuration cannot be had.
        ConfigError: there is no such device here, or no such precision.
    """
    numbers = str(precision_for(choose_device(device), precision))
    with _told(str(model)):
        if Path(model).is_dir():
            found = _in_folder(Path(model).resolve())
        elif str(model).startswith(HUB):
            found = _on_hub(str(model).removeprefix(HUB))
        else:
            found = _built_in(str(model))
        size = found.config["vision_cfg"].get("image_size", DEFAULT_SIZE)
        side = max(size) if isinstance(size, list | tuple) else int(size)
        digest = sha256(f"{numbers} {found.settings}".encode()).hexdigest()
        about = open_clip.get_pretrained_cfg(found.place, found.tag) if found.tag else {}
        quick, dim = bool(about.get("quick_gelu")), found.config["embed_dim"]
        return Outline(found, quick, dim, side, digest, device, precision)


class OpenClipTowers:
    """A model of open_clip, loaded."""

    def __init__(self, about: Outline) -> None:
        """Load the weights; raises ModelUnavailable where they cannot be had or are damaged."""
        found = about.found
        with _told(found.name), memory_told():
            _fetch_weights(found)
            made = open_clip.create_model(
                found.place,
                found.tag,
                force_quick_gelu=about.quick_gelu,
                require_pretrained=True,
            )
            self.tokenizer = open_clip.get_tokenizer(found.words or found.place)
        self.preprocess = PreprocessCfg(**made.visual.preprocess_cfg)
        self._pixels = image_transform_v2(self.preprocess, is_train=False)
        self.logit_scale = float(made.logit_scale.detach().float().exp())  # before it is rounded
        self.model = place_model(made, about.device, about.precision)
        parameter = next(self.model.parameters())
        self._device, self._numbers = parameter.device, parameter.dtype

    def show(self, image: Image) -> NDArray[np.float32]:
        """(3, height, width) of one RGB image."""
        cut = self.preprocess.resize_mode == SHORTEST
        shown = self._pixels((without_ends(image) if cut else image).convert("RGB"))
        return np.asarray(shown.numpy(), np.float32)

    def see(self, shown: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """(n, dim), of any length."""
        with torch.inference_mode(), memory_told():
            given = torch.from_numpy(np.stack(shown)).to(self._device, self._numbers)
            return np.asarray(self.model.encode_image(given).float().cpu().numpy())

    def read(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, dim), of any length."""
        with torch.inference_mode(), memory_told():
            ids = self.tokenizer(list(texts)).to(self._device)
            return np.asarray(self.model.encode_text(ids).float().cpu().numpy())


def _in_folder(folder: Path) -> Found:
    return Found(
        name=f"{folder.name}@{digest_of_folder(folder)[:DIGITS]}",
        place=f"{FOLDER}{folder}",
        config=_config(folder),
        settings=digest_of_settings(folder),
    )


def _on_hub(source: str) -> Found:
    """Of "org/name" or "org/name@revision": the folder of a commit in the cache."""
    identity, _, revision = source.partition("@")
    folder = snapshots.find(identity, revision or None, STEMS)
    config = _config(folder)
    elsewhere = config["text_cfg"].get("hf_tokenizer_name") and not snapshots.holds_words(folder)
    return Found(
        name=f"{identity}@{folder.name[:DIGITS]}",
        place=f"{FOLDER}{folder}",
        config=config,
        identity=identity,
        words=f"{HUB}{identity}" if elsewhere else "",
    )


def _config(folder: Path) -> Mapping[str, Any]:
    told: dict[str, Any] = json.loads((folder / CONFIG).read_text("utf-8"))
    return told["model_cfg"]  # type: ignore[no-any-return]


def _built_in(name: str) -> Found:
    """An architecture that open_clip brings, with weights that it knows."""
    architecture, _, tag = name.rpartition("/")
    config = open_clip.get_model_config(architecture) if architecture else None
    if config is None:
        near = get_close_matches(architecture or tag, open_clip.list_models(), n=3)
        raise ModelUnavailable(
            f"open_clip has no model {architecture or tag!r}: write ARCHITECTURE/TAG, such as "
            f"ViT-B-32/laion2b_s34b_b79k; near: {', '.join(near) or 'none'}"
        )
    if not open_clip.get_pretrained_cfg(architecture, tag):
        tags = open_clip.list_pretrained_tags_by_model(architecture)
        raise ModelUnavailable(
            f"open_clip has no weights {tag!r} of {architecture}; known: {', '.join(tags)}"
        )
    return Found(name, architecture, dict(config), tag)


def _fetch_weights(found: Found) -> None:
    """Those of a model on the hub, of the commit of its configuration."""
    folder = Path(found.place.removeprefix(FOLDER))
    if found.identity and not snapshots.holds_weights(folder, STEMS):
        download_pretrained_from_hf(found.identity, revision=folder.name)


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Say of every way in which a model cannot be had what to do."""
    try:
        yield
    except ImportError as error:
        raise ModelUnavailable(
            f"{name} needs transformers for its texts: pip install 'mirada[hub]'"
        ) from error
    except BROKEN as error:
        raise ModelUnavailable(
            f"{name} cannot be had: {reason(error)}. Name ARCHITECTURE/TAG, hf-hub:org/name, or a "
            f"folder with {CONFIG} and weights"
        ) from error
