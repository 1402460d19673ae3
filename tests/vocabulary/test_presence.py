from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from mirada.types import COLOURS, Parts, Phrase
from mirada.vocabulary import presence as module
from mirada.vocabulary.entries import Entry, Vocabulary
from mirada.vocabulary.learnt import Learnt, Mixing
from mirada.vocabulary.presence import LEARNT, SPARED, Presence, asked
from mirada.vocabulary.scoring import offsets_for

DIM = 5
DOG, CAT = Entry("dog", "animal", "perro"), Entry("cat", "animal", "gato", also=("kitty",))
CAR = Entry("car", "vehicle", "coche")
TAGS = Vocabulary((DOG, CAT, CAR), "abc")
MIXING = Mixing((1.3, -0.2), 0.6, 0.5, -0.4, (1.0, 0.0, 0.0), 0.5, 0.5)


def rows(random: np.random.Generator, *shape: int) -> np.ndarray:
    made = random.normal(size=(*shape, DIM))
    return (made / np.linalg.norm(made, axis=-1, keepdims=True)).astype(np.float32)


def learnt(seed: int = 0, images: int = 200) -> Learnt:
    random = np.random.default_rng(seed)
    return Learnt(
        encoder="test/1",
        keys=tuple(entry.key for entry in TAGS.entries),
        weights=4 * rows(random, 3),
        offsets=np.array([-2, -1, -3], np.float32),
        scale=5.0,
        bend=random.normal(size=(DIM, DIM)).astype(np.float32),
        reference=rows(random, images),
        prior=0.1,
        mixing=MIXING,
    )


def some(seed: int, *, images: int = 6, most: int = 5) -> tuple[np.ndarray, Parts]:
    """Images of which the first has no regions, and the others up to `most`."""
    random = np.random.default_rng(seed)
    counts = [0, *random.integers(0, most + 1, images - 1)]
    present = np.arange(most) < np.array(counts)[:, None]
    return rows(random, images), Parts(
        boxes=np.zeros((images, most, 4), np.float32),
        vectors=rows(random, images, most) * present[..., None],
        present=present,
        colours=np.zeros((images, most, len(COLOURS)), np.float32),
    )


def odds(chance: float) -> float:
    return float(np.log(chance / (1 - chance)))


def naive(kinds: list[int], text: np.ndarray, image: np.ndarray, regions: np.ndarray) -> float:
    """Log odds for one image, one classifier and one region at a time."""
    by, mixing = learnt(), MIXING
    made = by.scale * text + by.bend.T @ text
    offset = offsets_for(made[None], by.reference, np.array([by.prior], np.float32))[0]

    def logit(weights: np.ndarray, offset: float) -> float:
        whole = float(image @ weights + offset)
        if not len(regions):
            return mixing.alone[0] * whole + mixing.alone[1]
        highest = sorted(float(one @ weights + offset) for one in regions)[-3:]
        return mixing.whole * whole + mixing.regions * float(np.mean(highest)) + mixing.offset

    by_text = logit(made, offset)
    if not kinds:
        return by_text
    none = 1.0
    for kind in kinds:
        none *= 1 - 1 / (1 + np.exp(-logit(by.weights[kind], by.offsets[kind])))
    return (1 - LEARNT) * by_text + LEARNT * odds(1 - none)


@pytest.mark.parametrize(
    ("word", "kinds"),
    [("dog", [0]), ("kitty", [1]), ("animal", [0, 1]), ("vehicle", [2]), ("teapot", [])],
)
@pytest.mark.parametrize("seed", range(3))
def test_the_same_as_a_naive_loop(word: str, kinds: list[int], seed: int) -> None:
    vectors, parts = some(seed)
    text = rows(np.random.default_rng(seed + 9), 1)
    found = Presence(TAGS, learnt())([Phrase(word, word)], text, "en", vectors, parts)
    assert found.shape == (1, 6)
    assert found.dtype == np.float32
    for image, vector in enumerate(vectors):
        regions = parts.vectors[image][parts.present[image]]
        expected = naive(kinds, text[0], vector, regions)
        assert found[0, image] == pytest.approx(expected, abs=1e-3)


def test_each_phrase_is_judged_as_if_it_were_alone() -> None:
    vectors, parts = some(4)
    judge, texts = Presence(TAGS, learnt()), rows(np.random.default_rng(5), 2)
    phrases = [Phrase("dog", "dog"), Phrase("teapot", "teapot")]
    both = judge(phrases, texts, "en", vectors, parts)
    for row, phrase in enumerate(phrases):
        alone = judge([phrase], texts[row : row + 1], "en", vectors, parts)
        np.testing.assert_array_equal(both[row], alone[0])


def test_padding_does_not_matter() -> None:
    vectors, parts = some(1, most=4)
    wider = Parts(
        *(
            np.concatenate([array, np.zeros_like(array[:, :3])], 1)
            for array in (parts.boxes, parts.vectors, parts.present, parts.colours)
        )
    )
    phrases, text = [Phrase("animal", "animal")], rows(np.random.default_rng(2), 1)
    judge = Presence(TAGS, learnt())
    first, second = (judge(phrases, text, "en", vectors, one) for one in (parts, wider))
    np.testing.assert_allclose(first, second, atol=1e-5)


def test_images_without_any_regions_are_judged_by_the_whole() -> None:
    vectors, _ = some(3)
    _, none = some(3, most=0)
    text = rows(np.random.default_rng(2), 1)
    found = Presence(TAGS, learnt())([Phrase("dog", "dog")], text, "en", vectors, none)
    for image, vector in enumerate(vectors):
        assert found[0, image] == pytest.approx(
            naive([0], text[0], vector, none.vectors[0]), abs=1e-3
        )


def test_no_phrases_and_no_images_give_empty_tables() -> None:
    judge, (vectors, parts) = Presence(TAGS, learnt()), some(0)
    none = np.empty((0, DIM), np.float32)
    assert judge([], none, "en", vectors, parts).shape == (0, 6)
    assert judge.thresholds([], none, "en").shape == (0,)
    _, nothing = some(0, most=0)
    nothing = Parts(
        nothing.boxes[:0], nothing.vectors[:0], nothing.present[:0], nothing.colours[:0]
    )
    dog = [Phrase("dog", "dog")]
    assert judge(dog, rows(np.random.default_rng(0), 1), "en", none, nothing).shape == (1, 0)


def test_any_of_two_independent_things_is_there_with_a_noisy_or() -> None:
    logits = np.array([[odds(0.5), odds(0.2)], [odds(0.1), odds(0.1)]], np.float32)
    expected = [odds(1 - 0.5 * 0.8), odds(1 - 0.9 * 0.9)]
    assert module._noisy_or(logits).tolist() == pytest.approx(expected, abs=1e-5)


def test_very_sure_and_very_unsure_things_stay_finite() -> None:
    logits = np.array([[90.0, 90.0], [-90.0, -90.0]], np.float32)
    assert np.isfinite(module._noisy_or(logits)).all()


@pytest.mark.parametrize("word", ["dog", "animal", "teapot"])
def test_thresholds_leave_the_stated_share_of_images_without_the_thing(word: str) -> None:
    by = learnt(images=2000)
    by = replace(by, mixing=replace(MIXING, alone=(1.0, 0.0)))
    judge, phrase = Presence(TAGS, by), [Phrase(word, word)]
    text = rows(np.random.default_rng(7), 1)
    none = Parts(
        *(np.zeros((2000, 0, *rest)) for rest in ((4,), (DIM,))),
        np.zeros((2000, 0), bool),
        np.zeros((2000, 0, len(COLOURS))),
    )
    logits = judge(phrase, text, "en", by.reference, none)[0]
    places = judge.known(phrase[0], "en")
    if places:
        each = 1 / (1 + np.exp(by.reference @ by.weights[places].T + by.offsets[places]))
        without = each.prod(1)
    else:
        without = 1 / (1 + np.exp(logits))
    spared = logits < judge.thresholds(phrase, text, "en")[0]
    assert without[spared].sum() / without.sum() == pytest.approx(SPARED, abs=2e-3)


def test_a_reference_full_of_the_thing_still_gives_a_threshold() -> None:
    by = replace(learnt(), offsets=np.full(3, 500, np.float32))
    text = rows(np.random.default_rng(7), 1)
    assert np.isfinite(Presence(TAGS, by).thresholds([Phrase("dog", "dog")], text, "en")).all()


@pytest.mark.parametrize(
    ("phrase", "language", "places"),
    [
        (Phrase("dog", "dog"), "en", [0]),
        (Phrase("dogs", "dog"), "en", [0]),
        (Phrase("kitty", "kitty"), "en", [1]),
        (Phrase("animals", "animal"), "en", [0, 1]),
        (Phrase("perro", "perro"), "es", [0]),
        (Phrase("black dog", "dog", ("black",)), "en", []),  # some dogs are not black
        (Phrase("teapot", "teapot"), "en", []),
    ],
    ids=lambda value: getattr(value, "text", None),
)
def test_a_word_stands_for_its_tag_or_for_all_its_kinds(
    phrase: Phrase, language: str, places: list[int]
) -> None:
    assert Presence(TAGS, learnt()).known(phrase, language) == places


def test_tags_that_nothing_was_learnt_of_are_judged_by_their_text() -> None:
    tags = Vocabulary((*TAGS.entries, Entry("teapot", "object", "tetera")), "abc")
    assert Presence(tags, learnt()).known(Phrase("teapot", "teapot"), "en") == []


@pytest.mark.parametrize(
    ("phrase", "language", "expected"),
    [
        (Phrase("red car", "car"), "en", "a red car"),
        (Phrase("apple", "apple"), "en", "an apple"),
        (Phrase("cats", "cat", count="2"), "en", "cats"),
        (Phrase("coche rojo", "coche"), "es", "coche rojo"),
        (Phrase("", ""), "en", ""),
    ],
    ids=lambda value: getattr(value, "text", None),
)
def test_encoders_are_asked_for_a_thing_as_captions_name_it(
    phrase: Phrase, language: str, expected: str
) -> None:
    assert asked(phrase, language) == expected


def test_a_kind_is_at_least_as_likely_as_each_of_what_falls_under_it() -> None:
    random = np.random.default_rng(0)
    for first, second in product(random.normal(0, 4, 20), repeat=2):
        found = module._noisy_or(np.array([[first, second]], np.float32))[0]
        assert found >= max(first, second) - 1e-4
