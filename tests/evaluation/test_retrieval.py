from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mirada.evaluation.datasets import CaptionedImage, read_dataset
from mirada.evaluation.retrieval import evaluate_retrieval
from tests import photos

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PIL.Image import Image

    from mirada.types import Matrix

COLOURS = {"red": photos.RED, "green": photos.GREEN, "blue": photos.BLUE}


class ColourEncoder:
    """Mean colour against the name of a colour; "teal" lies between green and blue."""

    name = "colour/1"
    dim = 3
    image_size = 8

    def encode_images(self, images: Sequence[Image]) -> Matrix:
        return np.array([np.array(image.getpixel((0, 0))) / 255 for image in images], np.float32)

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        names = {**COLOURS, "teal": (0, 150, 205)}
        return np.array([names[text.split()[-1]] for text in texts], np.float32) / 255


@pytest.fixture
def images(tmp_path: Path) -> list[CaptionedImage]:
    rows = []
    for name, colour in COLOURS.items():
        photos.flat(colour).save(tmp_path / f"{name}.png")
        rows.append({"file": f"{name}.png", "captions": [f"all {name}", name]})
    (tmp_path / "index.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_dataset(tmp_path)


def test_every_caption_is_a_query_and_every_image_too(images: list[CaptionedImage]) -> None:
    steps: list[int] = []
    report = evaluate_retrieval(ColourEncoder(), images, advance=steps.append)
    assert report.model == "colour/1"
    assert report.text_to_image.queries == 6
    assert report.image_to_text.queries == report.images == 3
    assert report.text_to_image.at[1] == report.image_to_text.at[1] == 1.0
    assert sum(steps) == 9


def test_other_wordings_replace_the_captions(images: list[CaptionedImage]) -> None:
    report = evaluate_retrieval(ColourEncoder(), images, captions=[["red"], ["teal"], ["blue"]])
    assert report.text_to_image.queries == 3
    assert report.text_to_image.at[1] == pytest.approx(2 / 3)
    assert report.text_to_image.at[5] == 1.0


def test_no_images_give_an_empty_report() -> None:
    report = evaluate_retrieval(ColourEncoder(), [])
    assert report.text_to_image.queries == 0
