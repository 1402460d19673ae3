"""Fixtures that many tests share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from tests import photos

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

REPOSITORY = Path(__file__).parent.parent

settings.register_profile("untimed", deadline=None)  # how long an example takes hangs on the load
settings.load_profile("untimed")


@pytest.fixture(autouse=True, scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache folder of the tests' own."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIRADA_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def plugin_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PYTHONPATH on which the encoder `colour` is installed."""
    return write_plugin(tmp_path_factory.mktemp("site"))


@pytest.fixture
def environment(plugin_path: str, cache: Path) -> dict[str, str]:
    """Variables of a shell in which the plug-in is installed and no collection is named."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MIRADA_")}
    own = {"MIRADA_CACHE": str(cache), "PYTHONPATH": plugin_path, "PYTHONUTF8": "1"}
    return {**kept, **own}


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """A folder with one red, one green and one blue picture, set up for the encoder `colour`."""
    folder = tmp_path / "album"
    (folder / ".mirada").mkdir(parents=True)
    (folder / ".mirada" / "mirada.toml").write_text('encoder = "colour"\nsegmenter = "grid"\n')
    photos.flat(photos.RED).save(folder / "rose.png")
    photos.flat(photos.GREEN).save(folder / "grass.png")
    photos.flat(photos.BLUE).save(folder / "sea.png")
    return folder


@pytest.fixture
def mirada(
    album: Path, environment: dict[str, str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command in the album, in a process of its own."""

    def run(
        *arguments: str | Path, typed: str | None = None, cwd: Path = album, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(arguments),
            input=typed,
            cwd=cwd,
            env={**environment, **variables},
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium, 1200 x 900 pixels; where there is none, tests are skipped."""
    driver, program = shutil.which("chromedriver"), shutil.which("chromium")
    if not driver or not program:
        pytest.skip("no chromium and chromedriver here")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--window-size=1200,900",
    ):
        options.add_argument(argument)
    with webdriver.Chrome(options, Service(driver, log_output=os.devnull)) as running:
        yield running


def command(arguments: Sequence[str | Path]) -> list[str]:
    """The command line of `mirada` with the Python that runs the tests."""
    return [sys.executable, "-m", "mirada", *map(str, arguments)]


def write_plugin(site: Path) -> str:
    """A PYTHONPATH on which a package offers the encoder `colour`, as any plug-in would."""
    info = site / "colour_encoder-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: colour-encoder\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[mirada.encoders]\ncolour = tests.fakes:ColourEncoder\ngrey = tests.fakes:GreyEncoder\n"
    )
    return os.pathsep.join([str(site), str(REPOSITORY)])
