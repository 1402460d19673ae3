"""What holds for every command, and the small ones."""

import json

import pytest
from click.testing import CliRunner

from mirada.cli import COMMANDS, cli


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


def test_doctor_finds_a_healthy_index(album, mirada) -> None:
    mirada("index")
    done = mirada("doctor", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 0, report["problems"]
    assert report["problems"] == []
    assert report["encoder"]["name"] == "colour/1"
    assert report["index"]["home"] == str(album / ".mirada")


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
