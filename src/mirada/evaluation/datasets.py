"""Images with captions, from a folder: JSONL beside tar shards or loose files, or COCO's JSON.

Read by training and by evaluation; rows keep the order of the file that lists them.
"""

from __future__ import annotations

import json
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mirada.errors import DatasetError, UnreadableImage
from mirada.indexing.images import open_image
from mirada.types import Box

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from PIL.Image import Image

INDEX = "index.jsonl"
CAPTION_FILES = ("captions.jsonl", "metadata.jsonl")  # the latter as Hugging Face image folders


@dataclass(frozen=True, slots=True)
class ImageBytes:
    """Where the bytes of one image lie: a file, or a span of an uncompressed tar."""

    path: Path
    offset: int = 0
    length: int | None = None  # None: to the end

    def read(self) -> bytes:
        """The encoded image."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset)
                return file.read(-1 if self.length is None else self.length)
        except OSError as error:
            raise DatasetError(f"{self.path}: {error.strerror}: restore the image") from error


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """Where a thing is in an image, as a person marked it."""

    label: str  # a class or the head noun of a phrase
    box: Box


@dataclass(frozen=True, slots=True)
class CaptionedImage:
    """One image of a dataset with what people or machines wrote about it."""

    name: str  # unique in the dataset
    source: ImageBytes
    captions: tuple[str, ...]  # at least one
    dataset: str
    split: str
    boxes: tuple[LabelledBox, ...] = ()  # of things in it; the same box may have several labels

    def open(self, size: int) -> Image:
        """The RGB image, decoded for a model whose input side is `size` pixels.

        Raises:
            DatasetError: it is missing or cannot be decoded.
        """
        try:
            return open_image(self.source.read(), size)
        except UnreadableImage as error:
            raise DatasetError(f"{self.name} in {self.source.path}: {error}") from error


def read_dataset(folder: Path, *, split: str | None = None) -> list[CaptionedImage]:
    """Every captioned image of a folder, or those whose split or dataset is `split`.

    A dataset is meant by its whole name or the part before a dash: "coco" is "coco-val2017".

    Raises:
        DatasetError: naming the file and the line that is wrong.
    """
    images = _read_all(folder)
    if split is not None:
        kept = [image for image in images if _is_of(image, split)]
        if not kept:
            known = sorted({image.dataset for image in images} | {image.split for image in images})
            raise DatasetError(f"{folder} has no split {split!r}: choose of {', '.join(known)}")
        images = kept
    seen: set[str] = set()
    for image in images:
        if image.name in seen:
            raise DatasetError(f"{folder} lists {image.name} twice: keep one row for each image")
        seen.add(image.name)
    return images


def _is_of(image: CaptionedImage, split: str) -> bool:
    return split in (image.split, image.dataset, image.dataset.split("-")[0])


def _read_all(folder: Path) -> list[CaptionedImage]:
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder")
    for name in (INDEX, *CAPTION_FILES):
        if (folder / name).is_file():
            return list(_read_jsonl(folder / name))
    for path in sorted(folder.glob("*.json")) + sorted(folder.glob("annotations/*.json")):
        coco = _load_json(path)
        if isinstance(coco, dict) and {"images", "annotations"} <= coco.keys():
            return list(_read_coco(path, coco, folder))
    raise DatasetError(
        f"{folder} lists no captions: write {INDEX} with rows such as"
        ' {"file": "a.jpg", "captions": ["A dog runs."]}, or put COCO captions JSON there'
    )


def _read_jsonl(path: Path) -> Iterator[CaptionedImage]:
    folder = path.parent
    members: dict[str, dict[str, ImageBytes]] = {}
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            where = f"{path}, line {number}"
            row = _row(line, where)
            name = _text(row, ("file", "file_name"), where)
            shard = row.get("shard")
            if shard is None:
                source = _loose(folder / name, where)
            else:
                if shard not in members:
                    members[shard] = _tar_members(folder / shard, where)
                if name not in members[shard]:
                    raise DatasetError(f"{where}: {shard} holds no {name}")
                source = members[shard][name]
            yield CaptionedImage(
                name,
                source,
                _captions(row, where),
                str(row.get("dataset", folder.name)),
                str(row.get("split", "")),
                tuple(_labelled(one, where) for one in row.get("boxes", ())),
            )


def _read_coco(path: Path, coco: dict[str, Any], folder: Path) -> Iterator[CaptionedImage]:
    """COCO captions: `images` [{id, file_name}], `annotations` [{image_id, caption}]."""
    captions: dict[Any, list[str]] = {}
    for annotation in coco["annotations"]:
        try:
            captions.setdefault(annotation["image_id"], []).append(annotation["caption"])
        except (KeyError, TypeError) as error:
            raise DatasetError(
                f"{path}: an annotation lacks image_id or caption: are these COCO captions?"
            ) from error
    for number, image in enumerate(coco["images"], 1):
        where = f"{path}, image {number}"
        name = _text(image, ("file_name",), where)
        if image.get("id") not in captions:
            continue  # COCO lists images that nobody captioned
        found = next(
            (place for place in (folder / name, folder / "images" / name) if place.is_file()), None
        )
        if found is None:
            raise DatasetError(f"{where}: no file {name} in {folder} nor in {folder / 'images'}")
        texts = _captions({"captions": captions[image["id"]]}, where)
        yield CaptionedImage(name, ImageBytes(found), texts, path.stem, "")


def _load_json(path: Path) -> object:
    try:
        return json.loads(path.read_text("utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} is not JSON: {error}") from error


def _row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise DatasetError(f"{where}: not JSON: {error}") from error
    if not isinstance(row, dict):
        raise DatasetError(f"{where}: expected an object with file and captions")
    return row


def _text(row: dict[str, Any], keys: Sequence[str], where: str) -> str:
    for key in keys:
        value = row.get(key)
        if isinstance(value, str) and value:
            return value
    raise DatasetError(f"{where}: lacks {keys[0]!r}, the image's file name")


def _captions(row: dict[str, Any], where: str) -> tuple[str, ...]:
    captions = row.get("captions", row.get("text"))
    if isinstance(captions, str):
        captions = [captions]
    if not isinstance(captions, list) or not all(isinstance(text, str) for text in captions):
        raise DatasetError(f"{where}: 'captions' must be a list of texts")
    clean = tuple(text for text in (" ".join(caption.split()) for caption in captions) if text)
    if not clean:
        raise DatasetError(f"{where}: has no caption: remove the row or write one")
    return clean


def _labelled(row: Any, where: str) -> LabelledBox:
    try:
        corners = [float(row[key]) for key in ("x0", "y0", "x1", "y1")]
        return LabelledBox(str(row["label"]), Box(*corners))
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"{where}: a box lacks label, x0, y0, x1 or y1") from error


def _loose(path: Path, where: str) -> ImageBytes:
    if not path.is_file():
        raise DatasetError(f"{where}: no file {path}")
    return ImageBytes(path)


def _tar_members(path: Path, where: str) -> dict[str, ImageBytes]:
    try:
        with tarfile.open(path, "r:") as tar:
            return {
                member.name: ImageBytes(path, member.offset_data, member.size)
                for member in tar
                if member.isfile()
            }
    except (OSError, tarfile.TarError) as error:
        raise DatasetError(f"{where}: cannot read the shard {path}: {error}") from error
