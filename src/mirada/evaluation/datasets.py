"""Images with captions, from a folder: JSONL, COCO's JSON, or the files of Flickr8k and 30k.

Read by training and by evaluation; rows keep the order of the file that lists them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirada.errors import DatasetError
from mirada.evaluation.images import CaptionedImage, ImageBytes, LabelledBox
from mirada.evaluation.loaders import coco, flickr, jsonl
from mirada.evaluation.loaders.jsonl import INDEX

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["INDEX", "CaptionedImage", "ImageBytes", "LabelledBox", "read_dataset"]

LOADERS: Final = (jsonl.load, coco.load, flickr.load)


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
    for load in LOADERS:
        images = load(folder)
        if images is not None:
            return images
    raise DatasetError(
        f"{folder} lists no captions: write {INDEX} with rows such as"
        ' {"file": "a.jpg", "captions": ["A dog runs."]}, or put COCO captions JSON or the'
        " captions.txt of Flickr8k there"
    )
