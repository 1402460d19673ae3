"""JSONL beside loose files or tar shards: mirada's own layout, and that of Hugging Face folders."""

from __future__ import annotations

import json
import tarfile
from typing import TYPE_CHECKING, Any, Final

from mirada.errors import DatasetError
from mirada.evaluation.images import CaptionedImage, ImageBytes, LabelledBox
from mirada.evaluation.loaders.fields import clean_captions
from mirada.types import Box

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INDEX: Final = "index.jsonl"
FILES: Final = (INDEX, "captions.jsonl", "metadata.jsonl")  # the last as Hugging Face has it
NAMES: Final = ("file", "file_name")  # keys of the image's file


def load(folder: Path) -> list[CaptionedImage] | None:
    """Rows {"file", "captions"} with what else they say, in the order of the file."""
    for name in FILES:
        if (folder / name).is_file():
            return list(_read(folder / name))
    return None


def _read(path: Path) -> Iterator[CaptionedImage]:
    folder = path.parent
    members: dict[str, dict[str, ImageBytes]] = {}
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            where = f"{path}, line {number}"
            row = _row(line, where)
            name = _name(row, where)
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
                clean_captions(_texts(row, where), where),
                str(row.get("dataset", folder.name)),
                str(row.get("split", "")),
                tuple(_labelled(one, where) for one in row.get("boxes", ())),
                str(row.get("caption_kind", "")),
            )


def _row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise DatasetError(f"{where}: not JSON: {error}") from error
    if not isinstance(row, dict):
        raise DatasetError(f"{where}: expected an object with file and captions")
    return row


def _name(row: dict[str, Any], where: str) -> str:
    for key in NAMES:
        value = row.get(key)
        if isinstance(value, str) and value:
            return value
    raise DatasetError(f"{where}: lacks {NAMES[0]!r}, the image's file name")


def _texts(row: dict[str, Any], where: str) -> list[str]:
    captions = row.get("captions", row.get("text"))
    if isinstance(captions, str):
        return [captions]
    if not isinstance(captions, list) or not all(isinstance(text, str) for text in captions):
        raise DatasetError(f"{where}: 'captions' must be a list of texts")
    return captions


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
