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
from mirada.models.devices import choose_device, memory_told, place_model, precision_for
from mirada.models.pixels import without_ends
from mirada.models.weights import digest_of_folder, digest_of_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image

HUB = "hf-hub:"
CONFIG = "open_clip_config.json"
DEFAULT_SIZE = 224  # pixels, where a configuration says nothing
DIGITS = 12  # of a revision in a name
SHORTEST = "shortest"  # how images are brought to size: the shorter side, then the middle


@dataclass(frozen=True, slots=True)
class Outline:
    """A model before its weights are loaded."""

    name: str  # with its revision
    place: str  # as open_clip is told: an architecture, "local-dir:..." or "hf-hub:..."
    tag: str | None  # of the weights of an architecture
    quick_gelu: bool  # whether weights of that tag were trained with this approximation
    dim: int
    image_size: int  # pixels
    digest: str
    device: str | None
    precision: str | None


def outline(model: Path | str, device: str | None, precision: str | None) -> Outline:
    """What can be told of a model without its weights.

    Raises:
        ModelUnavailable: there is no such model, or its configuration cannot be had.
        ConfigError: there is no such device here, or no such precision.
    """
    numbers = str(precision_for(choose_device(device), precision))
    tag, settings = None, ""
    with _told(str(model)):
        if Path(model).is_dir():
            folder = Path(model).resolve()
            place, told = f"local-dir:{folder}", json.loads((folder / CONFIG).read_text("utf-8"))
            name = f"{folder.name}@{digest_of_folder(folder)[:DIGITS]}"
            settings = digest_of_settings(folder)
        elif str(model).startswith(HUB):
            identity = str(model).removeprefix(HUB)
            path = Path(download_pretrained_from_hf(identity, filename=CONFIG))
            place, told = str(model), json.loads(path.read_text("utf-8"))
            name = f"{identity}@{path.parent.name[:DIGITS]}"  # its folder is called as the commit
        else:
            place, _, tag = str(model).rpartition("/")
            told, name = {"model_cfg": _built_in(place, tag)}, str(model)
        config = told["model_cfg"]
        size = config["vision_cfg"].get("image_size", DEFAULT_SIZE)
        side = max(size) if isinstance(size, list | tuple) else int(size)
        digest = sha256(f"{numbers} {settings}".encode()).hexdigest()
        quick = bool(tag and open_clip.get_pretrained_cfg(place, tag).get("quick_gelu"))
        dim = config["embed_dim"]
        return Outline(name, place, tag, quick, dim, side, digest, device, precision)


class OpenClipTowers:
    """A model of open_clip, loaded."""

    def __init__(self, about: Outline) -> None:
        """Load the weights; raises ModelUnavailable where they cannot be had or are damaged."""
        with _told(about.name):
            made = open_clip.create_model(
                about.place,
                about.tag,
                force_quick_gelu=about.quick_gelu,
                require_pretrained=True,
            )
            self.tokenizer = open_clip.get_tokenizer(about.place)
        self.preprocess = PreprocessCfg(**made.visual.preprocess_cfg)
        self._pixels = image_transform_v2(self.preprocess, is_train=False)
        self.model = place_model(made, about.device, about.precision)
        self.logit_scale = float(made.logit_scale.detach().float().exp())
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


def _built_in(architecture: str, tag: str) -> Mapping[str, Any]:
    """The configuration of an architecture that open_clip brings, and has weights of."""
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
    return dict(config)


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Say of every way in which a model cannot be had what to do."""
    try:
        yield
    except ImportError as error:
        raise ModelUnavailable(
            f"{name} needs transformers for its texts: pip install 'mirada[hub]'"
        ) from error
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError, UnpicklingError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise ModelUnavailable(
            f"{name} cannot be had: {first}. Name ARCHITECTURE/TAG, hf-hub:org/name, or a folder "
            f"with {CONFIG} and weights"
        ) from error
