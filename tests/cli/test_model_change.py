"""Another encoder takes the place of one: beside it, resumable, in one step."""

from __future__ import annotations

import json
import os
import random
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mirada.collection import open_collection
from mirada.config import load_settings
from mirada.pruning import leftovers, prune
from mirada.store.lance import LanceStore
from mirada.types import Box, TextLine
from tests import photos
from tests.conftest import command
from tests.fakes import ColourEncoder, GreyEncoder

if TYPE_CHECKING:
    from pathlib import Path

PICTURES = 40
LIGHT = 'encoder = "colour"\nsegmenter = "grid"\nroles = ["facts", "regions", "tags"]\n'


@pytest.fixture
def indexed(album: Path, mirada) -> Path:
    """The album, with more pictures, indexed with the encoder `colour`."""
    (album / ".mirada" / "mirada.toml").write_text(f"# mine\n{LIGHT}")
    for number in range(PICTURES):
        photos.flat((40 + 5 * number, 10, 10), (12, 9)).save(album / f"{number}.png")
    assert mirada("index").returncode == 0
    return album


def first(mirada, words: str) -> str:
    done = mirada("search", words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["hits"][0]["paths"][0].rpartition("/")[2]


def test_searches_use_the_new_encoder_once_every_picture_has_its_vector(indexed, mirada) -> None:
    mirada("tag", "--accept", "rose", "rose.png")
    done = mirada("index", "--encoder", "grey")
    assert done.returncode == 0, done.stderr
    assert f"pictures for the new model: {PICTURES + 3}" in done.stderr
    assert "indexed 0, unchanged 43" in done.stdout
    assert "searches now use grey/1 (43 pictures); the index of colour/1 stays" in done.stderr
    home = indexed / ".mirada"
    settings = load_settings(home)
    assert (settings.encoder, settings.index) == ("grey", "indexes/grey-1")
    assert "# mine" in (home / "mirada.toml").read_text()
    new, old = LanceStore.open(home / settings.index), LanceStore.open(home)
    assert (new.encoder, new.dim, old.encoder, old.dim) == ("grey/1", 2, "colour/1", 4)
    assert sorted(new.ids()) == sorted(old.ids())
    models = next(iter(new.models().values()))
    assert models["regions"] == "grid/1, grey/1"
    assert models["facts"] == next(iter(old.models().values()))["facts"]
    assert "indexed 0, unchanged 43, moved 0, removed 0, skipped 0" in mirada("index").stdout


def test_a_collection_that_is_open_goes_over_to_the_new_model_with_its_next_search(
    indexed, mirada, monkeypatch, environment
) -> None:
    monkeypatch.setattr("mirada.plugins.load_encoder", fake_encoder)
    opened = open_collection(indexed)
    assert opened.search("red").hits[0].record.path.name != "sea.png"
    assert opened.encoder.name == "colour/1"
    mirada("index", "--encoder", "grey")
    mirada("models", "prune", "--yes")
    assert len(opened.search("red", limit=100).hits) == PICTURES + 3
    assert opened.encoder.name == opened.store.encoder == "grey/1"


def fake_encoder(name: str, options: object = None) -> ColourEncoder:
    return {"colour": ColourEncoder, "grey": GreyEncoder}[name]()


def test_going_back_takes_the_former_index_as_it_is_and_fills_in_what_came_since(
    indexed, mirada
) -> None:
    mirada("index", "--encoder", "grey")
    photos.flat((1, 2, 3)).save(indexed / "late.png")
    assert "indexed 1" in mirada("index").stdout
    done = mirada("index", "--encoder", "colour")
    assert "pictures for the new model: 1\n" in done.stderr
    settings = load_settings(indexed / ".mirada")
    assert (settings.encoder, settings.index) == ("colour", "")
    assert len(LanceStore.open(indexed / ".mirada")) == PICTURES + 4


def test_what_people_decided_goes_along(indexed, mirada) -> None:
    mirada("tag", "rose.png", "--add", "my rose")
    mirada("index", "--encoder", "grey")
    record = json.loads(mirada("show", "rose.png", "--json").stdout)
    assert [tag["name"] for tag in record["tags"] if tag["source"] == "user"] == ["my rose"]


@pytest.mark.parametrize("seed", [0, 1])
def test_a_change_that_is_killed_leaves_the_former_index_searching_and_goes_on(
    indexed, mirada, environment, seed: int
) -> None:
    rng = random.Random(seed)
    home, finished, kills = indexed / ".mirada", False, 0
    while not finished:
        process = subprocess.Popen(
            command(["index", "--encoder", "grey"]),
            cwd=indexed,
            env={**environment, "COLOUR_SECONDS": "0.01"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(rng.uniform(0.5, 3.0) + 0.5 * kills)
        finished = process.poll() is not None
        process.kill()
        process.wait()
        kills += not finished
        settings = load_settings(home)
        whole = len(LanceStore.open(home / settings.index)) == PICTURES + 3
        assert whole, "searches would miss pictures"
        assert settings.encoder == ("grey" if settings.index else "colour")
        found = first(mirada, "red")
        assert settings.index or found in {"rose.png", *(f"{n}.png" for n in range(PICTURES))}
    assert process.returncode == 0
    assert load_settings(home).index == "indexes/grey-1"
    assert LanceStore.open(home / "indexes" / "grey-1").verify() == []


def test_pictures_that_are_gone_are_left_behind_unless_they_are_to_be_kept(indexed, mirada) -> None:
    (indexed / "rose.png").unlink()
    kept = mirada("index", "--encoder", "grey", "--keep-missing")
    assert kept.returncode == 1
    assert "1 pictures cannot be read and would be lost" in kept.stderr
    assert "for the new model" not in kept.stderr, "told before anything is done"
    assert load_settings(indexed / ".mirada").encoder == "colour"
    assert mirada("index", "--encoder", "grey").returncode == 0
    assert len(LanceStore.open(indexed / ".mirada" / "indexes" / "grey-1")) == PICTURES + 2


def test_pictures_of_a_drive_that_is_not_there_are_not_lost_by_a_change(indexed, mirada) -> None:
    (indexed / "drive").mkdir()
    photos.flat((9, 9, 9)).save(indexed / "drive" / "a.png")
    mirada("index")
    (indexed / "drive" / "a.png").rename(indexed / ".mirada" / "elsewhere.png")
    done = mirada("index", "--encoder", "grey")
    assert done.returncode == 1
    assert "drive/a.png (it is not there): mount the drive" in done.stderr
    (indexed / ".mirada" / "elsewhere.png").rename(indexed / "drive" / "a.png")
    assert mirada("index", "--encoder", "grey").returncode == 0


def test_a_file_that_cannot_be_read_stops_the_change_at_its_end(indexed, mirada) -> None:
    (indexed / "rose.png").write_bytes(b"no picture any more")
    done = mirada("index", "--encoder", "grey")
    assert done.returncode == 1
    assert "1 pictures cannot be read and would be lost" in done.stderr
    assert first(mirada, "red")
    assert len(LanceStore.open(indexed / ".mirada" / "indexes" / "grey-1")) == PICTURES + 2


def test_roles_that_are_left_out_do_not_look_for_the_new_encoder(indexed, mirada) -> None:
    mirada("index", "--encoder", "grey", "--without", "tags")
    record = json.loads(mirada("show", "rose.png", "--json").stdout)
    assert set(record["models"]) == {"facts", "regions"}


def test_what_was_read_since_goes_back_with_a_change_back(indexed, mirada) -> None:
    mirada("index", "--encoder", "grey")
    home = indexed / ".mirada"
    store = LanceStore.open(home / "indexes" / "grey-1")
    (image_id,) = [one for file, one in store.files().items() if file.path.name == "rose.png"]
    (record,) = store.get([image_id])
    line = TextLine("rosa", Box(0.1, 0.1, 0.4, 0.2), 0.9)
    read = replace(record, text_lines=(line,), models={**record.models, "text": "reader/1"})
    store.update([replace(read, regions=store.regions([image_id])[0])])
    done = mirada("index", "--encoder", "colour")
    assert "pictures for the new model: 1\n" in done.stderr
    (back,) = LanceStore.open(home).get([image_id])
    assert back.text_lines == (line,)
    assert back.models["text"] == "reader/1"


def test_settings_that_cannot_be_written_are_told_before_the_work(indexed, mirada) -> None:
    path = indexed / ".mirada" / "mirada.toml"
    path.write_text('encoder = "colour"\nsegmenter = "grid"\nroles = [\n  "facts",\n]\n')
    done = mirada("index", "--preset", "fast")
    assert done.returncode == 1
    assert "cannot be changed: write there yourself" in done.stderr
    assert "for the new model" not in done.stderr


def test_an_unknown_model_leaves_no_empty_collection_behind(tmp_path, mirada) -> None:
    photos.flat().save(tmp_path / "a.png")
    assert mirada("index", "--encoder", "nosuch", cwd=tmp_path).returncode == 1
    assert not (tmp_path / ".mirada").exists()


def test_an_encoder_written_into_the_settings_alone_is_an_error_that_says_what_to_run(
    indexed, mirada
) -> None:
    (indexed / ".mirada" / "mirada.toml").write_text(LIGHT.replace("colour", "grey"))
    for asked in (("index",), ("search", "red")):
        done = mirada(*asked)
        assert done.returncode == 1
        assert "holds vectors of colour/1, the model in use is grey/1" in done.stderr
        assert "mirada index --encoder" in done.stderr
    assert mirada("index", "--encoder", "grey").returncode == 0
    assert mirada("search", "red").returncode == 0


def test_an_unfinished_change_is_told_of_by_doctor_and_prune(indexed, mirada) -> None:
    home = indexed / ".mirada"
    old = LanceStore.open(home)
    new = LanceStore.create(home / "indexes" / "grey-1", encoder="grey/1", dim=2)
    (record,) = old.get(old.ids()[:1])
    new.put([record], np.array([[1, 0]], np.float32))
    told = "index of grey/1, 1 pictures of 43: it is unfinished"
    assert told in mirada("doctor").stdout
    assert told in mirada("models", "prune", "--dry-run").stdout


def test_files_that_only_look_new_are_described_by_the_new_model_in_the_same_run(
    indexed, mirada
) -> None:
    for path in indexed.glob("*.png"):
        os.utime(path, ns=(1, 1))
    done = mirada("index", "--segmenter", "felzenszwalb")
    assert "described again 43" in done.stdout


def test_a_folder_of_weights_that_is_gone_is_told_with_what_to_do(indexed, mirada) -> None:
    (indexed / ".mirada" / "mirada.toml").write_text('encoder = "/gone/model"\n')
    told = mirada("search", "red").stderr
    assert "/gone/model is named as encoder, but there is no folder" in told
    assert "mirada index --encoder MODEL" in told


def test_an_unknown_model_changes_nothing(indexed, mirada) -> None:
    before = (indexed / ".mirada" / "mirada.toml").read_text()
    done = mirada("index", "--captioner", "mirada-smal-captioner")
    assert done.returncode == 1
    assert "did you mean mirada-small-captioner?" in done.stderr
    assert (indexed / ".mirada" / "mirada.toml").read_text() == before


def test_models_of_other_roles_are_changed_in_place(indexed, mirada) -> None:
    done = mirada("index", "--segmenter", "felzenszwalb")
    assert "regions, tags of known images: 43" in done.stderr
    assert load_settings(indexed / ".mirada").segmenter == "felzenszwalb"
    record = json.loads(mirada("show", "rose.png", "--json").stdout)
    assert record["models"]["regions"] == "felzenszwalb/1, colour/1"


def test_a_preset_is_written_down_before_the_first_picture_is_read(album, mirada) -> None:
    (album / ".mirada" / "mirada.toml").unlink()
    done = mirada("index", "--preset", "fast")
    assert "indexed 3" in done.stdout, done.stderr
    settings = load_settings(album / ".mirada")
    assert settings.roles == ("facts", "metadata", "tags", "phrases")
    record = json.loads(mirada("show", "rose.png", "--json").stdout)
    assert record["regions"] == []


def test_pruning_spares_what_has_come_into_use_since_it_looked(indexed, mirada) -> None:
    mirada("index", "--encoder", "grey")
    collection = open_collection(indexed)
    found = leftovers(collection)
    mirada("index", "--encoder", "colour")
    prune(open_collection(indexed), found)
    assert first(mirada, "red")


def test_models_in_use_are_no_leftovers_whatever_their_role(indexed) -> None:
    home = indexed / ".mirada"
    for name in ("cap", "group/seg", "old"):
        (home / "models" / name).mkdir(parents=True)
    (home / "mirada.toml").write_text(
        'captioner = "models/cap"\nsegmenter = "hub:models/group/seg"\n'
    )
    assert [one.what for one in leftovers(open_collection(indexed))] == ["model old"]


def test_pruning_removes_the_former_index_and_leaves_the_one_in_use(indexed, mirada) -> None:
    assert "nothing to remove" in mirada("models", "prune").stdout
    mirada("index", "--encoder", "grey")
    told = mirada("models", "prune", "--dry-run").stdout
    assert f"index of colour/1, {PICTURES + 3} pictures" in told
    assert (indexed / ".mirada" / "images.lance").exists()
    assert mirada("models", "prune", typed="n\n").returncode == 1
    assert "MB freed" in mirada("models", "prune", "--yes").stdout
    assert not list((indexed / ".mirada").glob("*.lance"))
    assert first(mirada, "red")
    assert "nothing to remove" in mirada("models", "prune").stdout
    assert mirada("index", "--encoder", "colour").returncode == 0
    assert load_settings(indexed / ".mirada").index == "indexes/colour-1"
