"""Checkpoints as the hub keeps them: found offline, told apart by commit, refused when missing."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests import photos
from tests.conftest import command

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.tiny_hub import tiny_clip

OLD, NEW = "1" * 40, "2" * 40  # commits


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """The hub's cache with two commits of some/clip; main is at the new one."""
    place = tmp_path / "hub" / "models--some--clip"
    for commit in (OLD, NEW):
        tiny_clip(place / "snapshots" / commit)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(NEW)
    return tmp_path / "hub"


def run(album: Path, cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MIRADA_")}
    offline = {"HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        command(arguments),
        cwd=album,
        env={**kept, **offline, "MIRADA_CACHE": str(album / "cache")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_fetched_checkpoint_works_offline_and_its_commit_is_part_of_its_name(
    tmp_path: Path, cache: Path
) -> None:
    album = tmp_path / "album"
    album.mkdir()
    photos.flat().save(album / "rose.png")
    home = album / ".mirada"
    home.mkdir()
    (home / "mirada.toml").write_text('segmenter = "grid"\nroles = ["regions"]\n')
    done = run(album, cache, "index", "--encoder", "hub:some/clip")
    assert "indexed 1" in done.stdout, done.stderr
    record = json.loads(run(album, cache, "show", "rose.png", "--json").stdout)
    assert record["models"]["regions"] == f"grid/1, some/clip@{NEW[:12]}"

    pinned = run(album, cache, "index", "--encoder", f"hub:some/clip@{OLD}")
    assert "pictures for the new model: 1" in pinned.stderr, pinned.stderr
    assert run(album, cache, "search", "a ball").returncode == 0
    record = json.loads(run(album, cache, "show", "rose.png", "--json").stdout)
    assert record["models"]["regions"] == f"grid/1, some/clip@{OLD[:12]}"

    missing = run(album, cache, "index", "--encoder", "hub:other/clip")
    assert missing.returncode == 1
    assert "other/clip is not to be had" in missing.stderr
    assert "HF_HUB_OFFLINE" in missing.stderr
    assert "Traceback" not in missing.stderr
