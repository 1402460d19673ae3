"""Where the hub keeps its files is told without its library, and as the library has it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mirada.hub_cache import cached, hub_cache

NAMES = ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME")
PLACES: dict[str, dict[str, str]] = {  # where it is -> because of what; {home}: of the user
    "{home}/.cache/huggingface/hub": {},
    "/data/caches/huggingface/hub": {"XDG_CACHE_HOME": "/data/caches"},
    "{home}/models/hub": {"HF_HOME": "~/models", "XDG_CACHE_HOME": "/data/caches"},
    "/data/older": {"HUGGINGFACE_HUB_CACHE": "/data/older", "HF_HOME": "/data"},
    "{home}/x/hub": {"HF_HUB_CACHE": "$HOME/x/hub", "HUGGINGFACE_HUB_CACHE": "/data/older"},
}


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache of one setting of the variables, which are set."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in PLACES[request.param].items():
        monkeypatch.setenv(name, value)
    return Path(request.param.format(home=tmp_path))


@pytest.mark.skipif(sys.platform == "win32", reason="its home is not $HOME")
def test_the_cache_is_where_the_variables_say(place: Path) -> None:
    assert hub_cache() == place
    assert cached("org/name@commit") == place / "models--org--name"


@pytest.mark.skipif(sys.platform == "win32", reason="its home is not $HOME")
def test_the_library_looks_there_too(place: Path) -> None:
    pytest.importorskip("huggingface_hub")
    script = "from huggingface_hub import constants; print(constants.HF_HUB_CACHE)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()) == place
