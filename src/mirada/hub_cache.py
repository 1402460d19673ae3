"""Where the library of Hugging Face's hub keeps what it has fetched; nothing of it is imported."""

from __future__ import annotations

import os
from pathlib import Path


def cached(source: str) -> Path:
    """Folder of a checkpoint ("org/name", with or without "@revision"), there or not."""
    return hub_cache() / f"models--{source.partition('@')[0].replace('/', '--')}"


def hub_cache() -> Path:
    """The folder that huggingface_hub would name, by the same variables, with ~ and $NAMES."""
    told = os.environ
    above = told.get("XDG_CACHE_HOME", str(Path("~", ".cache")))
    home = _full(told.get("HF_HOME", str(Path(above, "huggingface"))))
    older = told.get("HUGGINGFACE_HUB_CACHE", str(Path(home, "hub")))
    return Path(_full(told.get("HF_HUB_CACHE", older)))


def _full(place: str) -> str:
    return os.path.expandvars(os.path.expanduser(place))
