from __future__ import annotations

import pytest

pytest.importorskip("tokenizers")
cider = pytest.importorskip("pycocoevalcap.cider.cider")

from mirada.training.captioner_reward import CiderD, spoken  # noqa: E402 after the checks

PEOPLE = [
    ["a dog runs on the grass", "a brown dog runs", "the dog is running through tall grass"],
    ["a man rides a red bike", "a man on a bike", "someone rides a bike down the street"],
    ["two children play in the water", "kids play in the sea", "two kids at the beach"],
]
SAID = ["a brown dog runs on the grass", "a man a man a man on a bike", "two dogs"]


def score(text: str, place: int) -> float:
    words = [[spoken(one, ended=False) for one in texts] for texts in PEOPLE]
    measure = CiderD(words)
    people = [measure.weigh(one) for one in words[place]]
    return measure.score(measure.weigh(spoken(text, ended=False)), people)


def test_the_reward_is_the_cider_d_of_the_coco_evaluation() -> None:
    _, expected = cider.Cider().compute_score(
        dict(enumerate(PEOPLE)), {place: [text] for place, text in enumerate(SAID)}
    )
    for place, text in enumerate(SAID):
        assert score(text, place) == pytest.approx(expected[place])


def test_what_nobody_said_is_worth_nothing() -> None:
    assert score("purple umbrellas", 0) == 0
    assert score("", 0) == 0


def test_what_everybody_said_is_worth_ten() -> None:
    words = [[spoken(text)] for text in ("a dog runs on the grass", "a man on a bike")]
    measure = CiderD(words)
    text = measure.weigh(words[0][0])
    assert measure.score(text, [text]) == pytest.approx(10)


def test_a_text_that_breaks_off_is_worth_less_than_one_that_ends() -> None:
    words = [[spoken(text) for text in texts] for texts in PEOPLE]
    measure = CiderD(words)
    people = [measure.weigh(one) for one in words[0]]
    whole, broken = (
        measure.score(measure.weigh(spoken("a brown dog runs", ended=ended)), people)
        for ended in (True, False)
    )
    assert whole > broken


def test_words_are_cut_as_the_evaluation_cuts_them() -> None:
    assert spoken("A man's dog, running.", ended=False) == ["a", "man", "'s", "dog", "running"]
