"""Where a checkpoint comes from, what it is called, and how it is loaded.

Code that comes with a checkpoint is run only where its user says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import transformers
from safetensors import SafetensorError
from transformers.utils import CONFIG_NAME
from transformers.utils.hub import cached_file, extract_commit_hash

from mirada.errors import ModelUnavailable
from mirada.models.devices import place_model, precision_for
from mirada.models.weights import digest_of_folder

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

__all__ = ["Source", "digest_of_folder", "place_model", "precision_for", "source_of"]

DIGITS = 12  # of a revision in a name


@dataclass(frozen=True, slots=True)
class Source:
    """A checkpoint in the format of Hugging Face."""

    place: str  # a folder, or an id on the hub
    revision: str | None  # branch, tag or commit on the hub; None: the main branch
    trusted: bool  # whether code that comes with it may run

    def config(self) -> Any:
        """Transformers' configuration of the checkpoint; raises ModelUnavailable."""
        return self.load(transformers.AutoConfig.from_pretrained)

    def load(self, from_pretrained: Callable[..., T], **options: Any) -> T:
        """What a `from_pretrained` of transformers makes of the checkpoint.

        From the folder, the local cache or, unless HF_HUB_OFFLINE is set, the hub.

        Raises:
            ModelUnavailable: it cannot be had, is damaged, or needs what is not installed.
        """
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        asked = {"revision": self.revision} if self.revision else {}
        try:
            return from_pretrained(self.place, trust_remote_code=self.trusted, **asked, **options)
        except (OSError, ValueError, KeyError, ImportError, SafetensorError) as error:
            where = "damaged or incomplete" if Path(self.place).is_dir() else "not to be had"
            raise ModelUnavailable(
                f"{self.place} is {where}: {_first_line(error)}. Give a folder in the format of"
                " Hugging Face, or an id on its hub, and with HF_HUB_OFFLINE one that was fetched"
                " before"
            ) from error

    @property
    def identity(self) -> str:
        """What tells other weights of that name apart: a commit, or the digest of a folder.

        Raises:
            ModelUnavailable: the checkpoint cannot be had.
        """
        folder = Path(self.place)
        if folder.is_dir():
            return digest_of_folder(folder)
        # the library keeps files below the commit they are of, whatever branch was asked for
        found = self.load(_cached_config)
        commit = extract_commit_hash(found, None) or self.revision
        if commit is None:
            raise ModelUnavailable(
                f"{self.place} does not say of which commit it is: name one, as "
                f"hub:{self.place}@COMMIT"
            )
        return commit

    @property
    def name(self) -> str:
        """The checkpoint with its revision, as "org/name@commit" or "folder@digest".

        Raises:
            ModelUnavailable: the checkpoint cannot be had.
        """
        folder = Path(self.place)
        place = folder.resolve().name if folder.is_dir() else self.place
        return f"{place}@{self.identity[:DIGITS]}"


def source_of(model: Path | str, *, trusted: bool = False) -> Source:
    """The source that users write as a folder, "org/name" or "org/name@revision"."""
    if isinstance(model, Path) or Path(model).is_dir():
        return Source(str(model), None, trusted)
    place, _, revision = model.partition("@")
    return Source(place, revision or None, trusted)


def _cached_config(place: str, *, trust_remote_code: bool, **asked: str) -> str:  # noqa: ARG001 nothing is run
    path = cached_file(place, CONFIG_NAME, **asked)
    return str(path)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
