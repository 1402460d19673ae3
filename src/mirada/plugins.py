"""Plug-ins by entry point: a role and a name lead to a model; listing them imports nothing."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mirada.errors import ModelUnavailable

if TYPE_CHECKING:
    from mirada.protocols import Captioner, Encoder, Segmenter, TextReader

ROLES = ("encoders", "segmenters", "captioners", "readers")
MANIFEST = "model.json"  # in a folder of weights
TRAINED = {
    "encoders": "mirada-small",
    "segmenters": "feature-map",
    "captioners": "mirada-small-captioner",
}
"""Role -> the plug-in that runs what `mirada train` made for it."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A model that some installed package offers."""

    role: str  # such as "encoders"
    name: str  # such as "mirada-small"
    package: str  # the distribution that brings it
    version: str
    target: str  # module:attribute


def list_plugins(role: str | None = None) -> list[Plugin]:
    """Every installed plug-in, of one role or of all, by role and name."""
    found = [_describe(one, entry) for one in ROLES if role in (None, one) for entry in _find(one)]
    return sorted(found, key=lambda plugin: (plugin.role, plugin.name))


def load_encoder(name: str) -> Encoder:
    """The encoder of that name, made ready to encode.

    Args:
        name: of an installed plug-in, or a folder of weights that `mirada train` made.

    Raises:
        ModelUnavailable: no package offers it, or it cannot be loaded.
    """
    return cast("Encoder", _make("encoders", name))


def load_segmenter(name: str) -> Segmenter:
    """The segmenter of that name; raises ModelUnavailable as `load_encoder`."""
    return cast("Segmenter", _make("segmenters", name))


def load_captioner(name: str) -> Captioner:
    """The captioner of that name; raises ModelUnavailable as `load_encoder`."""
    return cast("Captioner", _make("captioners", name))


def load_reader(name: str) -> TextReader:
    """The reader of text in images of that name; raises ModelUnavailable as `load_encoder`."""
    return cast("TextReader", _make("readers", name))


def _make(role: str, name: str) -> object:
    offered = {entry.name: entry for entry in _find(role)}
    if name in offered:
        return _load(offered[name])()
    trained = offered.get(TRAINED.get(role, ""))
    if trained is not None and (Path(name) / MANIFEST).is_file():
        return _load(trained)(Path(name))
    known = ", ".join(plugin.name for plugin in list_plugins(role)) or "none"
    raise ModelUnavailable(
        f"no {role.removesuffix('s')} is called {name!r}, nor is that a folder with {MANIFEST}; "
        f"installed: {known}"
    )


def _find(role: str) -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=f"mirada.{role}"))


def _load(entry: EntryPoint) -> type:
    try:
        return cast("type", entry.load())
    except (ImportError, AttributeError) as error:
        raise ModelUnavailable(f"{entry.name} ({entry.value}) cannot be loaded: {error}") from error


def _describe(role: str, entry: EntryPoint) -> Plugin:
    package = entry.dist
    return Plugin(
        role=role,
        name=entry.name,
        package=package.name if package else "?",
        version=package.version if package else "?",
        target=entry.value,
    )
