"""A tuned model as files: the image tower of the former one, byte for byte, under new heads.

So its feature maps are the former ones, and the captioner and the segmenter go on reading them;
what was learnt of parts and of tags stays too, because vectors were held near where they were.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import onnx
from onnx import numpy_helper

from mirada.models.weights import (
    GROUNDING,
    IMAGE_HEAD,
    IMAGE_TOWER,
    MANIFEST,
    TEXT_TOWER,
    TOKENIZER,
)
from mirada.search.fitting import draw_pairs, fit
from mirada.training import export
from mirada.training.checkpoint import write_atomically, write_json
from mirada.vocabulary.subjects import subjects

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mirada.models.small import SmallEncoder
    from mirada.training.towers import Dual
    from mirada.types import Calibration, Matrix

FEWEST = 100  # pictures to fit a calibration on: fewer say nothing of rare errors


def write_tuned(
    out: Path, start: SmallEncoder, model: Dual, *, name: str, about: Mapping[str, Any]
) -> None:
    """Write the model; `write_calibration` completes it.

    Args:
        out: folder; what is there under the same names is replaced.
        start: the model that was gone on from.
        model: its towers with the new heads.
        name: with its revision.
        about: more for the manifest.
    """
    out.mkdir(parents=True, exist_ok=True)
    former = json.loads((start.folder / MANIFEST).read_text("utf-8"))
    copied = [IMAGE_TOWER, TOKENIZER, *({GROUNDING} & former["files"].keys())]
    for file in copied:
        _copy(start.folder / file, out / file)
    head, text = (_bits(start.folder / file) for file in (IMAGE_HEAD, TEXT_TOWER))
    export.export_head(model, out / IMAGE_HEAD, bits=head)
    export.export_text(model, out / TEXT_TOWER, bits=text if text == 32 else 8)
    files = (*copied, IMAGE_HEAD, TEXT_TOWER)
    manifest = former | {
        "name": name,
        "tuned_from": start.tuned_from,
        "files": export.digests(out, files),
        **about,
    }
    write_json(out / MANIFEST, manifest)


def recalibrated(
    encoder: SmallEncoder, start: SmallEncoder, gallery: Matrix, texts: Sequence[str], *, seed: int
) -> tuple[Calibration, str]:
    """How scores of the tuned model turn into probabilities, and by what that was told.

    Args:
        encoder: the tuned model.
        start: the former one, whose numbers are kept where the pictures are few.
        gallery: (n, dim) vectors of pictures that were not learnt from, by `encoder`.
        texts: one of each picture.
        seed: of the draws.
    """
    distractors = encoder.encode_texts(subjects())
    if len(gallery) < FEWEST:
        return replace(start.calibration, distractors=distractors), f"the numbers of {start.name}"
    pairs = draw_pairs(encoder.encode_texts(texts), gallery, range(len(gallery)), seed=seed)
    return fit(pairs, distractors), f"{len(gallery):,} pictures that were not learnt from"


def _copy(given: Path, to: Path) -> None:
    if given.resolve() != to.resolve():
        write_atomically(to, lambda beside: shutil.copyfile(given, beside))


def _bits(path: Path) -> int:
    """In how many the largest weight of a graph is stored."""
    weights = [numpy_helper.to_array(one) for one in onnx.load(str(path)).graph.initializer]
    return max(weights, key=lambda one: one.size).itemsize * 8
