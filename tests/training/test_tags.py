from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mirada.evaluation.datasets import CaptionedImage, ImageBytes, LabelledBox
from mirada.evaluation.tags import Seen
from mirada.testing import unit
from mirada.training.tag_mixing import best_cut, logistic, shown_in
from mirada.training.tags import TagJob, TagRecipe, finish, learn
from mirada.types import Box
from mirada.vocabulary.entries import Entry, Vocabulary
from mirada.vocabulary.learnt import read_learnt
from mirada.vocabulary.scoring import LearntScorer, make_scorer, text_vectors
from tests.fakes import COLOURS, ColourEncoder

if TYPE_CHECKING:
    from pathlib import Path

    from mirada.protocols import Segmenter

WORDS = Vocabulary(
    (*(Entry(name, "attribute", "") for name in COLOURS), Entry("dog", "animal", "")), "abc"
)
ROWS = {name: unit(*rgb, 1) for name, rgb in COLOURS.items()}


@pytest.fixture
def job(tmp_path: Path, nothing: Segmenter) -> TagJob:
    names = [*COLOURS] * 30
    images = [
        CaptionedImage(
            f"{number}.png",
            ImageBytes(tmp_path),
            (f"something {name}", "a dog" if name == "red" else "a thing"),
            "colours",
            "",
            (LabelledBox(name, Box(0, 0, 1, 1)), LabelledBox("dog", Box(0, 0, 0.1, 0.1))),
        )
        for number, name in enumerate(names)
    ]
    recipe = TagRecipe(epochs=60, batch=40)
    return TagJob(
        recipe,
        ColourEncoder(),
        nothing,
        WORDS,
        images,
        images,
        tmp_path / "work",
        tmp_path / "weights.npz",
        lambda _: None,
    )


@pytest.fixture
def nothing() -> Segmenter:
    class Nothing:
        name = "nothing/1"
        maps_of = None

        def segment(self, look: object) -> list[object]:
            return []

    return Nothing()  # type: ignore[return-value]


def noisy(job: TagJob) -> np.ndarray:
    random = np.random.default_rng(0)
    rows = np.stack([ROWS[name] for name in [*COLOURS] * 30])
    rows = rows + random.normal(size=rows.shape).astype(np.float32) * 0.15
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_what_captions_name_is_learnt_beyond_what_the_text_says(job: TagJob) -> None:
    vectors = noisy(job)
    labels = np.array([[name == one for one in COLOURS] + [name == "red"] for name in ROWS] * 30)
    texts = text_vectors(job.encoder, WORDS.entries)
    learnt = learn(job, vectors, labels, texts)
    scorer = LearntScorer("", WORDS, learnt.mixing, learnt.weights, learnt.offsets)
    logits = scorer.logits(np.stack([ROWS[name] for name in COLOURS]))
    assert logits[:, -1].argmax() == 0  # "dog" has no colour of its own: captions taught it red
    assert (logits[:, :4].argmax(1) == np.arange(4)).all()


def test_a_run_ends_in_weights_that_a_collection_can_use(job: TagJob) -> None:
    vectors = noisy(job)
    regions = [np.stack([row, row]) for row in vectors]
    boxes = [[Box(0, 0, 1, 1), Box(0, 0, 0.5, 0.5)]] * len(vectors)
    finish(job, vectors, Seen(vectors, boxes, regions))
    learnt = read_learnt(job.out)
    assert learnt.encoder == "colour/1"
    assert 0.05 <= learnt.mixing.cut <= 0.65
    scorer = make_scorer(ColourEncoder(), WORDS, learnt)
    assert scorer.logits(ROWS["blue"][None])[0].argmax() == 2


def test_a_logistic_regression_finds_the_line_that_made_the_truth() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(4000, 10)).astype(np.float32)
    truth = random.random(x.shape) < 1 / (1 + np.exp(-(2 * x - 1)))
    assert logistic([x], truth) == pytest.approx((2, -1), abs=0.1)


def test_the_best_cut_parts_the_true_from_the_false() -> None:
    chances = np.array([0.1, 0.2, 0.31, 0.4], np.float32)
    assert best_cut(chances, np.array([False, False, True, True])) == 0.225


def test_a_region_shows_half_a_dog_but_not_the_collar_of_a_whole_one() -> None:
    dog, collar = Box(0, 0, 0.4, 0.5), Box(0.2, 0.1, 0.25, 0.15)
    half, around, beside = Box(0, 0, 0.2, 0.5), Box(0, 0, 0.5, 0.6), Box(0.5, 0.5, 1, 1)
    shown = shown_in([half, around, beside], [dog, collar])
    assert shown.tolist() == [[True, False], [True, False], [False, False]]
    assert shown_in([], [dog]).shape == (0, 1)
