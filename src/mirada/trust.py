"""Settings that run foreign code or send pictures away count only where the user trusts them.

`mirada.toml` travels with its pictures, so it may be another's: a folder that was unpacked must not
run code when somebody searches it, nor send keys of theirs to a server that it names.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Final

from mirada.config import MODEL_KEYS, split_model
from mirada.errors import ConfigError
from mirada.known import find_model
from mirada.paths import absolute

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mirada.config import Settings

VARIABLE: Final = "MIRADA_TRUST"  # "1": trust all settings, as in a container of one's own
KEPT: Final = "trusted.json"  # in the user's folder of settings: home -> what was trusted there
REMOTE: Final = "remote"  # the plug-in that sends pictures away
CODE: Final = "trust_remote_code"  # the option that lets code of a checkpoint run


def risks_of(settings: Settings) -> tuple[str, ...]:
    """What settings ask for that the user must have allowed, in words."""
    return tuple(dict.fromkeys(_risks(settings)))


def check_trust(home: Path, settings: Settings) -> None:
    """See that the user has allowed what the settings of a collection ask for.

    Raises:
        ConfigError: they have not, or the settings ask for something else by now.
    """
    risks = risks_of(settings)
    if not risks or os.environ.get(VARIABLE) == "1":
        return
    if _trusted().get(str(absolute(home))) != list(risks):
        raise ConfigError(
            f"{home / 'mirada.toml'} {' and '.join(risks)}: if that is what you want, run `mirada "
            f"trust` once, or set {VARIABLE}=1"
        )


def trust(home: Path, settings: Settings) -> None:
    """Remember that the user allows what the settings of a collection ask for now.

    Raises:
        ConfigError: that cannot be written down.
    """
    known = _trusted() | {str(absolute(home)): list(risks_of(settings))}
    place = _place()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=place.parent, suffix=".part", delete=False) as file:
            json.dump(known, file, indent=1)
        os.replace(file.name, place)
    except OSError as error:
        raise ConfigError(f"{place} cannot be written ({error.strerror})") from error


def _risks(settings: Settings) -> Iterator[str]:
    for key in MODEL_KEYS:
        name = getattr(settings, key)
        known = find_model(f"{key}s", name)
        if (split_model(known.load if known else name)[0] or name) == REMOTE:
            told = settings.models.get(REMOTE, {})
            where, variable = told.get("url", "OpenAI"), told.get("key_variable", "")
            yield f"sends pictures to {where}" + (
                f" with the key in {variable}" if variable else ""
            )
    for plugin, options in settings.models.items():
        own = [one for one in options.values() if isinstance(one, dict)]
        if any(one.get(CODE) for one in (options, *own)):
            yield f"runs code that comes with models of {plugin}"


def _trusted() -> dict[str, list[str]]:
    with suppress(OSError, ValueError):
        found = json.loads(_place().read_text("utf-8"))
        if isinstance(found, dict):
            return found
    return {}


def _place() -> Path:
    from platformdirs import user_config_path  # noqa: PLC0415 few settings need it

    return user_config_path("mirada", appauthor=False) / KEPT
