"""Tiny benchmarks in the formats that the real ones are published in, with drawn pictures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests import photos

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

COLOURS = {"red": photos.RED, "green": photos.GREEN, "blue": photos.BLUE}


def draw(folder: Path, **names: str) -> Path:
    """Pictures of one colour: name without suffix -> colour."""
    for name, colour in names.items():
        photos.write(folder / f"{name}.jpg", photos.flat(COLOURS[colour]))
    return folder


def sugarcrepe(path: Path, *choices: tuple[str, str, str]) -> Path:
    """One document of picture, caption and negative."""
    rows = {
        str(place): {"filename": f"{name}.jpg", "caption": true, "negative_caption": false}
        for place, (name, true, false) in enumerate(choices)
    }
    return _write(path, json.dumps(rows, indent=4))


def vsr(path: Path, *statements: tuple[str, str, int, str]) -> Path:
    """A line each of picture, caption, label and relation."""
    return lines(
        path,
        [
            {
                "image": f"{name}.jpg",
                "image_link": f"http://images.example/{name}.jpg",
                "caption": text,
                "label": label,
                "relation": relation,
                "annotator_id": 1,
                "vote_true_validator_id": "[2]",
                "vote_false_validator_id": "[]",
            }
            for name, text, label, relation in statements
        ],
    )


def nlvr2(path: Path, *statements: tuple[str, str, str]) -> Path:
    """A line each of identifier, sentence and label."""
    return lines(
        path,
        [
            {
                "validation": {"1": "True"},
                "sentence": sentence,
                "left_url": "http://left.example/a.jpg",
                "right_url": "http://right.example/b.jpg",
                "writer": "1",
                "label": label,
                "identifier": identifier,
                "synset": "acorn",
                "query": "acorns1",
            }
            for identifier, sentence, label in statements
        ],
    )


def nlvr(path: Path, *statements: tuple[str, str, str]) -> Path:
    """A line each of identifier, sentence and label."""
    return lines(
        path,
        [
            {
                "sentence": sentence,
                "label": label,
                "identifier": identifier,
                "directory": "0",
                "evals": {"r0": label},
                "structured_rep": [[], [], []],
            }
            for identifier, sentence, label in statements
        ],
    )


def lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """One JSON object a line."""
    return _write(path, "".join(json.dumps(row) + "\n" for row in rows))


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
