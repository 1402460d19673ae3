"""Which models a collection is to use, as `mirada index` is told: checked, then written down."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from mirada.config import MODEL_KEYS, load_settings, located, split_model, with_chosen
from mirada.errors import ConfigError
from mirada.known import find_model
from mirada.paths import absolute
from mirada.plugins import list_plugins
from mirada.presets import preset, presets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mirada.config import Settings
    from mirada.indexing.indexer import Progress
    from mirada.switching import Change

    Command = TypeVar("Command", bound=Callable[..., Any])
    Chosen = Mapping[str, str | list[str]]  # setting -> value

MODELS: Final = tuple(key for key in MODEL_KEYS if key != "reader")  # there is one reader


def model_options(command: Command) -> Command:
    """Add --preset and an option for each kind of model."""
    told = "; ".join(f"{one.name}: {one.about} ({one.needs})" for one in presets())
    names = click.Choice([one.name for one in presets()])
    for name in reversed(MODELS):
        text = f"{name.capitalize()} to use from now on, see `mirada models`."
        command = click.option(f"--{name}", metavar="MODEL", help=text)(command)
    return click.option("--preset", type=names, help=f"A set of models. {told}.")(command)


def chosen_models(home: Path, named: str | None, models: Mapping[str, str | None]) -> Chosen:
    """The settings that change: those of the preset, under models that are named one by one.

    Args:
        home: of the collection; folders of weights may be named from it.
        named: preset.
        models: of `MODELS`, None where not given.
    """
    wanted: dict[str, str | list[str]] = dict(preset(named).settings) if named else {}
    return wanted | {
        role: placed(model, f"{role}s", home) for role, model in models.items() if model is not None
    }


def placed(model: str, role: str, home: Path) -> str:
    """The name of a model as the settings hold it: a folder of the working folder from the root.

    A name that is known, or that leads to a folder in the home, stays as it is.
    """
    plugin, argument = split_model(model)
    known = find_model(role, model) or any(one.name == model for one in list_plugins(role))
    if known or not argument or located(model, home) != model:
        return model
    folder = absolute(Path(argument))
    if not folder.is_dir():
        return model
    return f"{plugin}:{folder}" if plugin else str(folder)


def use_models(
    home: Path,
    folder: Path,
    chosen: Chosen,
    *,
    roles: Sequence[str],
    keep_missing: bool,
    progress: Progress,
) -> Change | None:
    """Let the collection use other models; tells of a change of the encoder.

    Where the index holds vectors of another encoder, a second one is filled first, while searches
    go on with the former.

    Args:
        home: of the collection.
        folder: of the pictures.
        chosen: what `mirada.toml` is to say.
        roles: that look at pictures for a new encoder.
        keep_missing: pictures whose files are gone must not be left behind.
        progress: told what happens.

    Raises:
        MiradaError: a model cannot be had, or the index cannot be filled; nothing has changed.
    """
    from mirada.collection import Collection  # noqa: PLC0415 what follows loads models
    from mirada.store.schema import IMAGES  # noqa: PLC0415
    from mirada.switching import check_models, point, switch_models  # noqa: PLC0415

    settings = load_settings(home)
    _allow(home, with_chosen(settings, chosen))
    if (home / settings.index / IMAGES).exists():
        return switch_models(
            Collection(folder, home=home),
            chosen,
            roles=roles,
            keep_missing=keep_missing,
            progress=progress,
        )
    check_models(with_chosen(settings, chosen), home)
    home.mkdir(parents=True, exist_ok=True)
    point(home, chosen)
    return None


def _allow(home: Path, settings: Settings) -> None:
    """Ask whether to trust models that were named on the command line, where somebody can answer.

    Raises:
        ConfigError: nobody can, or they do not allow it.
    """
    from mirada.trust import check_trust, risks_of, trust  # noqa: PLC0415 most models need none

    try:
        check_trust(home, settings)
    except ConfigError:
        if not sys.stdin.isatty():
            told = " and ".join(risks_of(settings))
            raise ConfigError(
                f"with these models mirada {told}: allow it by MIRADA_TRUST=1, or write them in "
                f"{home / 'mirada.toml'} and run `mirada trust`"
            ) from None
        for risk in risks_of(settings):
            click.echo(f"with these models mirada {risk}", err=True)
        click.confirm("allow it for this collection?", abort=True, err=True)
        trust(home, settings)
