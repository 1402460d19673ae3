"""What a collection keeps of models that it no longer uses, and how it goes."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirada.config import MODEL_KEYS, load_settings, split_model
from mirada.errors import MiradaError
from mirada.store.lance import LanceStore
from mirada.store.schema import IMAGES, REGIONS
from mirada.switching import INDEXES, MODELS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirada.collection import Collection

TRASH: Final = ".pruned"  # the ending of what is being removed


@dataclass(frozen=True, slots=True)
class Leftover:
    """Folders of a former model, or of a change that was never finished."""

    what: str  # in words
    folders: tuple[Path, ...]

    @property
    def bytes(self) -> int:
        """On disk."""
        files = (path for folder in self.folders for path in folder.rglob("*"))
        return sum(path.stat().st_size for path in files if path.is_file())


def leftovers(collection: Collection) -> list[Leftover]:
    """What could go: nothing of it is read by a search of this collection."""
    home, settings = collection.home, load_settings(collection.home)
    found = list(_indexes(home, settings.index))
    used = [Path(split_model(getattr(settings, key))[1]).resolve() for key in MODEL_KEYS]
    models = [
        folder
        for folder in _folders(home / MODELS)
        if not any(one.is_relative_to(folder.resolve()) for one in used)
    ]
    found += [Leftover(f"model {folder.name}", (folder,)) for folder in models]
    found += [Leftover("half removed", (folder,)) for folder in sorted(home.glob(f"**/*{TRASH}"))]
    return found


def prune(collection: Collection, found: list[Leftover]) -> None:
    """Remove what `leftovers` found; whatever moment it is killed at, no half index stays in place.

    What has come into use since is left alone.

    Raises:
        CollectionBusy: another process is writing.
    """
    with collection.writing():
        still = {folder for one in leftovers(collection) for folder in one.folders}
        for folder in (folder for one in found for folder in one.folders if folder in still):
            trash = folder if folder.name.endswith(TRASH) else Path(f"{folder}{TRASH}")
            shutil.rmtree(trash, ignore_errors=trash != folder)
            if trash != folder:
                folder.rename(trash)
                shutil.rmtree(trash)


def _indexes(home: Path, used: str) -> Iterator[Leftover]:
    pictures = len(LanceStore.open(home / used))
    if used and (home / IMAGES).is_dir():
        tables = tuple(home / name for name in (IMAGES, REGIONS) if (home / name).is_dir())
        yield Leftover(_told(home, pictures), tables)
    for folder in _folders(home / INDEXES):
        if folder != home / used:
            yield Leftover(_told(folder, pictures), (folder,))


def _folders(place: Path) -> list[Path]:
    if not place.is_dir():
        return []
    return sorted(one for one in place.iterdir() if one.is_dir() and not one.name.endswith(TRASH))


def _told(folder: Path, pictures: int) -> str:
    """What lies in a folder, beside an index of so many pictures."""
    try:
        store = LanceStore.open(folder)
    except MiradaError:
        return f"an index that cannot be read, {folder.name}"
    told = f"index of {store.encoder}, {len(store):,} pictures"
    if len(store) < pictures:
        told += f" of {pictures:,}: it is unfinished, `mirada index --encoder` goes on with it"
    return told
