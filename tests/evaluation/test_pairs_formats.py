from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from mirada.errors import DatasetError
from mirada.evaluation.pairs.benchmark import read_benchmark
from mirada.evaluation.pairs.examples import Choice, Statement, truth
from mirada.evaluation.pairs.pictures import HEIGHT, gallery_of, pictures_in, side_by_side
from tests import photos
from tests.evaluation import pairs_files as files


def test_every_file_of_a_folder_of_sugarcrepe_is_a_way_to_be_wrong(tmp_path: Path) -> None:
    files.sugarcrepe(tmp_path / "swap_att.json", ("a", " a red  dog", "a blue dog"))
    files.sugarcrepe(tmp_path / "add_obj.json", ("a", "a dog", "a dog and a cat"))
    found = read_benchmark(tmp_path)
    assert found.kind == "sugarcrepe"
    assert found.statements == ()
    assert found.choices[1] == Choice("swap_att/0", "swap_att", ("a",), "a red dog", "a blue dog")
    assert [one.group for one in found.choices] == ["add_obj", "swap_att"]


def test_vsr_tells_relations_and_labels(tmp_path: Path) -> None:
    path = files.vsr(tmp_path / "test.jsonl", ("a", "The cat is on it.", 0, "on"))
    found = read_benchmark(path)
    assert found.kind == "vsr"
    assert found.statements == (Statement("test/1", "on", ("a",), "The cat is on it.", False, "a"),)


def test_nlvr2_is_about_two_photos_and_sets_share_them(tmp_path: Path) -> None:
    path = files.nlvr2(
        tmp_path / "dev.json", ("dev-850-0-1", "Two dogs.", "True"), ("dev-850-1-0", "No.", "False")
    )
    first, second = read_benchmark(path).statements
    assert first.pictures == ("dev-850-0-img0", "dev-850-0-img1")
    assert (first.label, second.label) == (True, False)
    assert first.owner == second.owner == "dev-850"


def test_nlvr_is_about_one_drawing(tmp_path: Path) -> None:
    path = files.nlvr(tmp_path / "dev.json", ("1373-0", "There is a box.", "false"))
    found = read_benchmark(path)
    assert found.kind == "nlvr"
    assert found.statements[0].pictures == ("dev-1373-0-0",)
    assert found.statements[0].label is False


def test_a_folder_of_several_splits_must_be_told_apart(tmp_path: Path) -> None:
    for name in ("dev", "test"):
        files.vsr(tmp_path / f"{name}.jsonl", ("a", "x", 1, "on"))
    with pytest.raises(DatasetError, match="several splits: give one of dev.jsonl, test.jsonl"):
        read_benchmark(tmp_path)


def test_a_folder_of_several_benchmarks_must_be_told_apart(tmp_path: Path) -> None:
    files.vsr(tmp_path / "test.jsonl", ("a", "x", 1, "on"))
    files.sugarcrepe(tmp_path / "swap_att.json", ("a", "x", "y"))
    with pytest.raises(DatasetError, match="sugarcrepe and vsr: say which by --kind"):
        read_benchmark(tmp_path)
    assert read_benchmark(tmp_path, kind="vsr").kind == "vsr"


def test_what_is_no_benchmark_is_told_with_the_fields_that_it_needs(tmp_path: Path) -> None:
    path = files.lines(tmp_path / "x.jsonl", [{"file": "a.jpg", "captions": ["b"]}])
    with pytest.raises(DatasetError, match="vsr: caption, image, label, relation"):
        read_benchmark(path)
    with pytest.raises(DatasetError, match="holds no .json"):
        read_benchmark(files.draw(tmp_path / "empty", a="red"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": 2}, "example 2: a label is true or false, not 2"),
        ({"caption": " "}, "example 2: 'caption' must be a text"),
        ({"relation": None}, "example 2: 'relation' must be a text"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    good = {"image": "a.jpg", "caption": "x", "label": 1, "relation": "on"}
    path = files.lines(tmp_path / "test.jsonl", [good, {**good, **change}])
    with pytest.raises(DatasetError, match=message):
        read_benchmark(path)


def test_a_row_that_lacks_a_field_and_a_line_that_is_no_json_are_named(tmp_path: Path) -> None:
    good = {"image": "a.jpg", "caption": "x", "label": 1, "relation": "on"}
    path = files.lines(tmp_path / "test.jsonl", [good, {"image": "a.jpg"}])
    with pytest.raises(DatasetError, match="test.jsonl, example 2: lacks 'relation'"):
        read_benchmark(path)
    path.write_text(path.read_text() + "{")
    with pytest.raises(DatasetError, match="test.jsonl, line 3: not JSON"):
        read_benchmark(path)


def test_an_example_that_comes_twice_is_refused(tmp_path: Path) -> None:
    path = files.nlvr2(tmp_path / "dev.json", *[("dev-1-0-0", "x", "True")] * 2)
    with pytest.raises(DatasetError, match="has dev-1-0-0 twice"):
        read_benchmark(path)


def test_labels_come_in_many_spellings() -> None:
    assert [truth(one) for one in (True, "True", "true", 1, "1")] == [True] * 5
    assert [truth(one) for one in (False, "False", 0)] == [False] * 3
    with pytest.raises(ValueError, match="not None"):
        truth(None)


def statement(*pictures: str) -> Statement:
    return Statement("k", "g", pictures, "x", True, "o")


def test_pictures_are_found_at_any_depth_by_their_name_without_suffix(tmp_path: Path) -> None:
    photos.write(tmp_path / "val2017" / "a.webp", photos.flat(), "WEBP")
    gallery = gallery_of([statement("a"), statement("z")], pictures_in([tmp_path]), tmp_path)
    assert [one.name for one in gallery.images] == ["a.webp"]
    assert gallery.has(statement("a"))
    assert not gallery.has(statement("z"))


def test_a_dataset_of_mirada_lends_its_pictures(tmp_path: Path) -> None:
    photos.write(tmp_path / "coco" / "a.jpg")
    files.lines(tmp_path / "index.jsonl", [{"file": "coco/a.jpg", "captions": ["x"]}])
    gallery = gallery_of([statement("a")], pictures_in([tmp_path]), tmp_path)
    assert [one.name for one in gallery.images] == ["coco/a.jpg"]


def test_no_picture_at_all_and_two_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="none of the 1 pictures was found, such as a: say"):
        gallery_of([statement("a")], pictures_in([tmp_path]), tmp_path)
    files.draw(tmp_path / "one", a="red")
    files.draw(tmp_path / "two", a="blue")
    with pytest.raises(DatasetError, match="two pictures are called a"):
        gallery_of([statement("a")], pictures_in([tmp_path]), tmp_path)


def test_photos_of_a_pair_are_put_side_by_side_once(tmp_path: Path) -> None:
    files.draw(tmp_path / "photos", a="red", b="blue")
    pictures = pictures_in([tmp_path / "photos"])
    gallery = gallery_of([statement("a", "b"), statement("a", "c")], pictures, tmp_path / "work")
    assert len(gallery.images) == 1
    made = tmp_path / "work" / "a+b.jpg"
    with Image.open(made) as image:
        width, height = image.size
        left, right = image.getpixel((9, 9)), image.getpixel((width - 9, 9))
    assert height == HEIGHT
    assert left[0] > 200
    assert left[2] < 50
    assert right[2] > 200
    assert right[0] < 50
    before = made.stat().st_mtime_ns
    gallery_of([statement("a", "b")], pictures, tmp_path / "work")
    assert made.stat().st_mtime_ns == before


def test_a_row_of_pictures_keeps_their_shapes() -> None:
    row = side_by_side([photos.flat(size=(10, 20)), photos.flat(size=(30, 20))])
    assert row.size == (HEIGHT // 2 + HEIGHT * 3 // 2, HEIGHT)
