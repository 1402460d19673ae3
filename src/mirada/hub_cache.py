"""Where the library of Hugging Face's hub keeps what it has fetched; nothing of it is imported."""

from __future__ import annotations

import os
from pathlib import Path


def cached(source: str) -> Path:
    """Folder of a checkpoint ("org/name", with or without "@revision"), there or not."""
    home = os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface"
    cache = Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub")
    return cache / f"models--{source.partition('@')[0].replace('/', '--')}"
