"""How users name a remote model, and what they are told."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mirada.errors import ConfigError, ModelUnavailable
from mirada.plugins import load_captioner, load_reranker, load_tagger
from mirada.protocols import Batched, Captioner, Reranker, Tagger

HERE = {"remote": {"url": "http://127.0.0.1:9/v1"}}
LOADERS = (load_captioner, load_tagger, load_reranker)


def test_a_model_is_named_behind_a_colon() -> None:
    pytest.importorskip("openai")
    roles = (Captioner, Tagger, Reranker)
    for load, role in zip(LOADERS, roles, strict=True):
        model = load("remote:llava:7b", HERE)
        assert isinstance(model, role)
        assert isinstance(model, Batched)  # as many threads as requests at once are worth having
        assert model.name == "remote:llava:7b@127.0.0.1:9, prompts/1"


@pytest.mark.parametrize("load", LOADERS)
def test_without_a_model_or_with_an_unknown_option_the_way_is_shown(load: object) -> None:
    with pytest.raises(ConfigError, match="must be told what to load: remote:MODEL"):
        load("remote", HERE)  # type: ignore[operator]
    with pytest.raises(ConfigError, match="known: url, key_variable, concurrency"):
        load("remote:m", {"remote": {"price": 3}})  # type: ignore[operator]
    with pytest.raises(ConfigError, match="side .* from 32 to 8192, not 7"):
        load("remote:m", {"remote": {"side": 7}})  # type: ignore[operator]


def test_openai_itself_needs_a_key() -> None:
    pytest.importorskip("openai")
    with pytest.raises(ConfigError, match="environment variable OPENAI_API_KEY"):
        load_tagger("remote:gpt-4o")


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    for name in ("client", "service"):
        monkeypatch.delitem(sys.modules, f"mirada.models.remote.{name}", raising=False)
    with pytest.raises(ModelUnavailable, match="pip install 'mirada.remote.'"):
        load_tagger("remote:m", HERE)


def test_languages_come_from_the_settings_as_a_list() -> None:
    pytest.importorskip("openai")
    options = {"remote": {**HERE["remote"], "languages": ["es"]}}
    assert load_captioner("remote:m", options).languages == ("es",)
    assert load_captioner("remote:m", HERE).languages == ("en", "es")


def test_a_folder_may_be_the_name_of_a_model(tmp_path: Path) -> None:
    """Servers that run checkpoints from folders call them so."""
    pytest.importorskip("openai")
    assert load_tagger(f"remote:{tmp_path}", HERE).name.startswith(f"remote:{tmp_path}@")
