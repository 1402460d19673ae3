from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from mirada.cli import cli
from tests.training.tiny import write_shapes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    return write_shapes(tmp_path / "shapes")


def test_the_report_comes_as_json(shapes: Path) -> None:
    done = CliRunner().invoke(cli, ["eval", str(shapes), "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["images"] == 24
    assert report["text_to_image"]["queries"] == 48
    assert 0 <= report["text_to_image"]["at"]["10"] <= 1
    assert report["lang"] == "en"


def test_other_captions_are_queries_too(shapes: Path) -> None:
    rows = [json.loads(line) for line in (shapes / "captions.jsonl").read_text().splitlines()]
    other = shapes.parent / "es.jsonl"
    other.write_text(
        "".join(
            json.dumps({"file": row["file"], "captions": ["una pelota"]}) + "\n" for row in rows
        )
    )
    done = CliRunner().invoke(cli, ["eval", str(shapes), "--captions", str(other)])
    assert done.exit_code == 0, done.output
    assert "text to image" in done.stdout
    assert done.stdout.splitlines()[2].split()[-1] == "24"


def test_captions_that_lack_an_image_are_refused(shapes: Path) -> None:
    other = shapes.parent / "es.jsonl"
    other.write_text('{"file": "x.png", "captions": ["una pelota"]}\n')
    done = CliRunner().invoke(cli, ["eval", str(shapes), "--captions", str(other)])
    assert done.exit_code == 1
    assert "lacks" in done.output
    other.write_text("{\n")
    done = CliRunner().invoke(cli, ["eval", str(shapes), "--captions", str(other)])
    assert "line 1: not a row with file and captions" in done.output


def test_an_unknown_split_is_told(shapes: Path) -> None:
    done = CliRunner().invoke(cli, ["eval", str(shapes), "--split", "coco"])
    assert done.exit_code == 1
    assert "no split 'coco'" in done.output
