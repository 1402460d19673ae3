from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirada.indexing.tags import MOST, MOST_OF_PART, Tagger, load_tagger
from mirada.types import Tag
from mirada.vocabulary.entries import EDITED, Entry, Vocabulary
from mirada.vocabulary.learnt import Mixing
from mirada.vocabulary.mixing import pooled
from mirada.vocabulary.scoring import LearntScorer
from tests.fakes import ColourEncoder

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MIXING = Mixing((1, 0), whole=0.5, regions=0.5, offset=0, part=(1, 0, 0), cut=0.5, part_cut=0.5)
DOG, CAT, DAY, NIGHT, SAD = (
    Entry("dog", "animal", "perro"),
    Entry("cat", "animal", "gato"),
    Entry("day", "light", "día", group="day"),
    Entry("night", "light", "noche", group="day"),
    Entry("sad", "attribute", "triste"),
)


def tagger(*entries: Entry) -> Tagger:
    """One for which the number at the place of a tag is its logit."""
    count = len(entries)
    weights, offsets = np.eye(count, dtype=np.float32), np.zeros(count, np.float32)
    return Tagger(LearntScorer("test", Vocabulary(entries, ""), MIXING, weights, offsets))


def vector(*numbers: float) -> NDArray[np.float32]:
    return np.array(numbers, np.float32)


def test_tags_come_likeliest_first_and_the_unlikely_not_at_all() -> None:
    found, _ = tagger(DOG, CAT, SAD).tag(vector(1, -1, 2), [])
    assert [tag.name for tag in found] == ["sad", "dog"]
    assert found[1] == Tag("dog", 0.7311, "model")


def test_a_tag_that_only_a_region_shows_says_so() -> None:
    found, (first, second) = tagger(DOG, CAT).tag(vector(-1, 1), [vector(4, -4), vector(4, -4)])
    assert found == (Tag("dog", 0.8176, "region"),)  # (4 - 1) / 2; the cat: (1 - 4) / 2
    assert first == second == (Tag("dog", 0.982, "region"),)


def test_of_a_group_the_likeliest_alone_is_kept() -> None:
    found, _ = tagger(DAY, NIGHT, DOG).tag(vector(1, 2, 3), [])
    assert [tag.name for tag in found] == ["dog", "night"]


def test_parts_have_no_mood_nor_light() -> None:
    _, (tags,) = tagger(SAD, DAY, DOG).tag(vector(0, 0, 0), [vector(5, 5, 5)])
    assert [tag.name for tag in tags] == ["dog"]


def test_equal_tags_come_by_name_and_there_are_never_too_many() -> None:
    many = [Entry(f"thing {letter}", "object", "") for letter in "zyxwvutsrqponmlkjihgfedcba"]
    found, (part,) = tagger(*many).tag(vector(*[1] * 26), [vector(*[1] * 26)])
    assert [tag.name for tag in found] == [f"thing {letter}" for letter in "abcdefghijklmnopqrst"]
    assert (len(found), len(part)) == (MOST, MOST_OF_PART)


def test_an_image_without_regions_is_judged_as_a_whole() -> None:
    found, parts = tagger(DOG).tag(vector(1), [])
    assert (found, parts) == ((Tag("dog", 0.7311, "model"),), [])


@given(st.integers(1, 12), st.integers(0, 10_000))
def test_regions_speak_through_the_three_highest(count: int, seed: int) -> None:
    parts = np.random.default_rng(seed).normal(size=(count, 5)).astype(np.float32)
    expected = [np.mean(sorted(column)[-3:]) for column in parts.T.tolist()]
    assert pooled(parts) == pytest.approx(np.array(expected), abs=1e-5)


def test_a_picture_of_one_colour_has_its_tag_by_any_encoder(tmp_path: Path) -> None:
    names = ["red", "green", "blue", *(f"thing {number}" for number in range(60))]
    rows = "".join(f"{name}\tobject\n" for name in names)
    (tmp_path / EDITED).write_text(rows, encoding="utf-8")
    encoder = ColourEncoder()
    ours = load_tagger(encoder, tmp_path)
    (red,) = encoder.encode_texts(["red"])
    (found, *_), _ = ours.tag(red, [])
    assert found.name == "red"
    (tmp_path / EDITED).write_text(rows + "teal\tobject\n", encoding="utf-8")
    assert load_tagger(encoder, tmp_path).name != ours.name
