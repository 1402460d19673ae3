"""A dataset as a collection: what evaluations of whole searches are run on."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirada.collection import Collection
    from mirada.evaluation.datasets import CaptionedImage


def index_dataset(images: Sequence[CaptionedImage], work: Path) -> tuple[Collection, list[str]]:
    """The images indexed as `mirada index` does, and their ids in order.

    Args:
        images: of a dataset.
        work: folder for the images and their index; what is there already is not done again.
    """
    from mirada.cli.progress import LineProgress  # noqa: PLC0415 only when it runs
    from mirada.collection import open_collection  # noqa: PLC0415

    ids = _unpack(images, work / "images")
    collection = open_collection(work / "images", home=work / "index")
    with LineProgress() as progress:
        collection.index(progress=progress)
    return collection, ids


def _unpack(images: Sequence[CaptionedImage], folder: Path) -> list[str]:
    """Write the images as files, those of other datasets away; their ids."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = []
    for image in images:
        raw = image.source.read()
        ids.append(sha256(raw).hexdigest())
        path = folder / f"{ids[-1][:32]}{Path(image.name).suffix}"
        if not path.exists():
            path.write_bytes(raw)
    wanted = {one[:32] for one in ids}
    for path in folder.iterdir():
        if path.stem not in wanted:
            path.unlink()
    return ids
