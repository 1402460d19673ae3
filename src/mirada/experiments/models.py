"""The models that an experiment names: installed ones, or folders of weights."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mirada.errors import ModelUnavailable
from mirada.experiments.cache import digest_of
from mirada.experiments.config import NONE
from mirada.experiments.gallery import located
from mirada.plugins import (
    HUB_MANIFEST,
    MANIFEST,
    list_plugins,
    load_captioner,
    load_encoder,
    load_segmenter,
)
from mirada.protocols import Digested

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BY_NAME: Final[Mapping[str, Callable[[str], Any]]] = {
    "encoder": load_encoder,
    "segmenter": load_segmenter,
    "captioner": load_captioner,
}


@dataclass(frozen=True, slots=True)
class Model:
    """A model in its role, and what it can be told apart by."""

    role: str
    asked: str  # as the experiment names it
    name: str  # as it names itself, with its revision
    digest: str  # of its weights, or of its name and package where they are not at hand
    size: int | None  # bytes of its weights; None where they are not at hand
    made: Any


class Models:
    """Loads each model once."""

    def __init__(self, base: Path) -> None:
        self._base = base  # what folders are relative to
        self._known: dict[tuple[str, str], Model | None] = {}

    def get(self, role: str, asked: str) -> Model | None:
        """The model of a role; None for "none".

        Raises:
            ModelUnavailable: no installed model is called so, and no folder holds its weights.
        """
        key = role, asked
        if key not in self._known:
            absent = asked == NONE and role != "encoder"
            self._known[key] = None if absent else self._load(role, asked)
        return self._known[key]

    def need(self, role: str, asked: str) -> Model:
        """The same where there must be one."""
        found = self.get(role, asked)
        if found is None:
            raise ModelUnavailable(f"an experiment needs an {role}")
        return found

    def _load(self, role: str, asked: str) -> Model:
        folder = located(asked, self._base)
        own = (folder / MANIFEST).is_file()
        named = str(folder) if own or (folder / HUB_MANIFEST).is_file() else asked
        try:
            made = BY_NAME[role](named)
        except ModelUnavailable as error:
            raise ModelUnavailable(f"{error}; nor is {folder} a folder with {MANIFEST}") from error
        weights = folder if own else weights_of(type(made))
        if weights is not None:
            return Model(role, asked, made.name, *weighed(weights), made)
        told = made.digest if isinstance(made, Digested) else digest_of([made.name, *_origin(made)])
        return Model(role, asked, made.name, told, size_of(type(made)), made)


def _origin(made: object) -> list[str]:
    """The package that a model comes from, with its version."""
    target = f"{type(made).__module__}:{type(made).__qualname__}"
    found = next((one for one in list_plugins() if one.target == target), None)
    return [found.package, found.version] if found else [target]


def weights_of(kind: type) -> Path | None:
    """The folder of weights that a model is made from by default; None where it does not say."""
    folder = inspect.signature(kind).parameters.get("folder")
    return folder.default if folder and isinstance(folder.default, Path) else None


def size_of(kind: type) -> int | None:
    """Bytes of the weights of an installed model; None where they are not at hand."""
    own = weights_of(kind)
    if own is not None:
        return weighed(own)[1]
    return 0 if kind.__module__ == "mirada.models.segmenters" else None


def weighed(folder: Path) -> tuple[str, int]:
    """The sha256 of the files of a model, and their bytes."""
    found, size = sha256(), 0
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            raw = path.read_bytes()
            found.update(sha256(raw).digest())
            size += len(raw)
    return found.hexdigest(), size
