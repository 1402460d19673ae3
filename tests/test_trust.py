"""What settings may ask for only where the user has allowed it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from mirada.config import Settings
from mirada.errors import ConfigError
from mirada.trust import check_trust, risks_of, trust

if TYPE_CHECKING:
    from pathlib import Path

REMOTE = Settings(reranker="remote:m", models={"remote": {"url": "http://x/v1"}})


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of settings that is not the user's."""
    monkeypatch.delenv("MIRADA_TRUST", raising=False)
    monkeypatch.setattr("platformdirs.user_config_path", lambda *_, **__: tmp_path / "settings")


@pytest.mark.parametrize(
    ("settings", "risks"),
    [
        (Settings(), ()),
        (Settings(models={"remote": {"url": "http://x/v1"}}), ()),  # nothing names it
        (REMOTE, ("sends pictures to http://x/v1",)),
        (Settings(captioner="remote:gpt", tagger="remote:gpt"), ("sends pictures to OpenAI",)),
        (
            Settings(tagger="remote:m", models={"remote": {"url": "u", "key_variable": "AWS_KEY"}}),
            ("sends pictures to u with the key in AWS_KEY",),
        ),
        (
            Settings(models={"hub": {"trust_remote_code": True}}),
            ("runs code that comes with models of hub",),
        ),
        (
            Settings(models={"hub": {"encoder": {"trust_remote_code": True}}}),
            ("runs code that comes with models of hub",),
        ),
        (Settings(models={"hub": {"trust_remote_code": False, "device": "cpu"}}), ()),
    ],
)
def test_what_runs_code_or_sends_pictures_needs_trust(
    settings: Settings, risks: tuple[str, ...]
) -> None:
    assert risks_of(settings) == risks


def test_settings_without_risk_need_no_trust(tmp_path: Path) -> None:
    check_trust(tmp_path, Settings())


def test_trust_is_of_one_collection_and_of_what_it_asked_for_then(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="sends pictures to http://x/v1: .*`mirada trust`"):
        check_trust(tmp_path, REMOTE)
    trust(tmp_path, REMOTE)
    check_trust(tmp_path, REMOTE)
    with pytest.raises(ConfigError):
        check_trust(tmp_path / "other", REMOTE)
    elsewhere = Settings(reranker="remote:m", models={"remote": {"url": "http://y/v1"}})
    with pytest.raises(ConfigError, match="http://y/v1"):
        check_trust(tmp_path, elsewhere)


def test_the_variable_trusts_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRADA_TRUST", "1")
    check_trust(tmp_path, REMOTE)


def test_a_damaged_memory_trusts_nothing(tmp_path: Path) -> None:
    trust(tmp_path, REMOTE)
    (tmp_path / "settings" / "trusted.json").write_text("[]")
    with pytest.raises(ConfigError):
        check_trust(tmp_path, REMOTE)


@pytest.mark.skipif(os.name == "nt", reason="the variable is of other systems")
def test_by_the_command_line(album: Path, mirada, tmp_path: Path) -> None:
    (album / ".mirada" / "mirada.toml").write_text(
        'encoder = "colour"\nsegmenter = "grid"\n[models.hub]\ntrust_remote_code = true\n'
    )
    own = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    for command in (("index",), ("doctor",)):
        refused = mirada(*command, **own)
        assert refused.returncode == 1
        assert "runs code that comes with models of hub" in refused.stdout + refused.stderr
    assert mirada("trust", typed="n\n", **own).returncode == 1
    assert "allowed" in mirada("trust", "--yes", **own).stdout
    assert mirada("index", **own).returncode == 0
    assert mirada("search", "red", **own).returncode == 0
