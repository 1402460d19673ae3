"""A folder of pictures with its index: what `mirada.open` gives and the command line uses."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from mirada.config import SETTINGS_NAME, Settings, find_home, home_for_index, load_settings
from mirada.errors import (
    CollectionBusy,
    CollectionNotFound,
    ConfigError,
    MiradaError,
    ModelMismatch,
    UnreadableImage,
)
from mirada.paths import absolute, readable
from mirada.search.results import Query, Results

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    import numpy as np
    from numpy.typing import NDArray

    from mirada.indexing.indexer import Progress
    from mirada.indexing.ledger import IndexReport
    from mirada.protocols import Encoder
    from mirada.search.duplicates import DuplicateGroup
    from mirada.search.fitting import Reliability
    from mirada.search.searcher import Searcher
    from mirada.search.second import SecondLook
    from mirada.store.lance import LanceStore
    from mirada.types import ImageRecord, Ranking


class Collection:
    """The pictures of a folder, indexed.

    The heavy parts (store, models) are loaded when first needed.
    """

    def __init__(self, folder: Path, *, home: Path | None = None) -> None:
        self.folder = absolute(folder)
        self._named_home = absolute(home) if home else None
        self._settings_state: tuple[int, ...] = ()
        self._making = Lock()

    def __repr__(self) -> str:
        return f"Collection({str(self.folder)!r})"

    def __len__(self) -> int:
        return len(self.store)

    @property
    def home(self) -> Path:
        """Folder that holds the index.

        Raises:
            CollectionNotFound: nothing has been indexed here yet.
        """
        return find_home(self.folder, home=self._named_home)

    @cached_property
    def settings(self) -> Settings:
        """What `mirada.toml` in the home says."""
        self._settings_state = self._look_at_settings()
        return load_settings(self.home)

    @cached_property
    def store(self) -> LanceStore:
        """The records and vectors, open for reading."""
        from mirada.store.lance import LanceStore  # noqa: PLC0415 0.3 s: only when needed

        return LanceStore.open(self.home / self.settings.index)

    @cached_property
    def encoder(self) -> Encoder:
        """The model that the settings name."""
        from mirada.plugins import load_encoder  # noqa: PLC0415 scans the installed packages

        self._check_trust()
        return load_encoder(self.settings.encoder, self.settings.models)

    @property
    def _searcher(self) -> Searcher:
        with self._making:  # store and encoder of one moment
            self._refresh()
            return self._made_searcher

    @cached_property
    def _made_searcher(self) -> Searcher:
        from mirada.search.kept import read_calibration  # noqa: PLC0415 brings numpy
        from mirada.search.searcher import Searcher  # noqa: PLC0415
        from mirada.vocabulary.presence import load_presence  # noqa: PLC0415

        if self.store.encoder != self.encoder.name:
            raise ModelMismatch.between(self.store.encoder, self.encoder.name)
        return Searcher(
            self.store,
            self.encoder,
            load_presence(self.encoder, self.home),
            calibration=read_calibration(self.home, self.encoder.name),
        )

    @cached_property
    def second_look(self) -> SecondLook | None:
        """Looks at the best pictures again; None where the settings name no model for that.

        Raises:
            ModelUnavailable: a model that they name cannot be loaded.
        """
        if not (self.settings.reranker or self.settings.detector):
            return None
        from mirada.plugins import load_detector, load_reranker  # noqa: PLC0415 as above
        from mirada.search.second import SecondLook  # noqa: PLC0415 brings decoders

        self._check_trust()
        names, options = self.settings, self.settings.models
        return SecondLook(
            load_reranker(names.reranker, options) if names.reranker else None,
            load_detector(names.detector, options) if names.detector else None,
        )

    def index(
        self,
        *roots: Path | str,
        roles: Iterable[str] | None = None,
        keep_missing: bool = False,
        again: bool = False,
        progress: Progress | None = None,
    ) -> IndexReport:
        """Bring the index up to date with `roots`, by default the folder of the collection.

        Args:
            roots: folders or single files.
            roles: what to look at besides the vector, of `mirada.config.ROLES`; by default what
                the settings say. What other roles said before stays.
            keep_missing: keep pictures whose files are gone.
            again: let the roles look at every picture again.
            progress: told what happens.

        Raises:
            CollectionBusy: another process is indexing.
            MiradaError: a root is missing, or the index cannot be written.
        """
        from mirada.indexing.indexer import index_folders  # noqa: PLC0415 brings decoders
        from mirada.indexing.steps import make_describer  # noqa: PLC0415

        self._refresh()
        folders = tuple(absolute(Path(root)) for root in roots) or (self.folder,)
        for folder in folders:
            if not os.path.lexists(folder):
                raise MiradaError(f"{folder} does not exist: is the drive mounted?")
        home = home_for_index((self.folder,), home=self._named_home)
        with _only_writer(home):
            self._check_trust()
            store = self._open_or_create(home)
            wanted = self.settings.roles if roles is None else tuple(roles)
            return index_folders(
                folders,
                store,
                self.encoder,
                make_describer(wanted, self.settings, self.encoder, home),
                threads=self.settings.threads,
                keep_missing=keep_missing,
                again=again,
                progress=progress,
            )

    def search(
        self,
        text: str | None = None,
        *,
        image: Path | str | None = None,
        like: Sequence[Path | str] = (),
        unlike: Sequence[Path | str] = (),
        limit: int = 20,
        recheck: bool = True,
    ) -> Results:
        """The `limit` pictures that best answer words, a picture, or both together.

        Args:
            text: words, in the language of docs/queries.md.
            image: a picture to be near to.
            like: indexed pictures that are right: what is like them comes first.
            unlike: indexed pictures that are wrong.
            limit: pictures at most.
            recheck: look at the best again where the settings name a reranker or a detector; words
                alone can be checked so.

        Raises:
            ConfigError: nothing was given, or a picture to be like is not indexed.
            UnreadableImage: the picture cannot be decoded.
        """
        if image is not None:
            from mirada.indexing.images import open_image  # noqa: PLC0415 brings decoders

            query = Query(text or None, Path(image))
            try:
                pixels = open_image(Path(image), self.encoder.image_size)
            except UnreadableImage as error:
                raise UnreadableImage(f"{readable(image)}: {error}") from error
            return self._searcher.by_image(pixels, query, limit=limit)
        query = Query(text or None, None, self._ids(like), self._ids(unlike))
        if not (text and text.strip()) and not query.like_ids:
            raise ConfigError("nothing to search for: give words, a picture, or both")
        searcher = self._searcher  # first: it takes up what the settings say by now
        second = self.second_look if recheck and query.is_words else None
        return searcher.ask(query, limit=limit, second=second)

    def rank(self, text: str, *, limit: int) -> Ranking:
        """Up to `limit` image ids by how well they answer the words, none cut off."""
        return self._searcher.rank(text, limit=limit)

    def score(self, text: str, image_ids: Sequence[str]) -> NDArray[np.float64]:
        """(n,) scores of these images for the words; -inf where something is that must not be."""
        return self._searcher.score(text, image_ids)

    def search_all(self, texts: Sequence[str], *, limit: int = 20) -> list[Results]:
        """One answer for each text, in order."""
        return self._searcher.by_text(texts, limit=limit, second=self.second_look)

    def similar(self, path: Path | str, *, region: int | None = None, limit: int = 20) -> Results:
        """The `limit` pictures that look most like the one at `path`, indexed or not.

        Args:
            path: of a picture.
            region: number, from 1, of a region of an indexed picture as `mirada show` lists
                them: pictures with a region like it.
            limit: pictures at most.

        Raises:
            ConfigError: there is no such region.
            UnreadableImage: the picture cannot be decoded.
        """
        query = Query(image=Path(path))
        record = self.find(path)
        if region is not None:
            regions = record.regions if record else ()
            if not 1 <= region <= len(regions):
                raise ConfigError(
                    f"{readable(path)} has {len(regions)} regions in the index: see `mirada show`"
                )
            return self._searcher.by_part(regions[region - 1].vector, query, limit=limit)
        if record is None:
            return self.search(image=path, limit=limit)
        return self._searcher.like(record.image_id, query, limit=limit)

    def _refresh(self) -> None:
        """Take up what has been written into `mirada.toml` since, such as another encoder."""
        if "settings" in self.__dict__ and self._look_at_settings() != self._settings_state:
            for name in ("settings", "store", "encoder", "second_look", "_made_searcher"):
                self.__dict__.pop(name, None)

    def _check_trust(self) -> None:
        from mirada.trust import check_trust  # noqa: PLC0415 knows all models by name

        check_trust(self.home, self.settings)

    def _look_at_settings(self) -> tuple[int, ...]:
        """What tells whether `mirada.toml` has been written again; () where there is none."""
        try:
            found = os.stat(self.home / SETTINGS_NAME)
        except (CollectionNotFound, OSError):
            return ()
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _ids(self, paths: Sequence[Path | str]) -> tuple[str, ...]:
        known = {file.path: one for file, one in self.store.files().items()} if paths else {}
        missing = [path for path in paths if absolute(Path(path)) not in known]
        if missing:
            raise ConfigError(f"{readable(missing[0])} is not in the index: run `mirada index`")
        return tuple(known[absolute(Path(path))] for path in paths)

    def find(self, path: Path | str) -> ImageRecord | None:
        """The record of the picture at `path`, with its regions; None when it is not indexed."""
        wanted = absolute(Path(path))
        image_id = next((i for file, i in self.store.files().items() if file.path == wanted), None)
        try:
            return self.records([image_id])[0] if image_id else None
        except KeyError:
            return None  # another process has just removed it

    def records(self, image_ids: Sequence[str]) -> list[ImageRecord]:
        """The records of these ids with their regions, in order; KeyError for an unknown one."""
        records, regions = self.store.get(image_ids), self.store.regions(image_ids)
        return [replace(one, regions=parts) for one, parts in zip(records, regions, strict=True)]

    def duplicates(self, *, exact: bool = True, near: bool = True) -> list[DuplicateGroup]:
        """Groups of files that show the same, the one to keep first; nothing is deleted.

        Args:
            exact: groups of equal files.
            near: groups of pictures that differ a little.
        """
        from mirada.search.duplicates import find_duplicates  # noqa: PLC0415 brings numpy

        records = self.store.get(sorted(self.store.ids()))
        return find_duplicates(records, vectors=self.store.vectors, exact=exact, near=near)

    def calibrate(self, *, seed: int = 0) -> Reliability:
        """Fit how scores turn into probabilities on what is said of these pictures, and keep it.

        The queries are what people wrote of a picture, or else its checked caption.

        Returns:
            How far the probabilities can be believed, on other draws of the same queries.

        Raises:
            ConfigError: too few of the pictures have a text.
        """
        from mirada.search.fitting import fit_collection  # noqa: PLC0415 brings numpy
        from mirada.search.kept import write_calibration  # noqa: PLC0415

        calibration, found = fit_collection(self.store, self.encoder, seed=seed)
        write_calibration(self.home, self.encoder.name, calibration)
        self.__dict__.pop("_made_searcher", None)
        return found

    def writing(self) -> AbstractContextManager[None]:
        """Hold the lock of the one writer; raises CollectionBusy when another process has it."""
        return _only_writer(self.home)

    def _open_or_create(self, home: Path) -> LanceStore:
        from mirada.store.lance import LanceStore  # noqa: PLC0415 0.3 s: only when needed

        tables = home / self.settings.index
        store = LanceStore.create(tables, encoder=self.encoder.name, dim=self.encoder.dim)
        self.__dict__["store"] = store
        self.__dict__.pop("_made_searcher", None)
        return store


def open_collection(folder: Path | str = ".", *, home: Path | str | None = None) -> Collection:
    """The collection of a folder: found there or above, else made there by its first `index()`."""
    return Collection(Path(folder), home=Path(home) if home else None)


@contextmanager
def _only_writer(home: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout  # noqa: PLC0415 writers only

    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = FileLock(home / "lock", timeout=0)
        lock.acquire()
    except Timeout as error:
        raise CollectionBusy(
            f"another process is indexing into {home}: wait until it ends, or stop it"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"{home} cannot be written ({error.strerror}): "
            "keep the index elsewhere with --home DIR or MIRADA_HOME"
        ) from error
    try:
        yield
    finally:
        lock.release()
