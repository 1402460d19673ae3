"""A real server of a tiny model, and an empty cache for each test."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXTRAS = ("openai", "torch", "transformers", "accelerate", "fastapi", "uvicorn")
START = 150  # seconds for making and loading the model on a busy machine


@dataclass(frozen=True)
class Served:
    """A model that a server offers."""

    url: str
    model: str


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache in which nothing is kept yet, and a shell without keys."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MIRADA_CACHE", str(tmp_path / "own-cache"))
    return tmp_path / "own-cache"


@dataclass(frozen=True)
class Starting:
    """A server that is not up yet."""

    process: subprocess.Popen[bytes]
    log: Path
    served: Served


@pytest.fixture(autouse=True, scope="session")
def starting(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Starting | None]:
    """The server, started while tests run that do without; None where all do, or extras miss."""
    wanted = any("served" in item.fixturenames for item in request.session.items)  # type: ignore[attr-defined]
    if not wanted or not all(map(find_spec, EXTRAS)):
        yield None
        return
    folder = tmp_path_factory.mktemp("served")
    checkpoint, log, port = folder / "tiny", folder / "log", _free_port()
    environment = {name: value for name, value in os.environ.items() if "PROXY" not in name.upper()}
    environment |= {"PYTHONPATH": str(REPOSITORY), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.models.remote.serving", str(checkpoint), str(port)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Starting(process, log, Served(f"http://127.0.0.1:{port}/v1", str(checkpoint)))
    finally:
        process.kill()
        process.communicate(timeout=30)


@pytest.fixture(scope="session")
def served(starting: Starting | None) -> Served:
    """The tiny checkpoint behind `transformers serve`, on loopback alone."""
    if starting is None:
        pytest.skip(f"needs {', '.join(EXTRAS)}")
    _wait_for(starting)
    return starting.served


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait_for(starting: Starting) -> None:
    url = f"{starting.served.url.removesuffix('/v1')}/health"
    end = time.monotonic() + START
    while time.monotonic() < end and starting.process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server did not start: {starting.log.read_text()[-2000:]}")
