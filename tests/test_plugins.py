"""A role and a name lead to a model."""

from __future__ import annotations

import json
import os
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from mirada import plugins
from mirada.errors import ConfigError, ModelUnavailable
from mirada.known import KnownModel, find_model, known_models
from mirada.models.small import WEIGHTS, SmallEncoder


class Loaded:
    """A model that remembers what it was made with."""

    def __init__(self, what: Path | str, *, device: str = "auto", batch_size: int = 8) -> None:
        self.what, self.device, self.batch_size = what, device, batch_size


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plug-in `remembering` beside those that are installed."""
    real = plugins._find

    def find(role: str) -> tuple[EntryPoint, ...]:
        own = EntryPoint("remembering", f"{__name__}:Loaded", f"mirada.{role}")
        return (*real(role), own)

    monkeypatch.setattr(plugins, "_find", find)
    monkeypatch.setattr(plugins, "_load", _kind)


def _kind(entry: EntryPoint) -> type:
    return Loaded if entry.name == "remembering" else entry.load()


def test_what_stands_behind_the_colon_is_what_the_plugin_loads() -> None:
    assert plugins.load_encoder("remembering:org/name@1a2b").what == "org/name@1a2b"


def test_a_folder_behind_the_colon_comes_as_a_path(tmp_path: Path) -> None:
    assert plugins.load_encoder(f"remembering:{tmp_path}").what == tmp_path


def test_options_of_the_plugin_alone_are_given_to_it() -> None:
    options = {"remembering": {"device": "cpu"}, "other": {"smell": "rose"}}
    made = plugins.load_captioner("remembering:x", options)
    assert (made.device, made.batch_size) == ("cpu", 8)


def test_options_for_one_role_reach_that_role_alone() -> None:
    options = {"remembering": {"device": "cpu", "captioner": {"batch_size": 2}}}
    captioner = plugins.load_captioner("remembering:x", options)
    encoder = plugins.load_encoder("remembering:x", options)
    assert (captioner.device, captioner.batch_size) == ("cpu", 2)
    assert (encoder.device, encoder.batch_size) == ("cpu", 8)


def test_an_option_that_it_does_not_know_is_told_with_those_it_knows() -> None:
    with pytest.raises(ConfigError, match=r"\[models.remembering\].*known: device, batch_size"):
        plugins.load_encoder("remembering:x", {"remembering": {"devise": "cpu"}})


def test_options_of_a_role_must_be_a_table() -> None:
    with pytest.raises(ConfigError, match=r"\[models.remembering.captioner\]"):
        plugins.load_captioner("remembering:x", {"remembering": {"captioner": 3}})


def test_a_plugin_that_must_be_told_what_to_load_says_so() -> None:
    with pytest.raises(ConfigError, match="remembering:MODEL"):
        plugins.load_encoder("remembering")


def test_a_short_name_stands_for_a_plugin_and_what_it_loads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = KnownModel("short", "encoders", "remembering:org/long", "", "")
    monkeypatch.setattr(
        plugins, "find_model", lambda role, name: known if name == "short" else None
    )
    assert plugins.load_encoder("short").what == "org/long"


def test_a_folder_that_mirada_trained_is_a_model_of_its_role() -> None:
    assert isinstance(plugins.load_encoder(str(WEIGHTS)), SmallEncoder)


def test_a_folder_says_which_plugin_runs_it(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text(json.dumps({"plugin": "remembering"}))
    assert plugins.load_encoder(str(tmp_path)).what == tmp_path


def test_a_damaged_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text("{")
    with pytest.raises(ModelUnavailable, match="is damaged"):
        plugins.load_encoder(str(tmp_path))


def test_an_unknown_name_is_told_with_a_near_one_and_where_to_look() -> None:
    with pytest.raises(ModelUnavailable, match="did you mean mirada-small.*`mirada models`"):
        plugins.load_encoder("mirada-smal")
    with pytest.raises(ModelUnavailable, match="no tagger is called 'x'"):
        plugins.load_tagger("x")


def test_every_known_model_has_a_role_a_plugin_and_a_licence() -> None:
    offered = {(one.role, one.name) for one in plugins.list_plugins()}
    for model in known_models():
        assert model.role in plugins.ROLES
        assert (model.role, model.load.partition(":")[0]) in offered
        assert model.licence
        assert model.about
        assert find_model(model.role, model.name) == model


@pytest.mark.skipif(os.name == "nt", reason="paths there begin with a letter and a colon")
def test_names_of_models_are_not_taken_for_paths_of_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mirada-small").mkdir()
    assert plugins.load_encoder("mirada-small").name.startswith("mirada-small/")
