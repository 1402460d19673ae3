"""What an evaluation asks a dataset by: its own captions, these in Spanish, or those of a file."""

from __future__ import annotations

import json
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING

from mirada.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mirada.evaluation.datasets import CaptionedImage


def wordings_of(images: Sequence[CaptionedImage], language: str) -> list[Sequence[str]]:
    """The captions of each image, in English as they are, in Spanish by Apertium.

    Raises:
        ModelUnavailable: Apertium is missing.
    """
    own: list[Sequence[str]] = [image.captions for image in images]
    if language == "en":
        return own
    spanish = iter(_spanish([text for wording in own for text in wording]))
    return [[next(spanish) for _ in wording] for wording in own]


def read_wordings(path: Path, images: Sequence[CaptionedImage]) -> list[Sequence[str]]:
    """Other captions of each image: JSONL rows {file, captions}.

    Raises:
        DatasetError: the file cannot be read, a line is not such a row, or an image has none.
    """
    given: dict[str, list[str]] = {}
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            given[row["file"]] = [str(text) for text in row["captions"]]
        except (ValueError, KeyError, TypeError) as error:
            raise DatasetError(
                f"{path}, line {number}: not a row with file and captions"
            ) from error
    missing = [image.name for image in images if image.name not in given]
    if missing:
        raise DatasetError(f"{path} lacks {missing[0]} and {len(missing) - 1} more of the images")
    return [given[image.name] for image in images]


def _spanish(texts: Sequence[str]) -> list[str]:
    """Translations, those of the same texts kept from before not made again.

    They are kept as one, because Apertium lets a line depend on those around it.
    """
    from mirada.evaluation.kept import Maker, kept_texts, key_of  # noqa: PLC0415 only if asked for
    from mirada.training.translate import apertium_version, to_spanish  # noqa: PLC0415

    # our repairs are rules in the code and words in a table: both decide what comes out
    rules = [
        sha256(resources.files("mirada.training").joinpath(name).read_bytes()).hexdigest()
        for name in ("translate.py", "glossary.tsv")
    ]
    kept = kept_texts(Maker("apertium en-es", (apertium_version(), *rules)))
    key = key_of("\n".join(texts))
    found = kept.find([key]).get(key)
    if found is not None:
        return found.split("\n") if texts else []
    made = to_spanish(texts)
    kept.keep({key: "\n".join(made)})
    return made
