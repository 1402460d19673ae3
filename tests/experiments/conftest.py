"""An experiment whose work is counted."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from mirada.cli import cli
from tests.experiments.album import LOG, write_album, write_plugin

if TYPE_CHECKING:
    from click.testing import Result


@dataclass
class Lab:
    """Runs an experiment and tells what was done for it."""

    file: Path
    log: Path

    @property
    def looked_at(self) -> int:
        """Pictures that encoders have looked at so far."""
        return self.log.read_text().count("picture") if self.log.exists() else 0

    @property
    def report(self) -> Path:
        return self.file.with_name("grid-report")

    @property
    def record(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.report / "report.json").read_text("utf-8"))
        return found

    def run(self, *arguments: str) -> Result:
        done = CliRunner().invoke(cli, ["experiment", str(self.file), *arguments])
        assert done.exit_code == 0, done.output
        return done

    def refuse(self) -> str:
        done = CliRunner().invoke(cli, ["experiment", str(self.file)])
        assert done.exit_code == 1, done.output
        return done.output

    def change(self, old: str, new: str) -> None:
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new))


@pytest.fixture(scope="session")
def counting_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PYTHONPATH on which the encoders `counting` and `blind` are installed."""
    return write_plugin(tmp_path_factory.mktemp("site"))


@pytest.fixture
def lab(tmp_path: Path, counting_path: str, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Four systems on nine pictures and eighteen queries."""
    return _set_up(Lab(write_album(tmp_path), tmp_path / "log"), counting_path, monkeypatch)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, counting_path: str) -> tuple[Lab, Result]:
    """The same once it has run, to be read only, and what the command said."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        lab = _set_up(Lab(write_album(folder), folder / "log"), counting_path, patch)
        done = lab.run()
    return lab, done


@pytest.fixture
def resumed(
    finished: tuple[Lab, Result],
    tmp_path: Path,
    counting_path: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Lab:
    """The same as a copy, which other runs may go on from."""
    shutil.copytree(finished[0].file.parent, tmp_path, dirs_exist_ok=True)
    return _set_up(Lab(tmp_path / "grid.toml", tmp_path / "log"), counting_path, monkeypatch)


def _set_up(lab: Lab, counting_path: str, patch: pytest.MonkeyPatch) -> Lab:
    patch.syspath_prepend(counting_path.split(os.pathsep, maxsplit=1)[0])
    patch.setenv(LOG, str(lab.log))
    return lab
