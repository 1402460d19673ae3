"""Where a collection lies and how it is set up: found as git finds its repository."""

from __future__ import annotations

import json
import os
import re
import tomllib
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mirada.errors import CollectionNotFound, ConfigError
from mirada.paths import absolute
from mirada.plugins import check_options

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME_NAME = ".mirada"
HOME_VARIABLE = "MIRADA_HOME"
SETTINGS_NAME = "mirada.toml"
ROLES = ("facts", "metadata", "regions", "tags", "captions", "text", "phrases")
"""What can be looked at besides the vector, each after those that it builds on."""


MODEL_KEYS = ("encoder", "segmenter", "captioner", "tagger", "reader", "detector", "reranker")
"""The settings that name models."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What `mirada.toml` beside the index may say."""

    encoder: str = "mirada-small"
    """A name, see `mirada models`; or a folder of weights, taken from the home, as of all roles."""
    index: str = ""  # folder of the tables, taken from the home; "": the home itself
    segmenter: str = "feature-map"
    captioner: str = "mirada-small-captioner"
    reader: str = "rapidocr"
    tagger: str = ""  # names things beside the vocabulary; "": none
    detector: str = ""  # looks for the things of a query in the best pictures; "": none
    reranker: str = ""  # looks at the best pictures again with the query; "": none
    roles: tuple[str, ...] = ("facts", "metadata", "regions", "tags", "captions", "phrases")
    """What is looked at besides the vector; "text" (reading it) is the one left out."""
    threads: int = 0  # threads that decode and encode; 0: one per available core
    models: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Plug-in -> its options, from the tables `[models.NAME]`."""


def find_home(start: Path, *, home: Path | None = None) -> Path:
    """Folder of the collection for `start`: `home`, else MIRADA_HOME, else `.mirada` at or above.

    Raises:
        CollectionNotFound: there is none.
    """
    named = home or _home_from_environment()
    found = named if named is not None else _home_at_or_above(start)
    if found is None or not found.is_dir():
        where = f"at {found}" if found else f"in {start} or in a folder above it"
        raise CollectionNotFound(f"no collection {where}: make one with `mirada index DIR`")
    return absolute(found)


def home_for_index(roots: tuple[Path, ...], *, home: Path | None = None) -> Path:
    """Folder where the collection of `roots` is or is to be made.

    Raises:
        ConfigError: several folders have no collection in common, so it must be named.
    """
    named = home or _home_from_environment()
    if named is not None:
        return absolute(named)
    found = {_home_at_or_above(root) or _new_home(root) for root in roots}
    if len(found) > 1:
        raise ConfigError(
            "these folders have no collection in common: say where it goes with --home DIR "
            f"or {HOME_VARIABLE}, or run `mirada index` on a folder that holds them all"
        )
    return found.pop()


def load_settings(home: Path) -> Settings:
    """Settings from `mirada.toml` in `home`; the defaults where there is none.

    Raises:
        ConfigError: the file is not TOML, or a key is unknown or of the wrong type.
    """
    path = home / SETTINGS_NAME
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path}: {error}") from error
    known = {one.name: one for one in fields(Settings)}
    for key, value in table.items():
        if key not in known:
            raise ConfigError(f"{path}: unknown key {key!r}; known: {', '.join(sorted(known))}")
        kind = {"roles": list, "models": dict}.get(key, type(known[key].default))
        if type(value) is not kind:
            raise ConfigError(f"{path}: {key} must be of type {kind.__name__}, not {value!r}")
    for plugin, options in table.get("models", {}).items():
        if not isinstance(options, dict):
            raise ConfigError(f"{path}: write the options of {plugin} as a table [models.{plugin}]")
    if table.get("models"):
        check_options(table["models"])
    if "roles" in table:
        table["roles"] = _checked_roles(table["roles"], path)
    for role in MODEL_KEYS:
        if role in table:
            table[role] = located(table[role], home)
    settings = Settings(**table)
    if settings.threads < 0:
        raise ConfigError(f"{path}: threads must be 0 or more, not {settings.threads}")
    return settings


def split_model(name: str) -> tuple[str, str]:
    """What stands before the colon of a model's name, and what behind; "" where there is no colon.

    A single letter before it is a drive of Windows.
    """
    plugin, colon, argument = name.partition(":")
    return (plugin, argument) if colon and len(plugin) > 1 else ("", name)


def located(name: str, home: Path) -> str:
    """The name of a model with its folder from the root, where it names one that lies in the home.

    "~" is the home folder of the user.
    """
    plugin, argument = split_model(name)
    place = home / Path(argument).expanduser()
    if not argument or not place.is_dir():
        return name
    return f"{plugin}:{place}" if plugin else str(place)


def with_chosen(settings: Settings, chosen: Mapping[str, str | list[str]]) -> Settings:
    """The settings with other values of some keys, as `mirada.toml` would say them."""
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in chosen.items()
    }
    return replace(settings, **values)


def with_settings(text: str, values: Mapping[str, str | list[str]]) -> str:
    """The text of a `mirada.toml` with these keys set, each on a line; all else stays as it is.

    What it says already, or by leaving it out, is not written again.

    Raises:
        ConfigError: a key is written in a way that cannot be replaced.
    """
    said = tomllib.loads(text)
    wanted = said | {
        key: value for key, value in values.items() if said.get(key, _default(key)) != value
    }
    values = {key: wanted[key] for key in values if wanted.get(key) != said.get(key)}
    for key, value in values.items():
        line = f"{key} = {json.dumps(value, ensure_ascii=False)}"  # \ud83d is no TOML
        place = re.search(rf"(?m)^[ \t]*{key}[ \t]*=.*$", text)
        if place is None:
            tables = re.search(r"(?m)^[ \t]*\[", text)  # keys behind them would be theirs
            end = tables.start() if tables else len(text)
            text = f"{text[:end].rstrip()}\n{line}\n".lstrip() + text[end:]
        else:
            text = f"{text[: place.start()]}{line}{text[place.end() :]}"
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        told = {}
    if told != wanted:
        listed = ", ".join(f"{key} = {json.dumps(value)}" for key, value in values.items())
        raise ConfigError(f"{SETTINGS_NAME} cannot be changed: write there yourself {listed}")
    return text


def _default(key: str) -> object:
    value = getattr(Settings(), key)
    return list(value) if isinstance(value, tuple) else value


def _checked_roles(names: list[object], path: Path) -> tuple[str, ...]:
    for name in names:
        if name not in ROLES:
            raise ConfigError(f"{path}: unknown role {name!r}; known: {', '.join(ROLES)}")
    return tuple(map(str, names))


def _home_from_environment() -> Path | None:
    value = os.environ.get(HOME_VARIABLE)
    return Path(value) if value else None


def _home_at_or_above(start: Path) -> Path | None:
    start = absolute(start)
    homes = (folder / HOME_NAME for folder in (start, *start.parents))
    return next((home for home in homes if home.is_dir()), None)


def _new_home(root: Path) -> Path:
    folder = root if root.is_dir() else root.parent
    return absolute(folder) / HOME_NAME
