"""COCO's JSON: captions, and the boxes of instances where their file lies beside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mirada.errors import DatasetError
from mirada.evaluation.images import CaptionedImage, LabelledBox
from mirada.evaluation.loaders.fields import Pictures, clean_captions
from mirada.types import Box

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def load(folder: Path) -> list[CaptionedImage] | None:
    """The images of every file of captions in the folder or in `annotations`, in their order."""
    captions: dict[Path, dict[str, Any]] = {}
    boxes: dict[Any, list[LabelledBox]] = {}
    for path in sorted(folder.glob("*.json")) + sorted(folder.glob("annotations/*.json")):
        content = _load_json(path)
        if not isinstance(content, dict) or not {"images", "annotations"} <= content.keys():
            continue
        first = content["annotations"][0] if content["annotations"] else {}
        if "keypoints" in first or "segments_info" in first:
            continue  # parts of bodies and of pictures
        if "bbox" in first:
            _read_boxes(path, content, boxes)
        else:
            captions[path] = content
    if not captions:
        return None
    pictures = Pictures(folder)
    return [
        image
        for path, content in captions.items()
        for image in _read(path, content, boxes, pictures)
    ]


def _read(
    path: Path,
    content: dict[str, Any],
    boxes: Mapping[Any, list[LabelledBox]],
    pictures: Pictures,
) -> Iterator[CaptionedImage]:
    """`images` [{id, file_name}], `annotations` [{image_id, caption}]."""
    captions: dict[Any, list[str]] = {}
    for annotation in content["annotations"]:
        try:
            captions.setdefault(annotation["image_id"], []).append(annotation["caption"])
        except (KeyError, TypeError) as error:
            raise DatasetError(
                f"{path}: an annotation lacks image_id or caption: are these COCO captions?"
            ) from error
    split = path.stem.rpartition("_")[2] if "_" in path.stem else ""  # captions_val2017
    for number, image in enumerate(content["images"], 1):
        where = f"{path}, image {number}"
        name = image.get("file_name")
        if not isinstance(name, str) or not name:
            raise DatasetError(f"{where}: lacks 'file_name', the image's file name")
        if image.get("id") not in captions:
            continue  # COCO lists images that nobody captioned
        texts = clean_captions(captions[image["id"]], where)
        own = tuple(boxes.get(image["id"], ()))
        source = pictures.find(name, where)
        yield CaptionedImage(name, source, texts, path.stem, split, own, "human")


def _read_boxes(path: Path, content: dict[str, Any], boxes: dict[Any, list[LabelledBox]]) -> None:
    """Add `annotations` [{image_id, category_id, bbox [x, y, width, height] in pixels}].

    Boxes around crowds are left out: they are of no one thing.
    """
    try:
        labels = {one["id"]: str(one["name"]) for one in content["categories"]}
        sizes = {one["id"]: (one["width"], one["height"]) for one in content["images"]}
        for one in content["annotations"]:
            if one.get("iscrowd"):
                continue
            box = _box(one["bbox"], sizes[one["image_id"]])
            if box.area > 0:
                own = boxes.setdefault(one["image_id"], [])
                own.append(LabelledBox(labels[one["category_id"]], box))
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise DatasetError(
            f"{path}: an annotation, image or category lacks or mistakes {error}: are these COCO"
            " instances?"
        ) from error


def _box(sides: list[float], size: tuple[int, int]) -> Box:
    x, y, width, height = sides
    across, down = size
    return Box(
        max(0.0, x / across),
        max(0.0, y / down),
        min(1.0, (x + width) / across),
        min(1.0, (y + height) / down),
    )


def _load_json(path: Path) -> object:
    try:
        return json.loads(path.read_text("utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} is not JSON: {error}") from error
