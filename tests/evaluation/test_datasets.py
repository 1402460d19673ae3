from __future__ import annotations

import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from mirada.errors import DatasetError
from mirada.evaluation.datasets import read_dataset
from tests import photos

if TYPE_CHECKING:
    from pathlib import Path


def write_rows(folder: Path, rows: list[dict[str, Any]], name: str = "index.jsonl") -> None:
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def loose(tmp_path: Path) -> Path:
    """Two pictures beside captions.jsonl."""
    photos.flat(photos.RED).save(tmp_path / "rose.png")
    photos.flat(photos.BLUE).save(tmp_path / "sea.png")
    rows = [
        {"file": "rose.png", "captions": [" a  rose ", "a red flower"], "dataset": "garden-1"},
        {"file": "sea.png", "captions": "the sea", "dataset": "coast", "split": "val"},
    ]
    write_rows(tmp_path, rows, "captions.jsonl")
    return tmp_path


def test_loose_files_are_read_in_order_with_clean_captions(loose: Path) -> None:
    rose, sea = read_dataset(loose)
    assert rose.name == "rose.png"
    assert rose.captions == ("a rose", "a red flower")
    assert sea.captions == ("the sea",)
    assert sea.open(32).getpixel((0, 0)) == photos.BLUE


def test_a_split_is_named_by_split_by_dataset_or_by_its_first_part(loose: Path) -> None:
    assert [image.name for image in read_dataset(loose, split="val")] == ["sea.png"]
    assert [image.name for image in read_dataset(loose, split="garden")] == ["rose.png"]
    assert [image.name for image in read_dataset(loose, split="garden-1")] == ["rose.png"]


def test_an_unknown_split_is_told_with_those_there_are(loose: Path) -> None:
    with pytest.raises(DatasetError, match=r"no split 'test'.*coast, garden-1, val"):
        read_dataset(loose, split="test")


def test_images_in_a_tar_shard_are_read_in_place(tmp_path: Path) -> None:
    photos.flat(photos.GREEN).save(tmp_path / "x.png")
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.add(tmp_path / "x.png", "deep/grass.png")
    (tmp_path / "x.png").unlink()
    write_rows(tmp_path, [{"file": "deep/grass.png", "shard": "a.tar", "captions": ["grass"]}])
    (image,) = read_dataset(tmp_path)
    assert image.open(16).getpixel((0, 0)) == photos.GREEN


def test_coco_captions_are_gathered_by_image(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    photos.flat().save(tmp_path / "images" / "1.png")
    coco = {
        "images": [{"id": 1, "file_name": "1.png"}, {"id": 2, "file_name": "2.png"}],
        "annotations": [
            {"image_id": 1, "caption": "A rose."},
            {"image_id": 1, "caption": "Red.\n"},
        ],
    }
    (tmp_path / "captions_val.json").write_text(json.dumps(coco))
    (image,) = read_dataset(tmp_path)
    assert image.captions == ("A rose.", "Red.")
    assert image.dataset == "captions_val"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", r"index.jsonl, line 2: not JSON"),
        ("[]", r"line 2: expected an object"),
        ('{"captions": ["x"]}', r"line 2: lacks 'file'"),
        ('{"file": "rose.png"}', r"line 2: 'captions' must be a list of texts"),
        ('{"file": "rose.png", "captions": [3]}', r"line 2: 'captions' must be a list"),
        ('{"file": "rose.png", "captions": [" "]}', r"line 2: has no caption"),
        ('{"file": "none.png", "captions": ["x"]}', r"line 2: no file .*none.png"),
        ('{"file": "a", "shard": "no.tar", "captions": ["x"]}', r"line 2: cannot read the shard"),
    ],
)
def test_a_bad_row_is_told_with_file_and_line(tmp_path: Path, row: str, message: str) -> None:
    photos.flat().save(tmp_path / "rose.png")
    (tmp_path / "index.jsonl").write_text(f"\n{row}\n")
    with pytest.raises(DatasetError, match=message):
        read_dataset(tmp_path)


def test_a_shard_that_is_no_tar_and_a_missing_member_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"no tar")
    write_rows(tmp_path, [{"file": "a", "shard": "a.tar", "captions": ["x"]}])
    with pytest.raises(DatasetError, match=r"line 1: cannot read the shard .*a\.tar"):
        read_dataset(tmp_path)
    with tarfile.open(tmp_path / "a.tar", "w"):
        pass
    with pytest.raises(DatasetError, match=r"line 1: a\.tar holds no a"):
        read_dataset(tmp_path)


def test_an_image_listed_twice_is_refused(tmp_path: Path) -> None:
    photos.flat().save(tmp_path / "rose.png")
    write_rows(tmp_path, [{"file": "rose.png", "captions": ["x"]}] * 2)
    with pytest.raises(DatasetError, match=r"lists rose\.png twice"):
        read_dataset(tmp_path)


def test_a_folder_without_captions_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"write index\.jsonl with rows such as"):
        read_dataset(tmp_path)
    with pytest.raises(DatasetError, match="not a folder"):
        read_dataset(tmp_path / "none")


def test_a_broken_coco_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(DatasetError, match=r"a\.json is not JSON"):
        read_dataset(tmp_path)
    (tmp_path / "a.json").write_text('{"images": [], "annotations": [{"id": 1}]}')
    with pytest.raises(DatasetError, match="lacks image_id or caption"):
        read_dataset(tmp_path)


def test_an_image_that_cannot_be_decoded_is_named(tmp_path: Path) -> None:
    (tmp_path / "rose.png").write_bytes(b"no picture")
    write_rows(tmp_path, [{"file": "rose.png", "captions": ["x"]}])
    (image,) = read_dataset(tmp_path)
    with pytest.raises(DatasetError, match=r"rose\.png in .*: not an image"):
        image.open(16)
