"""Files of experiments: what they may say, and what is told of mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from mirada.cli import cli
from mirada.errors import ConfigError
from mirada.experiments.config import example, read_experiment
from mirada.experiments.grid import baseline_of, label_of, systems_of

START = '[[datasets]]\nfolder = "data"\n'


def read(folder: Path, text: str) -> object:
    path = folder / "grid.toml"
    path.write_text(text)
    return read_experiment(path)


def test_the_example_is_printed_and_can_be_read(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["experiment", "--example"])
    assert done.stdout == example()
    path = tmp_path / "grid.toml"
    path.write_text(done.stdout)
    told = read_experiment(path)
    systems = systems_of(told.grid)
    assert len(systems) == 8
    assert label_of(baseline_of(systems, told.report.baseline), systems) == (
        "grid · no captions · fused"
    )


def test_what_a_file_leaves_out_is_what_mirada_does_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "grid.toml"
    path.write_text(START)
    told = read_experiment(path)
    (system,) = systems_of(told.grid)
    assert told.name == "grid"
    assert system.settings == {
        "encoder": "mirada-small",
        "segmenter": "feature-map",
        "captioner": "mirada-small-captioner",
        "words_weight": 0.03,
        "rerank": True,
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name = 1\n" + START, "name must be of type str"),
        ("", "no [[datasets]]"),
        ("[[datasets]]\n", "dataset 1: lacks folder"),
        (START + 'spilt = "x"\n', "dataset 1: unknown key 'spilt'; known: captions, folder"),
        (START + "[grid]\nencoder = []\n", "[grid]: unknown key 'encoder'; known: captioners, enc"),
        (START + "[grid]\nencoders = []\n", "encoders must be a list with something in it"),
        (START + '[grid]\nencoders = ["a", "a"]\n', "names something twice"),
        (START + "[grid]\nwords_weights = [2]\n", "words_weights are in [0, 1], not 2"),
        (START + "[grid]\nrerank = [1]\n", "rerank, value 0 must be of type bool"),
        (START + '[report]\nbaseline = { model = "x" }\n', "baseline: unknown key 'model'"),
        (START + "[limits]\nimages = -1\n", "no number may be negative"),
        (START + 'queries = "all"\n', "queries is one of captions, spatial, judged, not 'all'"),
        (START + 'queries = "judged"\n', "topics and qrels go with"),
        (START + 'queries = "spatial"\nlanguage = "es"\n', "spatial queries are in English"),
        ("[[datasets]\n", "grid.toml"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, text)
    assert told in str(error.value)


def test_a_baseline_outside_the_grid_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "grid.toml"
    path.write_text(START + '[report]\nbaseline = { segmenter = "grid" }\n')
    told = read_experiment(path)
    with pytest.raises(ConfigError, match="segmenter = 'grid'"):
        baseline_of(systems_of(told.grid), told.report.baseline)
