"""How the margins of a grounding become probabilities: fitted on proposals of images held out.

A pair is a proposal and a label: each label of its image, and as many that its image has not. It
matches where the proposal overlaps a box of that label well, and does not where it hardly does;
what lies between is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mirada.evaluation.captioned import Seen
from mirada.evaluation.chances import Reliability, reliability
from mirada.evaluation.labels import Likeness
from mirada.evaluation.tags import fold_of
from mirada.models.boxes import corners, iou
from mirada.search.fitting import logistic
from mirada.search.grounding import log_chances, margins
from mirada.training.grounding_checks import alikeness, area
from mirada.training.grounding_data import ARTICLE, square

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mirada.evaluation.datasets import CaptionedImage
    from mirada.protocols import MapEncoder, Segmenter
    from mirada.training.grounding_data import Thing
    from mirada.types import Calibration, Grounding, Matrix

MATCHED: Final = 0.5  # IoU with a box of a label from which a proposal shows it
UNSURE: Final = 0.3  # from here on it may


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """The proposals of one image, and labels."""

    vectors: Matrix  # (proposals, dim)
    boxes: NDArray[np.float64]  # (proposals, 4)
    whole: Matrix  # (1, dim)
    texts: Matrix  # (labels, dim)
    match: NDArray[np.bool_]  # (labels, proposals)
    sure: NDArray[np.bool_]  # (labels, proposals)
    fold: int  # 0 or 1


def see_scenes(
    images: Sequence[CaptionedImage],
    things: Sequence[Sequence[Thing]],
    maps: Any,
    encoder: MapEncoder,
    segmenter: Segmenter,
    spanish: Mapping[str, str],
    *,
    seed: int,
) -> list[Scene]:
    """What the segmenter proposes in each image, with labels in one language an image."""
    labels = sorted({label for own in things for thing in own for label in thing.labels})
    found = []
    for row, (image, own) in enumerate(zip(images, things, strict=True)):
        random = np.random.default_rng([seed, row])
        told = square(maps[row])
        proposals = segmenter.segment(Seen(image.open(encoder.image_size), told))
        if not proposals:
            continue
        has = sorted({label for thing in own for label in thing.labels})
        others = [label for label in random.permutation(labels).tolist() if label not in has]
        asked = [*has, *others[: len(has)]]
        names = [ARTICLE + label for label in asked]
        if spanish and random.random() < 0.5:
            names = [spanish[name] for name in names]
        boxes = corners([one.box for one in proposals])
        surely = _overlaps(asked, own, boxes, Likeness.SURE)
        maybe = _overlaps(asked, own, boxes, Likeness.MAYBE)
        found.append(
            Scene(
                encoder.encode_boxes(told, [one.box for one in proposals]),
                boxes,
                encoder.encode_map(told)[None],
                encoder.encode_texts(names),
                surely >= MATCHED,
                (surely >= MATCHED) | (maybe < UNSURE),
                fold_of(image.name),
            )
        )
    return found


def calibrated(grounding: Grounding, scenes: Sequence[Scene], *, fold: int) -> Grounding:
    """The grounding with the logistic of the least log loss on one half of the images."""
    chosen = [scene for scene in scenes if scene.fold == fold]
    margin = np.concatenate([_margins(scene, grounding)[scene.sure] for scene in chosen])
    match = np.concatenate([scene.match[scene.sure] for scene in chosen])
    even = np.full(len(match), 1 / len(match))
    scale, offset = logistic(margin.astype(np.float64), match, even)
    return replace(grounding, scale=scale, offset=offset)


def reliability_on(grounding: Grounding, scenes: Sequence[Scene], *, fold: int) -> Reliability:
    """How far the probabilities can be believed on one half of the images."""
    chosen = [scene for scene in scenes if scene.fold == fold]
    said = np.concatenate([np.exp(_chances(scene, grounding)[scene.sure]) for scene in chosen])
    return reliability(said, np.concatenate([scene.match[scene.sure] for scene in chosen]))


def area_inside(judge: Grounding | Calibration, scenes: Sequence[Scene]) -> float:
    """How often a proposal that shows a label is likelier than one of the image that does not."""
    areas = []
    for scene in scenes:
        for chances, match, sure in zip(
            _chances(scene, judge), scene.match, scene.sure, strict=True
        ):
            if match.any() and (sure & ~match).any():
                areas.append(area(chances[match], chances[sure & ~match]))
    return float(np.mean(areas)) if areas else float("nan")


def _chances(scene: Scene, judge: Grounding | Calibration) -> NDArray[np.float32]:
    """(labels, proposals) logarithms."""
    parts = scene.vectors[None], scene.whole, scene.boxes[None]
    return log_chances(scene.texts, *parts, judge)[:, 0]


def _margins(scene: Scene, grounding: Grounding) -> NDArray[np.float32]:
    """(labels, proposals)."""
    return margins(scene.texts, scene.vectors[None], scene.whole, scene.boxes[None], grounding)[
        :, 0
    ]


def _overlaps(
    labels: Sequence[str],
    things: Sequence[Thing],
    boxes: NDArray[np.float64],
    least: Likeness,
) -> NDArray[np.float64]:
    """(labels, boxes) largest IoU with a thing that is at least so surely what the label means."""
    shared = iou(boxes, corners([thing.box for thing in things]))  # (boxes, things)
    likenesses = np.array([alikeness(labels, thing) for thing in things]).T
    return np.asarray((shared[None] * (likenesses >= least)[:, None]).max(2))
