"""Where a checkpoint comes from, what it is called, and how it is loaded.

A checkpoint of the hub is of one commit: its configuration, its processor and its weights. What is
in the cache is loaded without the network. Code that comes with a checkpoint is run only where its
user says so.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, Final, TypeVar

import transformers
from safetensors import SafetensorError

from mirada.errors import ModelUnavailable
from mirada.models import snapshots
from mirada.models.devices import memory_told
from mirada.models.hub.quiet import quiet
from mirada.models.reasons import reason
from mirada.models.weights import digest_of_folder

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

DIGITS: Final = 12  # of a revision in a name
STEMS: Final = ("model", "pytorch_model")  # of files of weights that transformers loads
BROKEN: Final = (
    *(OSError, ValueError, KeyError, ImportError, EOFError),
    *(SafetensorError, UnpicklingError),
    RuntimeError,  # weights of other shapes
)


@dataclass(frozen=True, slots=True)
class Source:
    """A checkpoint in the format of Hugging Face; see `source_of`."""

    place: str  # a folder, or an id on the hub
    revision: str | None  # commit on the hub; None: it is a folder
    folder: Path  # with its small files: itself, or in the cache of the hub
    trusted: bool  # whether code that comes with it may run

    def config(self) -> Any:
        """Transformers' configuration of the checkpoint; raises ModelUnavailable."""
        return self.load(transformers.AutoConfig.from_pretrained)

    def load(self, from_pretrained: Callable[..., T], **options: Any) -> T:
        """What a `from_pretrained` of transformers makes of the checkpoint.

        From the folder or the local cache; what is missing there comes from the hub, unless
        HF_HUB_OFFLINE is set.

        Raises:
            ModelUnavailable: it cannot be had, is damaged, or needs what is not installed.
            MemoryError: there is too little for it.
        """
        make = partial(from_pretrained, trust_remote_code=self.trusted, **options)
        try:
            with quiet(), memory_told():
                return self._made(make)
        except BROKEN as error:
            raise _unavailable(self.place, error) from error

    def load_words(self, from_pretrained: Callable[..., T]) -> T:
        """The same for a tokenizer, or a processor that has one.

        Without the files of its words, transformers would make up a tokenizer that knows none.

        Raises:
            ModelUnavailable: it cannot be had, as `load`, or has no words.
        """
        if not self.trusted and not self._has_words():
            raise ModelUnavailable(
                f"{self.place} is damaged or incomplete: it lacks the words of its tokenizer, such"
                " as tokenizer.json; fetch it again"
            )
        return self.load(from_pretrained)

    def _made(self, make: Callable[..., T]) -> T:
        try:
            return make(str(self.folder))  # by its name the library would ask the hub
        except (OSError, ValueError):  # so a file is missed
            if self.revision is None:
                raise
            self._complete()
            if snapshots.holds_weights(self.folder, STEMS):
                return make(str(self.folder))
            return make(self.place, revision=self.revision)

    def _has_words(self) -> bool:
        if self.revision is not None and not snapshots.holds_words(self.folder):
            self._complete()
        return snapshots.holds_words(self.folder)

    def _complete(self) -> None:
        """Fetch small files that are missing, if the hub can be reached."""
        with suppress(Exception):  # of any library: what is missing is told by who misses it
            snapshots.fetch(self.place, self.revision)

    @property
    def identity(self) -> str:
        """What tells other weights of that name apart: a commit, or the digest of a folder."""
        return self.revision or digest_of_folder(self.folder)

    @property
    def name(self) -> str:
        """The checkpoint with its revision, as "org/name@commit" or "folder@digest"."""
        place = self.place if self.revision else self.folder.resolve().name
        return f"{place}@{self.identity[:DIGITS]}"


def source_of(model: Path | str, *, revision: str | None = None, trusted: bool = False) -> Source:
    """The source that users write as a folder, "org/name" or "org/name@revision".

    Without a revision it is the commit that was fetched before, so a new commit of its authors
    changes nothing until one is named; a branch ("@main") is looked up at the hub each time.

    Args:
        model: the folder or the id.
        revision: commit, branch or tag of an id that names none.
        trusted: whether code that comes with it may run.

    Raises:
        ModelUnavailable: it is neither in the cache nor to be had from the hub.
    """
    if isinstance(model, Path) or Path(model).is_dir():
        return Source(str(model), None, Path(model), trusted)
    place, _, named = model.partition("@")
    try:
        with quiet():
            folder = snapshots.find(place, named or revision, STEMS)
    except BROKEN as error:
        raise _unavailable(place, error) from error
    return Source(place, folder.name, folder, trusted)


def _unavailable(place: str, error: Exception) -> ModelUnavailable:
    where = "damaged or incomplete" if Path(place).is_dir() else "not to be had"
    return ModelUnavailable(
        f"{place} is {where}: {reason(error)}. Give a folder in the format of Hugging Face,"
        " or an id on its hub, and with HF_HUB_OFFLINE one that was fetched before"
    )
