"""Lets a collection search with another encoder; until the end it uses the former.

    a second index, filled beside the first -> HOME/indexes/NAME    mirada.toml -> both names

The last step replaces one file, and it is the only one that a search can notice: a run that was
killed at any moment leaves a collection that answers as before, and goes on when started again.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mirada.config import MODEL_KEYS, SETTINGS_NAME, located, with_chosen, with_settings
from mirada.errors import CollectionNotFound, ConfigError
from mirada.indexing.indexer import Silence, usual_threads
from mirada.indexing.renew import Renewer, fill
from mirada.indexing.steps import make_describer
from mirada.models.weights import read_manifest
from mirada.plugins import (
    load_captioner,
    load_detector,
    load_encoder,
    load_reranker,
    load_segmenter,
    load_tagger,
)
from mirada.store.lance import LanceStore
from mirada.tagging.files import keep_folder, read_if_there, replace_file
from mirada.trust import check_trust

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from mirada.collection import Collection
    from mirada.config import Settings
    from mirada.indexing.describe import Failure
    from mirada.indexing.indexer import Progress
    from mirada.protocols import Encoder

MODELS: Final = "models"  # in the home of a collection
INDEXES: Final = "indexes"
LOADERS: Final[Mapping[str, Callable[..., object]]] = {
    "encoder": load_encoder,
    "segmenter": load_segmenter,
    "captioner": load_captioner,
    "tagger": load_tagger,
    "detector": load_detector,
    "reranker": load_reranker,
}


@dataclass(frozen=True, slots=True)
class Change:
    """What came of a change of the encoder."""

    former: str  # names of encoders
    present: str
    pictures: int  # of the index that is used now
    failed: tuple[Failure, ...]  # what the next indexing run has to ask again

    def __str__(self) -> str:
        return (
            f"searches now use {self.present} ({self.pictures:,} pictures); the index of "
            f"{self.former} stays until `mirada models prune`"
        )


def switch_models(
    collection: Collection,
    chosen: Mapping[str, str | list[str]],
    *,
    roles: Sequence[str] | None = None,
    keep_missing: bool = False,
    progress: Progress | None = None,
) -> Change | None:
    """Let the collection use other models; with another encoder once its index is complete.

    Args:
        collection: indexed, with whatever encoder.
        chosen: what `mirada.toml` is to say: "encoder", "captioner" ...
        roles: that look at pictures for a new encoder; by default those of the settings.
        keep_missing: pictures whose files are gone must not be left behind.
        progress: told what happens.

    Returns:
        What came of it; None where the encoder stays.

    Raises:
        CollectionBusy: another process is writing.
        ModelUnavailable: a model cannot be had.
        ConfigError: `mirada.toml` is written in a way that cannot be changed.
        StoreError: pictures cannot be read, or the index cannot be written.
    """
    with collection.writing():
        home, old = collection.home, collection.store
        settings = _with(collection.settings, chosen, home)
        check_models(settings, home)
        encoder = load_encoder(settings.encoder, settings.models)
        index = index_of(home, encoder)
        _written(home, {**chosen, "index": index})  # that it can be, before hours of work
        change = None
        if encoder.name != old.encoder:
            new = LanceStore.create(home / index, encoder=encoder.name, dim=encoder.dim)
            wanted = settings.roles if roles is None else roles
            describer = make_describer(wanted, settings, encoder, home)
            threads = settings.threads or usual_threads(encoder, describer)
            renewer = Renewer(encoder, describer)
            fill(
                old,
                new,
                renewer,
                threads=threads,
                keep_missing=keep_missing,
                progress=progress or Silence(),
            )
            new.optimize()
            change = Change(old.encoder, encoder.name, len(new), describer.failures())
        point(home, {**chosen, "index": index})
    return change


def check_models(settings: Settings, home: Path) -> None:
    """See that all models of the settings can be made, before anything hangs on them.

    Raises:
        ModelUnavailable: one cannot be had.
        ConfigError: an option is wrong, or needs the trust of the user.
    """
    check_trust(home, settings)
    for role, load in LOADERS.items():
        if getattr(settings, role):
            load(getattr(settings, role), settings.models)


def adopt(collection: Collection, weights: Path, *, progress: Progress | None = None) -> Path:
    """Copy a model that mirada trained into the collection and switch to it; gives the copy.

    Raises:
        ConfigError: another model of that name is there.
        MiradaError: as `switch_models`.
    """
    name = _folder_name(read_manifest(weights).name)
    with collection.writing():
        copied = _copy(weights, collection.home / MODELS / name)
    switch_models(collection, {"encoder": f"{MODELS}/{name}"}, progress=progress)
    return copied


def index_of(home: Path, encoder: Encoder) -> str:
    """Folder in the home for the index of an encoder: where it is already, or where it is to be."""
    try:
        if LanceStore.open(home).encoder == encoder.name:
            return ""
    except CollectionNotFound:
        pass
    return f"{INDEXES}/{_folder_name(encoder.name)}"


def point(home: Path, values: Mapping[str, str | list[str]]) -> None:
    """Write these settings into `mirada.toml` in one step; the rest of it stays as it is.

    Raises:
        ConfigError: it is written in a way that cannot be changed.
    """
    replace_file(home / SETTINGS_NAME, _written(home, values).encode("utf-8"), keep_time=False)


def _written(home: Path, values: Mapping[str, str | list[str]]) -> str:
    """What `mirada.toml` is to say."""
    return with_settings((read_if_there(home / SETTINGS_NAME) or b"").decode("utf-8"), values)


def _with(settings: Settings, chosen: Mapping[str, str | list[str]], home: Path) -> Settings:
    """The settings with what was chosen, folders from the root."""
    found = with_chosen(settings, chosen)
    return with_chosen(found, {key: located(getattr(found, key), home) for key in MODEL_KEYS})


def _copy(weights: Path, to: Path) -> Path:
    """A copy of a folder that is whole or not there.

    Raises:
        ConfigError: another model of the same name is there.
    """
    if to.exists():
        if read_manifest(to).files != read_manifest(weights).files:
            raise ConfigError(f"{to} holds another model of that name: train with another --name")
    else:
        part = to.with_name(f"{to.name}.part")
        shutil.rmtree(part, ignore_errors=True)  # of a run that was killed
        shutil.copytree(weights, part)
        part.rename(to)
        keep_folder(to.parent)
    return to


def _folder_name(encoder: str) -> str:
    return re.sub(r"[^\w.-]+", "-", encoder)
