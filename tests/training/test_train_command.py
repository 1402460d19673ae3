from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from mirada.cli import cli
from mirada.cli.train import run_dual
from tests.training.tiny import TINY, write_shapes

if TYPE_CHECKING:
    from pathlib import Path


def test_without_the_extra_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("mirada.training.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    shapes = str(write_shapes(tmp_path / "shapes"))
    done = CliRunner().invoke(
        cli, ["train", "dual", shapes, "--dev", shapes, "--out", str(tmp_path / "out")]
    )
    assert done.exit_code == 1
    assert "pip install 'mirada[train]'" in done.output


def test_languages_other_than_ours_are_refused(tmp_path: Path) -> None:
    shapes = str(write_shapes(tmp_path / "shapes"))
    done = CliRunner().invoke(
        cli, ["train", "dual", shapes, "--dev", shapes, "--out", "x", "--languages", "en,fr"]
    )
    assert done.exit_code == 2
    assert "en or en,es" in done.output


@pytest.mark.filterwarnings("ignore")
def test_a_run_tells_its_cost_and_leaves_log_and_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("matplotlib")
    shapes = write_shapes(tmp_path / "shapes")
    work = tmp_path / "work"
    run_dual(TINY, shapes, shapes, out=tmp_path / "out", work=work, name="a/1", threads=1, yes=True)
    told = capsys.readouterr()
    assert "24 images, 48 captions: about" in told.err
    assert told.out.strip() == str(tmp_path / "out")
    rows = [json.loads(line) for line in (work / "log.jsonl").read_text().splitlines()]
    assert [row["stage"] for row in rows[:6]] == ["heads"] * 4 + ["tail"] * 2
    assert all(len(row["shapes en"]) == 3 for row in rows)
    assert (work / "training.png").stat().st_size > 1000
