"""Lets a collection search with a model that was tuned for it; until the end it uses the former.

    weights -> HOME/models/NAME    index, filled anew -> HOME/indexes/NAME    mirada.toml -> both

The last step replaces one file, and it is the only one that a search can notice: a run that was
killed at any moment leaves a collection that answers as before, and goes on when started again.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Final

from mirada.config import SETTINGS_NAME, with_settings
from mirada.errors import ConfigError, ModelMismatch
from mirada.indexing.indexer import Silence, available_cores
from mirada.indexing.renew import Renewer, fill
from mirada.indexing.steps import PhrasesStep, TagsStep
from mirada.indexing.tags import load_tagger
from mirada.models.weights import read_manifest
from mirada.plugins import load_encoder
from mirada.protocols import origin_of
from mirada.store.lance import LanceStore
from mirada.tagging.files import keep_folder, read_if_there, replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from mirada.collection import Collection
    from mirada.indexing.describe import Step
    from mirada.indexing.indexer import Progress

MODELS: Final = "models"  # in the home of a collection
INDEXES: Final = "indexes"


def switch_encoder(
    collection: Collection, weights: Path, *, progress: Progress | None = None
) -> Path:
    """Let the collection search with the model in `weights`; gives the folder of its copy.

    Args:
        collection: indexed, with the encoder that the model was tuned from.
        weights: folder of the model.
        progress: told what happens.

    Raises:
        CollectionBusy: another process is writing.
        ModelMismatch: the model makes other feature maps than that of the index.
        ConfigError: the collection uses it already.
        StoreError: pictures cannot be read, or the index cannot be written.
    """
    with collection.writing():
        home, old = collection.home, collection.store
        _check(collection, weights)
        name = _folder_name(load_encoder(str(weights)).name)
        model = _copy(weights, home / MODELS / name)
        encoder = load_encoder(str(model))
        new = LanceStore.create(home / INDEXES / name, encoder=encoder.name, dim=encoder.dim)
        tags = TagsStep(load_tagger(encoder, home))
        steps: dict[str, Step] = {"tags": tags, "phrases": PhrasesStep()}
        threads = collection.settings.threads or available_cores()
        renewer = Renewer(encoder, old.encoder, steps)
        fill(old, new, renewer, threads=threads, progress=progress or Silence())
        new.optimize()
        _point(home, {"encoder": f"{MODELS}/{name}", "index": f"{INDEXES}/{name}"})
    return model


def _check(collection: Collection, weights: Path) -> None:
    encoder, former = load_encoder(str(weights)), collection.encoder
    if encoder.name == collection.store.encoder:
        raise ConfigError(f"{collection.home} uses {encoder.name} already")
    if origin_of(encoder) != origin_of(former) or former.name != collection.store.encoder:
        raise ModelMismatch(
            f"{encoder.name} was tuned from {origin_of(encoder)}, the index holds vectors of "
            f"{collection.store.encoder}: tune the model of the collection with `mirada train own`"
        )


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


def _point(home: Path, values: dict[str, str]) -> None:
    path = home / SETTINGS_NAME
    text = with_settings((read_if_there(path) or b"").decode("utf-8"), values)
    replace_file(path, text.encode("utf-8"), keep_time=False)


def _folder_name(encoder: str) -> str:
    return re.sub(r"[^\w.-]+", "-", encoder)
