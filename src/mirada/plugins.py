"""Plug-ins by entry point: a role and a name lead to a model; listing them imports nothing.

A model is named by its plug-in (`mirada-small`), by a plug-in and what it should load
(`hub:google/siglip2-base-patch16-224`), by a short name for such a pair (`siglip2`), or by a
folder of weights.
"""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from mirada.errors import ConfigError, ModelUnavailable
from mirada.known import find_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mirada.protocols import (
        Captioner,
        Detector,
        Encoder,
        Reranker,
        Segmenter,
        Tagger,
        TextReader,
    )

    Options: TypeAlias = Mapping[str, Mapping[str, object]]
    """Plug-in -> what its class is given beside the name, as `[models.NAME]` in mirada.toml.

    A plug-in with several roles may have tables for each, as `[models.NAME.captioner]`.
    """

ROLES = ("encoders", "segmenters", "captioners", "taggers", "readers", "detectors", "rerankers")
MANIFEST = "model.json"  # in a folder of weights that mirada made
HUB_MANIFEST = "config.json"  # in a folder in the format of Hugging Face
PLACES = ("/", "\\", "~")  # what tells a path from a name
HUB = "hub"  # the plug-in of each role that runs those
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


def check_options(options: Options) -> None:
    """See that options are of plug-ins that there are.

    Raises:
        ConfigError: a table is of none.
    """
    known = {plugin.name for plugin in list_plugins()}
    for name in options:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise ConfigError(
                f"[models.{name}] of mirada.toml is of no plug-in; "
                f"{f'did you mean {near[0]}? ' if near else ''}known: {', '.join(sorted(known))}"
            )


def load_encoder(name: str, options: Options | None = None) -> Encoder:
    """The encoder of that name, made ready to encode.

    Args:
        name: as the head of this module tells.
        options: of plug-ins, from the settings.

    Raises:
        ModelUnavailable: no package offers it, or it cannot be loaded.
        ConfigError: the plug-in does not know one of its options.
    """
    return cast("Encoder", _make("encoders", name, options))


def load_segmenter(name: str, options: Options | None = None) -> Segmenter:
    """The segmenter of that name; raises as `load_encoder`."""
    return cast("Segmenter", _make("segmenters", name, options))


def load_captioner(name: str, options: Options | None = None) -> Captioner:
    """The captioner of that name; raises as `load_encoder`."""
    return cast("Captioner", _make("captioners", name, options))


def load_tagger(name: str, options: Options | None = None) -> Tagger:
    """The tagger of that name; raises as `load_encoder`."""
    return cast("Tagger", _make("taggers", name, options))


def load_reader(name: str, options: Options | None = None) -> TextReader:
    """The reader of text in images of that name; raises as `load_encoder`."""
    return cast("TextReader", _make("readers", name, options))


def load_detector(name: str, options: Options | None = None) -> Detector:
    """The detector of that name; raises as `load_encoder`."""
    return cast("Detector", _make("detectors", name, options))


def load_reranker(name: str, options: Options | None = None) -> Reranker:
    """The reranker of that name; raises as `load_encoder`."""
    return cast("Reranker", _make("rerankers", name, options))


def _make(role: str, name: str, options: Options | None) -> object:
    known = find_model(role, name)
    plugin, _, argument = (known.load if known else name).partition(":")
    offered = {entry.name: entry for entry in _find(role)}
    if plugin not in offered:
        plugin, argument = _plugin_of_folder(role, Path(name)), name
    if plugin not in offered:
        raise _unknown(role, name)
    kind = _load(offered[plugin])
    given = _options_of(plugin, role, options or {})
    arguments = (_place(argument),) if argument else ()
    _check(kind, plugin, role, arguments, given)
    try:
        return kind(*arguments, **given)
    except TypeError as error:
        raise ConfigError(
            f"an option in [models.{plugin}] is of the wrong type: {error}"
        ) from error


def _options_of(plugin: str, role: str, options: Options) -> dict[str, object]:
    """What the class is given: the options of its plug-in, and under them those for its role."""
    told = options.get(plugin, {})
    roles = {one.removesuffix("s") for one in ROLES}
    own = told.get(role.removesuffix("s"), {})
    if not isinstance(own, dict):
        raise ConfigError(
            f"write these options as a table [models.{plugin}.{role.removesuffix('s')}]"
        )
    return {key: value for key, value in told.items() if key not in roles} | own


def _plugin_of_folder(role: str, folder: Path) -> str:
    """The plug-in that runs the weights in a folder; "" where it holds none."""
    if (folder / MANIFEST).is_file():
        try:
            content: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise ModelUnavailable(f"{folder / MANIFEST} is damaged: {error}") from error
        return str(content.get("plugin", TRAINED.get(role, "")))
    return HUB if (folder / HUB_MANIFEST).is_file() else ""


def _place(argument: str) -> Path | str:
    """What a plug-in is told to load: a folder, or else a name of its own kind."""
    folder = Path(argument).expanduser()
    if folder.is_dir():
        return folder
    if argument.startswith((".", "/", "~")):
        raise ModelUnavailable(f"there is no folder {argument}: put it back, or name another model")
    return argument


def _check(
    kind: type, plugin: str, role: str, arguments: tuple[object, ...], given: Mapping[str, object]
) -> None:
    try:
        signature = inspect.signature(kind)
    except (TypeError, ValueError):
        return  # of a class written in another language
    try:
        signature.bind(*arguments, **given)
    except TypeError as error:
        known = ", ".join(
            one.name for one in signature.parameters.values() if one.kind is one.KEYWORD_ONLY
        )
        if not arguments and "missing a required" in str(error):
            told = f"{plugin} must be told what to load: {plugin}:MODEL"
        else:
            told = f"{plugin}: {error}"
        raise ConfigError(
            f"{told}. Options stand in [models.{plugin}] of mirada.toml, or for this role alone in "
            f"[models.{plugin}.{role.removesuffix('s')}]; known: {known or 'none'}"
        ) from error


def _unknown(role: str, name: str) -> ModelUnavailable:
    option = role.removesuffix("s")
    if any(mark in name for mark in PLACES):
        none = "" if option == "encoder" else f", or `--{option} ''` for none"
        return ModelUnavailable(
            f"{name} is named as {option}, but there is no folder with {MANIFEST} or "
            f"{HUB_MANIFEST}: put it back, or name another with `mirada index --{option} "
            f"MODEL`{none}"
        )
    installed = [plugin.name for plugin in list_plugins(role)]
    near = get_close_matches(name, installed, n=1)
    return ModelUnavailable(
        f"no {option} is called {name!r}, nor is that a folder with {MANIFEST} or "
        f"{HUB_MANIFEST}; {f'did you mean {near[0]}? ' if near else ''}"
        f"installed: {', '.join(installed) or 'none'}; `mirada models` lists more"
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
