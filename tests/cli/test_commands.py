"""What holds for every command, and the small ones."""

import json
import shutil
from importlib.util import find_spec

import pytest
from click.testing import CliRunner

from mirada.cli import COMMANDS, cli
from mirada.models.segmenters import WEIGHTS as SEGMENTER


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_help_ends_with_an_example(name: str) -> None:
    shown = CliRunner().invoke(cli, [name, "--help"])
    assert shown.exit_code == 0
    last = shown.output.strip().split("\n\n")[-1]
    assert "mirada" in last
    assert last.strip().startswith(("Example", "Commands")), last


def test_the_commands_are_listed() -> None:
    shown = CliRunner().invoke(cli, ["--help"]).output
    assert all(f"  {name} " in shown for name in COMMANDS)


def test_an_unknown_command_is_a_usage_error() -> None:
    assert CliRunner().invoke(cli, ["serach", "x"]).exit_code == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str) -> None:
    shown = CliRunner().invoke(cli, ["completion", shell])
    assert shown.exit_code == 0
    assert "_MIRADA_COMPLETE" in shown.output


def test_models_lists_the_embedded_one_and_those_of_other_packages(mirada) -> None:
    shown = json.loads(mirada("models", "--json").stdout)
    assert {"colour", "mirada-small"} <= {model["name"] for model in shown}


def test_models_tell_what_they_are_and_how_to_get_them(mirada) -> None:
    shown = mirada("models", "--role", "encoders").stdout
    assert "384 dimensions, 20 MB, en/es, cpu, Apache-2.0" in shown
    assert "colour-encoder 1.0" in shown  # the package that another plug-in comes from
    assert "captioners" not in shown
    listed = {
        (one["role"], one["name"]): one for one in json.loads(mirada("models", "--json").stdout)
    }
    assert listed["captioners", "remote"]["runs_on"] == ["service"]
    assert listed["encoders", "siglip2"]["load"] == "hub:google/siglip2-base-patch16-224"


def test_a_damaged_file_of_a_model_is_found_by_its_checksum(mirada, tmp_path) -> None:
    assert "feature-map: 1 of 1 files are as published" in mirada("models", "verify").stdout
    folder = shutil.copytree(SEGMENTER, tmp_path / "copy")
    next(folder.glob("*.npz")).write_bytes(b"other")
    done = mirada("models", "verify", folder)
    assert done.returncode == 1
    assert "damaged" in done.stdout
    assert "no checksums here" in mirada("models", "verify", "siglip2").stderr


def test_a_checkpoint_is_ready_once_its_weights_are_in_the_cache(mirada, tmp_path) -> None:
    def state() -> str:
        told = mirada("models", "--json", HF_HUB_CACHE=str(tmp_path)).stdout
        return next(one["state"] for one in json.loads(told) if one["name"] == "siglip2")

    folder = tmp_path / "models--google--siglip2-base-patch16-224" / "snapshots" / ("1" * 40)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    unfetched = state()
    (folder / "model.safetensors").write_bytes(b"")
    assert unfetched != "ready"
    assert state() == ("ready" if find_spec("transformers") else unfetched)


def test_a_checkpoint_of_the_hub_is_checked_by_the_names_of_its_blobs(mirada, tmp_path) -> None:
    blobs = tmp_path / "models--some--clip" / "blobs"
    blobs.mkdir(parents=True)
    sha = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4: "abc"
    (blobs / sha).write_bytes(b"abc")
    empty = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"  # git's name of an empty file
    (blobs / empty).write_bytes(b"")
    verify = ("models", "verify", "hub:some/clip")
    assert "2 of 2 files" in mirada(*verify, HF_HUB_CACHE=str(tmp_path)).stdout
    (blobs / sha).write_bytes(b"abd")
    assert "1 of 2 files" in mirada(*verify, HF_HUB_CACHE=str(tmp_path)).stdout


def test_doctor_finds_a_healthy_index(album, mirada) -> None:
    mirada("index")
    done = mirada("doctor", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 0, report["problems"]
    assert report["problems"] == []
    assert report["encoder"]["name"] == "colour/1"
    assert report["index"]["home"] == str(album / ".mirada")
    machine = report["machine"]
    assert machine["pictures_a_second"] > 0
    assert machine["preset"] in machine["presets"]


def test_doctor_without_an_index_says_how_to_make_one(album, mirada, tmp_path) -> None:
    done = mirada("doctor", cwd=tmp_path)
    assert "mirada index DIR" in done.stdout


def test_doctor_names_a_damaged_index_and_fails(album, mirada) -> None:
    mirada("index")
    for path in (album / ".mirada" / "images.lance" / "data").iterdir():
        path.write_bytes(b"")
    done = mirada("doctor")
    assert done.returncode == 1
    assert "problem:" in done.stdout
