"""Datasets as others lay them out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mirada.errors import DatasetError
from mirada.evaluation.datasets import LabelledBox, read_dataset
from mirada.types import Box
from tests import photos

if TYPE_CHECKING:
    from pathlib import Path


def put_photos(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        photos.flat().save(folder / name)


CAPTIONS = {
    "images": [{"id": 7, "file_name": "7.png"}, {"id": 8, "file_name": "8.png"}],
    "annotations": [{"image_id": 7, "caption": "A rose."}, {"image_id": 8, "caption": "Red."}],
}
INSTANCES = {
    "images": [{"id": 7, "width": 200, "height": 100}, {"id": 8, "width": 10, "height": 10}],
    "categories": [{"id": 1, "name": "rose"}, {"id": 3, "name": "vase"}],
    "annotations": [
        {"image_id": 7, "category_id": 3, "bbox": [50, 25, 100, 90], "iscrowd": 0},
        {"image_id": 7, "category_id": 1, "bbox": [0, 0, 200, 100], "iscrowd": 1},
        {"image_id": 7, "category_id": 1, "bbox": [10, 10, 0, 5], "iscrowd": 0},
    ],
}


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    put_photos(tmp_path / "images" / "val2017", "7.png", "8.png")
    write_json(tmp_path / "annotations" / "captions_val2017.json", CAPTIONS)
    return tmp_path


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))


def test_coco_instances_become_boxes_in_fractions(coco: Path) -> None:
    write_json(coco / "annotations" / "instances_val2017.json", INSTANCES)
    write_json(
        coco / "annotations" / "person_keypoints_val2017.json",
        {"images": [], "annotations": [{"keypoints": [], "bbox": [0, 0, 1, 1]}]},
    )
    rose, red = read_dataset(coco)
    assert rose.boxes == (LabelledBox("vase", Box(0.25, 0.25, 0.75, 1.0)),)
    assert red.boxes == ()
    assert (rose.dataset, rose.split) == ("captions_val2017", "val2017")
    assert rose.source.path == coco / "images" / "val2017" / "7.png"


def test_coco_captions_of_several_splits_are_read_together(coco: Path) -> None:
    put_photos(coco / "train2017", "9.png")
    train = {
        "images": [{"id": 9, "file_name": "9.png"}],
        "annotations": [{"image_id": 9, "caption": "Another."}],
    }
    write_json(coco / "annotations" / "captions_train2017.json", train)
    assert [image.name for image in read_dataset(coco)] == ["9.png", "7.png", "8.png"]
    assert [image.name for image in read_dataset(coco, split="train2017")] == ["9.png"]


def test_broken_coco_files_are_told(coco: Path) -> None:
    wrong = {**INSTANCES, "categories": [{"id": 1, "name": "rose"}]}
    write_json(coco / "annotations" / "instances_val2017.json", wrong)
    with pytest.raises(DatasetError, match=r"instances_val2017\.json: .*lacks or mistakes 3"):
        read_dataset(coco)
    (coco / "annotations" / "instances_val2017.json").unlink()
    (coco / "images" / "val2017" / "8.png").unlink()
    with pytest.raises(DatasetError, match=r"captions_val2017\.json, image 2: no file 8\.png"):
        read_dataset(coco)


FLICKR = {
    "captions.txt": 'image,caption\na.jpg,"A dog, and a cat ."\na.jpg,Dogs .\n'
    "b.jpg,A bird, too .\n",
    "Flickr8k.token.txt": "a.jpg#0\tA dog, and a cat .\na.jpg#1\tDogs .\nb.jpg#0\tA bird, too .\n"
    "2258277193_586949ec62.jpg.1#0\tPeople .\n",
    "results_20130124.token": "a.jpg#0\tA dog, and a cat .\na.jpg#1\tDogs .\n"
    "b.jpg#0\tA bird, too .\n",
    "results.csv": "image_name| comment_number| comment\na.jpg| 0| A dog, and a cat .\n"
    "a.jpg| 1| Dogs .\nb.jpg| 0| A bird, too .\n",
}


@pytest.mark.parametrize("name", FLICKR)
def test_flickrs_captions_are_gathered_by_image(tmp_path: Path, name: str) -> None:
    put_photos(tmp_path / "Images", "a.jpg", "b.jpg")
    (tmp_path / "readme.txt").write_text("Images and captions.\n")
    (tmp_path / name).write_text(FLICKR[name])
    first, second = read_dataset(tmp_path)
    assert (first.name, first.captions) == ("a.jpg", ("A dog, and a cat .", "Dogs ."))
    assert second.captions == ("A bird, too .",)
    assert first.dataset == tmp_path.name
    assert first.source.path == tmp_path / "Images" / "a.jpg"


def test_a_quote_in_a_table_split_by_bars_is_a_quote(tmp_path: Path) -> None:
    put_photos(tmp_path, "a.jpg")
    (tmp_path / "results.csv").write_text('image_name|comment\na.jpg|"Stop" says a sign .\n')
    assert read_dataset(tmp_path)[0].captions == ('"Stop" says a sign .',)


def test_flickr8ks_own_layout_has_splits_and_lemmas_are_not_read(tmp_path: Path) -> None:
    put_photos(tmp_path / "Flicker8k_Dataset", "a.jpg", "b.jpg")
    text = tmp_path / "Flickr8k_text"
    text.mkdir()
    (text / "Flickr8k.lemma.token.txt").write_text("a.jpg#0\ta dog run\n")
    (text / "Flickr8k.token.txt").write_text("a.jpg#0\tA dog runs .\nb.jpg#0\tA cat .\n")
    (text / "Flickr_8k.trainImages.txt").write_text("a.jpg\n")
    (text / "Flickr_8k.devImages.txt").write_text("b.jpg\n")
    assert [image.split for image in read_dataset(tmp_path)] == ["train", "dev"]
    assert read_dataset(tmp_path, split="train")[0].captions == ("A dog runs .",)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("captions.txt", "image,caption\na.jpg\n", r"captions\.txt, line 2: expected 2 columns"),
        ("captions.txt", "image,caption\nz.jpg,x\n", r"captions\.txt, line 2: no file z\.jpg"),
        ("captions.txt", "image,caption\na.jpg,\n", r"captions\.txt, line 2: has no caption"),
        ("captions.txt", "image,caption\n", r"captions\.txt has no captions"),
        ("x.token", "a.jpg#0\tA dog\na.jpg two dogs\n", r"x\.token, line 2: expected `image#num"),
    ],
)
def test_wrong_lines_are_told_with_file_and_line(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    put_photos(tmp_path / "Images", "a.jpg")
    (tmp_path / name).write_text(text)
    with pytest.raises(DatasetError, match=message):
        read_dataset(tmp_path)


def test_other_texts_in_a_folder_are_no_captions(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("\n")
    (tmp_path / "latin.txt").write_bytes(b"\xe9t\xe9\n")
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(DatasetError, match="lists no captions"):
        read_dataset(tmp_path)
