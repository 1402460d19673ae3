"""Whether the files of a model are those that its makers published: by their checksums."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mirada.errors import ModelUnavailable
from mirada.hub_cache import cached
from mirada.known import known_models
from mirada.models.captioners import WEIGHTS as CAPTIONER
from mirada.models.checksums import hash_file
from mirada.models.segmenters import WEIGHTS as SEGMENTER
from mirada.models.small import WEIGHTS as ENCODER
from mirada.models.weights import MANIFEST, damaged_files, promised_files

if TYPE_CHECKING:
    from collections.abc import Iterator

EMBEDDED: Final = {
    "mirada-small": ENCODER,
    "mirada-small-captioner": CAPTIONER,
    "feature-map": SEGMENTER,
}
SHA256: Final = re.compile(r"[0-9a-f]{64}")  # names of large files in the cache of the hub
GIT: Final = re.compile(r"[0-9a-f]{40}")  # names of the others


def check_model(name: str) -> tuple[int, list[Path]]:
    """How many files of a model were checked, and which are damaged.

    Args:
        name: of an embedded model, a folder of weights that mirada made, or a checkpoint of the
            hub that was fetched before ("siglip2", "hub:ORG/NAME").

    Raises:
        ModelUnavailable: there is nothing to check it by.
    """
    folder = EMBEDDED.get(name, Path(name))
    if (folder / MANIFEST).is_file():
        return len(promised_files(folder)), [folder / one for one in damaged_files(folder)]
    blobs = _blobs_of(_source_of(name))
    found = list(_named_by_digest(blobs)) if blobs.is_dir() else []
    if not found:
        raise ModelUnavailable(
            f"{name} has no checksums here: it is neither a model of mirada's nor one of the hub "
            f"that was fetched (looked in {blobs})"
        )
    return len(found), [path for path in found if _digest(path) != path.name]


def _source_of(name: str) -> str:
    known = next((one.load for one in known_models() if one.name == name), name)
    return known.partition(":")[2] or known


def _blobs_of(source: str) -> Path:
    return cached(source) / "blobs"


def _named_by_digest(blobs: Path) -> Iterator[Path]:
    return (
        path
        for path in sorted(blobs.iterdir())
        if SHA256.fullmatch(path.name) or GIT.fullmatch(path.name)
    )


def _digest(path: Path) -> str:
    """The digest by which the hub names a file: sha256, or git's of small ones."""
    if SHA256.fullmatch(path.name):
        return hash_file(path)
    begun = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: begun).hexdigest()
