"""Checkpoints as the hub keeps them: of one commit, which stays, and without the network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from mirada.errors import ModelUnavailable
from mirada.testing.checks import Seen, picture
from mirada.types import WHOLE, Ask
from tests import photos
from tests.conftest import command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fake_hub import FakeHub

pytest.importorskip("torch")
pytest.importorskip("transformers")

from mirada.models.hub.captioners import HubCaptioner
from mirada.models.hub.encoders import HubEncoder
from mirada.models.hub.source import Source, source_of
from mirada.models.snapshots import holds_weights
from tests.fake_hub import look_at, serving
from tests.tiny_captioners import tiny_instruct_blip
from tests.tiny_hub import tiny_clip

pytestmark = pytest.mark.filterwarnings("ignore")

OLD, NEW = "1" * 40, "2" * 40  # commits


@pytest.fixture
def kept_cache(tmp_path: Path) -> Path:
    """The hub's cache with two commits of some/clip; main is at the new one."""
    place = tmp_path / "hub" / "models--some--clip"
    for commit in (OLD, NEW):
        tiny_clip(place / "snapshots" / commit)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(NEW)
    return tmp_path / "hub"


def run(album: Path, kept_cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MIRADA_")}
    offline = {"HF_HUB_CACHE": str(kept_cache), "HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        command(arguments),
        cwd=album,
        env={**kept, **offline, "MIRADA_CACHE": str(album / "cache")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_fetched_checkpoint_works_offline_and_its_commit_is_part_of_its_name(
    tmp_path: Path, kept_cache: Path
) -> None:
    album = tmp_path / "album"
    album.mkdir()
    photos.flat().save(album / "rose.png")
    home = album / ".mirada"
    home.mkdir()
    (home / "mirada.toml").write_text('segmenter = "grid"\nroles = ["regions"]\n')
    done = run(album, kept_cache, "index", "--encoder", "hub:some/clip")
    assert "indexed 1" in done.stdout, done.stderr
    record = json.loads(run(album, kept_cache, "show", "rose.png", "--json").stdout)
    assert record["models"]["regions"] == f"grid/1, some/clip@{NEW[:12]}"

    pinned = run(album, kept_cache, "index", "--encoder", f"hub:some/clip@{OLD}")
    assert "pictures for the new model: 1" in pinned.stderr, pinned.stderr
    assert run(album, kept_cache, "search", "a ball").returncode == 0
    record = json.loads(run(album, kept_cache, "show", "rose.png", "--json").stdout)
    assert record["models"]["regions"] == f"grid/1, some/clip@{OLD[:12]}"

    missing = run(album, kept_cache, "index", "--encoder", "hub:other/clip")
    assert missing.returncode == 1
    assert "other/clip is not to be had" in missing.stderr
    assert "HF_HUB_OFFLINE" in missing.stderr
    assert "Traceback" not in missing.stderr


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub with two commits of some/clip, of the same weights; an empty cache."""
    with serving() as hub:
        for commit in (OLD, NEW):
            hub.commits[commit] = tiny_clip(tmp_path / commit)
        (tmp_path / NEW / "README.md").write_text("what has changed")
        hub.branches = {"main": OLD, "next": NEW}
        look_at(hub.url, tmp_path / "hub", monkeypatch)
        yield hub


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch, kept_cache: Path) -> None:
    """The cache alone: nothing listens where the hub should be, and nobody has said so."""
    look_at("http://127.0.0.1:9", kept_cache, monkeypatch)


def use(name: str) -> str:
    """Encode with a checkpoint; its name."""
    encoder = HubEncoder(name)
    assert encoder.encode_texts(["a red ball"]).shape == (1, 32)
    assert encoder.encode_images([picture(8, 8)]).shape == (1, 32)
    return encoder.name


def test_what_was_fetched_is_used_again_without_a_single_request(hub: FakeHub) -> None:
    assert use("some/clip") == f"some/clip@{OLD[:12]}"
    assert any(f"/{OLD}/model.safetensors" in asked for asked in hub.asked)
    hub.asked.clear()
    assert use("some/clip") == f"some/clip@{OLD[:12]}"
    assert hub.asked == []


def test_a_new_commit_of_its_authors_changes_nothing_until_it_is_named(hub: FakeHub) -> None:
    use("some/clip")
    hub.branches["main"] = NEW
    hub.asked.clear()
    assert use("some/clip") == f"some/clip@{OLD[:12]}"
    assert hub.asked == []
    assert use("some/clip@main") == f"some/clip@{NEW[:12]}"  # a branch is looked up each time
    assert use(f"some/clip@{OLD}") == f"some/clip@{OLD[:12]}"


def test_a_checkpoint_is_of_one_commit_even_when_the_branch_moves_meanwhile(hub: FakeHub) -> None:
    encoder = HubEncoder("some/clip")
    assert not any("model.safetensors" in asked for asked in hub.asked)
    hub.branches["main"] = NEW
    encoder.encode_texts(["a red ball"])
    fetched = [asked for asked in hub.asked if "/resolve/" in asked]
    assert any("model.safetensors" in asked for asked in fetched)
    assert all(f"/resolve/{OLD}/" in asked for asked in fetched)


def test_what_lies_in_folders_below_is_fetched_too(hub: FakeHub, tmp_path: Path) -> None:
    """InstructBLIP keeps the tokenizer of its Q-Former in one."""
    hub.commits[OLD] = tiny_instruct_blip(tmp_path / "instructblip")
    first = say("some/instructblip")
    hub.asked.clear()
    assert say("some/instructblip") == first == say(tmp_path / "instructblip")
    assert hub.asked == []


def say(model: str | Path) -> list[list[str]]:
    """What a captioner writes about a picture."""
    return HubCaptioner(model).caption(Seen(picture(64, 48), None), [Ask(WHOLE, "en", 2)])


def test_a_commit_may_be_named_as_names_show_it(hub: FakeHub) -> None:
    name = use(f"some/clip@{NEW}")
    hub.asked.clear()
    assert use(name) == name == f"some/clip@{NEW[:12]}"
    assert hub.asked == []


def test_what_is_missing_in_the_cache_is_fetched_of_the_same_commit(
    hub: FakeHub, tmp_path: Path
) -> None:
    snapshot = tmp_path / "hub" / "models--some--clip" / "snapshots" / OLD
    shutil.copytree(tmp_path / OLD, snapshot)
    for name in ("tokenizer.json", "processor_config.json"):
        (snapshot / name).unlink()
    hub.branches["main"] = NEW
    assert use("some/clip") == f"some/clip@{OLD[:12]}"
    fetched = [asked for asked in hub.asked if "/resolve/" in asked]
    assert fetched
    assert all(f"/resolve/{OLD}/" in asked for asked in fetched)


@pytest.mark.usefixtures("unreachable")
@pytest.mark.parametrize("name", ["some/clip", f"some/clip@{NEW}", f"some/clip@{NEW[:7]}"])
def test_a_cached_checkpoint_needs_no_hub(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    assert use(name) == f"some/clip@{NEW[:12]}"


@pytest.mark.usefixtures("unreachable")
def test_a_branch_that_cannot_be_looked_up_is_where_it_was() -> None:
    assert use("some/clip@main") == f"some/clip@{NEW[:12]}"


@pytest.mark.usefixtures("unreachable")
@pytest.mark.parametrize("left", [(), ("config.json",), ("config.json", "processor_config.json")])
def test_a_branch_that_others_moved_without_fetching_all_does_not_change_the_commit(
    left: tuple[str, ...], kept_cache: Path
) -> None:
    moved = kept_cache / "models--some--clip" / "snapshots" / NEW
    for path in moved.iterdir():
        if path.name not in left:
            path.unlink()
    assert use("some/clip") == f"some/clip@{OLD[:12]}"


@pytest.mark.usefixtures("unreachable")
@pytest.mark.parametrize("name", ["other/clip", "some/clip@next"])
def test_what_is_neither_cached_nor_to_be_had_is_told(name: str) -> None:
    place = name.partition("@")[0]
    with pytest.raises(ModelUnavailable, match=f"{place} is not to be had"):
        HubEncoder(name)


def test_a_commit_that_the_hub_does_not_know_is_told(hub: FakeHub) -> None:
    with pytest.raises(ModelUnavailable, match="some/clip is not to be had"):
        source_of(f"some/clip@{'3' * 40}")


def test_a_folder_is_named_by_its_weights_and_a_revision_may_be_given_apart(
    hub: FakeHub, tmp_path: Path
) -> None:
    folder = source_of(tmp_path / OLD)
    assert folder == Source(str(tmp_path / OLD), None, tmp_path / OLD, trusted=False)
    assert folder.name.startswith(f"{OLD}@")
    assert source_of("some/clip", revision="next").identity == NEW


@pytest.mark.parametrize(
    ("files", "whole"),
    [
        ((), False),
        (("model.safetensors",), True),
        (("pytorch_model.bin",), True),
        (("model-00001-of-00002.safetensors",), False),
        (("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"), True),
        (("open_clip_model.safetensors",), False),
    ],
)
def test_weights_are_whole_in_one_file_or_when_all_parts_are_there(
    files: tuple[str, ...], whole: bool, tmp_path: Path
) -> None:
    parts = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": parts}))
    for name in files:
        (tmp_path / name).touch()
    assert holds_weights(tmp_path, ("model", "pytorch_model")) is whole
    index.write_text("[]")
    assert holds_weights(tmp_path, ("model", "pytorch_model")) is (whole and len(files) == 1)
