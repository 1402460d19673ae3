"""Checkpoints of Hugging Face's hub in its cache: of which commit, and fetched where it is missing.

cached and whole -> that commit stays, and nothing is asked of the network
named by a branch -> where the branch is now, if the hub can be reached
else -> fetched: all small files of one commit first, so that none of another gets among them
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from huggingface_hub import constants, snapshot_download

from mirada.hub_cache import cached

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

COMMIT: Final = re.compile(r"[0-9a-f]{7,40}")  # or its beginning, as names show it
BRANCH: Final = "main"
SMALL: Final = ("*.json", "*.txt", "*.model", "*.jinja", "*.tiktoken", "*.spm", "*.bpe", "*.py")
"""Files beside weights, or in folders below: configurations, tokenizers, templates, code (which is
not run for that)."""
FORMATS: Final = (".safetensors", ".bin")
WORDS: Final = ("tokenizer.json", "tekken.json", "*vocab*", "*.model", "*.tiktoken", "*.spm")
"""Files with the words of a tokenizer, of which each has some."""


def find(place: str, revision: str | None, stems: Sequence[str]) -> Path:
    """The folder of the cache with the small files of a checkpoint, of one commit.

    Args:
        place: "org/name".
        revision: a commit or its beginning; a branch or tag, which is looked up at the hub again;
            None: the commit that was fetched before, else where the main branch is.
        stems: what files of weights are called before their suffix.

    Raises:
        OSError: it is not in the cache, and cannot be fetched.
    """
    known = [folder for folder in _cached(place, revision) if folder.is_dir()]
    if revision is None or COMMIT.fullmatch(revision):
        for folder in known:
            if holds_weights(folder, stems):
                return folder
    try:
        return fetch(place, revision)
    except Exception as error:  # of the library that the hub's uses for HTTP, whichever it is
        if known:
            return known[0]
        raise OSError(str(error)) from error


def fetch(place: str, revision: str | None) -> Path:
    """The folder with all small files; what is there already is not fetched again."""
    return Path(snapshot_download(place, revision=revision, allow_patterns=list(SMALL)))


def holds_weights(folder: Path, stems: Sequence[str]) -> bool:
    """Whether a folder has all weights, in one of the formats, in one file or in several."""
    for name in (f"{stem}{suffix}" for stem in stems for suffix in FORMATS):
        if (folder / name).is_file():
            return True
        with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):  # or damaged
            listed = json.loads((folder / f"{name}.index.json").read_text("utf-8"))
            if all((folder / part).is_file() for part in listed["weight_map"].values()):
                return True
    return False


def holds_words(folder: Path) -> bool:
    """Whether a folder has files with the words of a tokenizer."""
    return any(any(folder.glob(name)) for name in WORDS)


def _cached(place: str, revision: str | None) -> Iterator[Path]:
    """Folders of the cache that may be meant, the likeliest first."""
    home = Path(constants.HF_HUB_CACHE) / cached(place).name
    snapshots = home / "snapshots"
    if revision and COMMIT.fullmatch(revision):
        yield from sorted(snapshots.glob(f"{revision}*"))
        return
    with suppress(OSError):
        yield snapshots / (home / "refs" / (revision or BRANCH)).read_text("utf-8").strip()
    if revision is None and snapshots.is_dir():  # another program may have moved the branch
        yield from sorted(snapshots.iterdir(), key=lambda one: one.stat().st_mtime, reverse=True)
