"""The template for plug-ins, docs/plugin.md, is a package that works."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mirada import protocols, testing
from mirada.plugins import ROLES
from tests import photos
from tests.conftest import REPOSITORY, command

PAGE = (REPOSITORY / "docs" / "plugin.md").read_text("utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the package of the page."""
    source, site = tmp_path_factory.mktemp("package"), tmp_path_factory.mktemp("site")
    for block in re.findall(r"```(?:python|toml)\n# (\S+)\n(.*?)```", PAGE, re.DOTALL):
        (source / block[0]).write_text(block[1], encoding="utf-8")
    assert {path.name for path in source.iterdir()} == {
        "mirada_colours.py",
        "pyproject.toml",
        "test_mirada_colours.py",
    }
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*pip, "--no-deps", "--no-build-isolation", "--no-index", "--target", site, source],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (site / "test_mirada_colours.py").write_bytes((source / "test_mirada_colours.py").read_bytes())
    return site


@pytest.fixture
def shell(site: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MIRADA_")}
    return {**kept, "PYTHONPATH": str(site)}


def test_the_package_passes_the_contract_of_its_role(site: Path, shell: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", site],
        cwd=site,
        env=shell,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout or "[100%]" in done.stdout


def test_it_is_listed_indexed_and_searched_with(tmp_path: Path, shell: dict[str, str]) -> None:
    for name, colour in {"rose": photos.RED, "grass": (0, 128, 0), "sea": photos.BLUE}.items():
        photos.flat(colour).save(tmp_path / f"{name}.png")

    def mirada(*arguments: str) -> str:
        done = subprocess.run(
            command(arguments), cwd=tmp_path, env=shell, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "mirada-colours 1.0" in mirada("models", "--role", "encoders")
    assert "Finds pictures by their colours" in mirada("models")
    assert "indexed 3" in mirada("index", "--encoder", "colours", "--segmenter", "grid")
    found = json.loads(mirada("search", "something blue", "--json"))
    assert Path(found["hits"][0]["paths"][0]).name == "sea.png"


def test_the_page_names_every_role_and_contract() -> None:
    for role in ROLES:
        assert f"`mirada.{role}`" in PAGE
    contracts = {name for name in testing.__all__ if name.endswith("Contract")}
    named = set(re.findall(r"`(\w+Contract)`", PAGE))
    assert named <= contracts
    assert contracts - named <= {"StoreContract", "MapEncoderContract", "GroundedContract"}
    for name in re.findall(r"\(`(\w+)`[:)]", PAGE):
        assert hasattr(protocols, name)
