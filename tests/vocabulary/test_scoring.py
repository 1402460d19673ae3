from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mirada.errors import ModelUnavailable
from mirada.models.small import SmallEncoder
from mirada.testing import unit
from mirada.vocabulary.entries import Entry, Vocabulary, read_vocabulary
from mirada.vocabulary.learnt import Learnt, read_learnt, write_learnt
from mirada.vocabulary.scoring import (
    CACHE,
    UNTRAINED,
    LearntScorer,
    UntrainedScorer,
    make_scorer,
    offsets_for,
    text_vectors,
)
from tests.fakes import ColourEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mirada.types import Matrix

RED, GREEN, BLUE = (Entry(name, "object", "") for name in ("red", "green", "blue"))
THREE = Vocabulary((RED, GREEN, BLUE), "abc")


class CountingEncoder(ColourEncoder):
    def __init__(self) -> None:
        super().__init__()
        self.texts = 0

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        self.texts += len(texts)
        return super().encode_texts(texts)


def learnt_of(*entries: Entry) -> Learnt:
    return Learnt(
        encoder="colour/1",
        keys=tuple(entry.key for entry in entries),
        weights=np.full((len(entries), 4), 2, np.float32),
        offsets=np.full(len(entries), -1, np.float32),
        scale=3.0,
        bend=np.eye(4, dtype=np.float32),
        reference=np.stack([unit(1, 0, 0, 1), unit(0, 1, 0, 1), unit(0, 0, 1, 1)]),
        prior=0.25,
        mixing=replace(UNTRAINED, cut=0.3),
    )


def test_an_encoder_without_weights_has_standard_scores(tmp_path: Path) -> None:
    scorer = make_scorer(ColourEncoder(), THREE, None, tmp_path)
    assert isinstance(scorer, UntrainedScorer)
    logits = scorer.logits(np.stack([unit(255, 0, 0, 1), unit(0, 0, 255, 1)]))
    assert logits.argmax(1).tolist() == [0, 2]
    assert logits.mean(1) == pytest.approx([0, 0], abs=1e-5)
    assert logits.std(1) == pytest.approx([1, 1], abs=1e-4)


def test_weights_of_another_encoder_are_of_no_use(tmp_path: Path) -> None:
    other = replace(learnt_of(RED), encoder="other/1")
    assert isinstance(make_scorer(ColourEncoder(), THREE, other, tmp_path), UntrainedScorer)


def test_a_known_tag_has_its_classifier_and_a_new_one_is_made_from_its_text() -> None:
    scorer = make_scorer(ColourEncoder(), THREE, learnt_of(RED, BLUE))
    assert isinstance(scorer, LearntScorer)
    assert scorer.weights[0] == pytest.approx(2)
    assert scorer.offsets[[0, 2]].tolist() == [-1, -1]
    (text,) = text_vectors(ColourEncoder(), [GREEN])
    assert scorer.weights[1] == pytest.approx(4 * text)  # 3 * text + text @ identity


def test_the_prompts_of_a_tag_decide_whether_it_is_known() -> None:
    other = replace(RED, prompts=("a red thing",))
    scorer = make_scorer(ColourEncoder(), Vocabulary((other,), ""), learnt_of(RED))
    assert isinstance(scorer, LearntScorer)
    assert scorer.weights[0] != pytest.approx(2)


def test_offsets_give_the_prior_as_mean_probability() -> None:
    random = np.random.default_rng(0)
    weights = random.normal(size=(5, 4)).astype(np.float32) * 4
    reference = random.normal(size=(50, 4)).astype(np.float32)
    priors = np.array([0.001, 0.01, 0.1, 0.5, 0.9], np.float32)
    offsets = offsets_for(weights, reference, priors)
    chances = 1 / (1 + np.exp(-(reference @ weights.T + offsets)))
    assert chances.mean(0) == pytest.approx(priors, rel=0.01)


def test_a_text_is_encoded_once_for_a_collection(tmp_path: Path) -> None:
    encoder = CountingEncoder()
    first = make_scorer(encoder, THREE, None, tmp_path)
    assert encoder.texts == 9  # three a tag
    again = make_scorer(encoder, Vocabulary((RED, BLUE), ""), None, tmp_path)
    assert encoder.texts == 9
    vectors = np.stack([unit(255, 0, 0, 1)])
    assert first.logits(vectors)[0, 0] > again.logits(vectors)[0, 1]
    more = Vocabulary((*THREE.entries, Entry("white", "object", "")), "")
    make_scorer(encoder, more, None, tmp_path)
    assert encoder.texts == 12


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_a_damaged_cache_is_made_again(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CACHE).write_bytes(content)
    encoder = CountingEncoder()
    make_scorer(encoder, THREE, None, tmp_path)
    make_scorer(encoder, THREE, None, tmp_path)
    assert encoder.texts == 9


def test_the_name_tells_vocabulary_weights_and_encoder() -> None:
    learnt = replace(learnt_of(RED), digest="def")
    assert make_scorer(ColourEncoder(), THREE, learnt).name == "tags/abc-def, colour/1"
    assert make_scorer(ColourEncoder(), THREE, None).name == "tags/abc, colour/1"


def test_weights_come_back_from_their_file(tmp_path: Path) -> None:
    kept = learnt_of(RED, GREEN)
    with (tmp_path / "weights.npz").open("wb") as file:
        write_learnt(kept, file)
    found = read_learnt(tmp_path / "weights.npz")
    assert (found.encoder, found.keys, found.mixing) == (kept.encoder, kept.keys, kept.mixing)
    assert (found.scale, found.prior) == (3.0, 0.25)
    assert found.weights == pytest.approx(kept.weights, abs=1e-4)
    assert found.reference == pytest.approx(kept.reference, abs=1e-4)
    assert len(found.digest) == 12


def test_missing_or_damaged_weights_are_told(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="reinstall"):
        read_learnt(tmp_path / "none.npz")
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04")
    with pytest.raises(ModelUnavailable, match="damaged"):
        read_learnt(tmp_path / "bad.npz")


def test_the_shipped_weights_know_every_shipped_tag() -> None:
    learnt = read_learnt()
    assert learnt.encoder == SmallEncoder().name
    assert {entry.key for entry in read_vocabulary().entries} == set(learnt.keys)
    assert learnt.weights.shape == (len(learnt.keys), 384)
    assert np.isfinite(learnt.weights).all()
