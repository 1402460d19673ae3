from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirada.errors import ModelUnavailable
from mirada.indexing.verify import Checks, Logistic, best_of, choose, load_checker, margin
from mirada.models.small import SmallEncoder
from mirada.types import Caption
from tests.fakes import ColourEncoder

EAST, NORTH = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
NORTH_EAST = np.array([0.6, 0.8], np.float32)
CHECKS = Checks(np.stack([NORTH]), 0.1, {"en": Logistic(4, 0)}, rank_cost=0.1, cut=0.4)


def chosen(texts: list[str], vectors: list[np.ndarray], checks: Checks = CHECKS) -> Caption | None:
    return choose(texts, np.stack(vectors), EAST, checks, kind="en", language="en")


def test_the_text_nearest_to_the_pixels_wins() -> None:
    found = chosen(["a cat", "a dog"], [NORTH_EAST, EAST])
    assert found is not None
    assert (found.text, found.language) == ("a dog", "en")
    assert found.confidence == pytest.approx(1 / (1 + np.exp(-4)), abs=1e-4)


def test_a_little_nearer_is_not_enough_against_the_captioners_own_order() -> None:
    close = np.array([0.95, 0.3], np.float32)
    found = chosen(["a cat", "a dog"], [close, EAST])
    assert found is not None
    assert found.text == "a cat"
    nearest = chosen(["a cat", "a dog"], [close, EAST], replace(CHECKS, rank_cost=0.0))
    assert nearest is not None
    assert nearest.text == "a dog"


def test_below_the_cut_there_is_no_caption() -> None:
    assert chosen(["a cat"], [-EAST]) is None
    assert chosen([], [EAST]) is None


def test_a_count_is_not_dropped_for_a_better_score() -> None:
    found = chosen(["two dogs", "a dog"], [NORTH_EAST, EAST])
    assert found is not None
    assert found.text == "two dogs"


def test_a_negation_is_not_dropped_for_a_better_score() -> None:
    found = chosen(["a cat", "a street without cars", "a street"], [NORTH, NORTH_EAST, EAST])
    assert found is not None
    assert found.text == "a street without cars"


def test_what_also_fits_distractors_has_a_smaller_margin() -> None:
    near = replace(CHECKS, distractors=np.stack([EAST]))
    scores = np.array([1.0], np.float32)
    assert margin(scores, EAST, near) < margin(scores, EAST, CHECKS)
    assert margin(scores, EAST, near) == pytest.approx(0, abs=1e-6)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=6), st.floats(0, 0.2))
def test_of_texts_without_counts_the_best_is_that_of_the_highest_worth(
    margins: list[float], cost: float
) -> None:
    texts = [f"thing {'abcdef'[place]}" for place in range(len(margins))]
    checks = replace(CHECKS, rank_cost=cost, agreement_gain=0.0)
    best = best_of(texts, checks.worth(texts, np.array(margins, np.float32)))
    worth = np.array(margins, np.float32) - cost * np.arange(len(margins))
    assert worth[best] == pytest.approx(worth.max(), abs=1e-6)


def test_what_most_candidates_say_outweighs_the_order() -> None:
    texts = ["a cat sleeps", "a dog runs", "a dog runs fast"]
    level = np.zeros(3, np.float32)
    assert best_of(texts, replace(CHECKS, agreement_gain=1.0).worth(texts, level)) == 1
    assert best_of(texts, replace(CHECKS, agreement_gain=0.0).worth(texts, level)) == 0


def test_the_embedded_encoder_knows_a_grey_picture_from_a_dog() -> None:
    encoder = SmallEncoder()
    checker = load_checker(encoder)
    seen = encoder.encode_texts(["a black dog runs through the snow"])[0]
    found = checker.choose(["a bowl of soup", "a dog in the snow"], seen, language="en")
    assert found is not None
    assert found.text == "a dog in the snow"
    assert found.confidence > 0.5
    assert checker.choose(["dos platos de sopa"], -seen, language="es") is None
    assert encoder.name in checker.name


def test_a_language_that_nothing_was_fitted_for_is_judged_as_english() -> None:
    encoder = SmallEncoder()
    checker = load_checker(encoder)
    seen = encoder.encode_texts(["a dog in the snow"])[0]
    found = [checker.choose(["a dog in the snow"], seen, language=one) for one in ("en", "fr")]
    assert found[0] is not None
    assert found[1] is not None
    assert found[1].confidence == found[0].confidence
    assert found[1].language == "fr"


def test_an_encoder_of_unknown_scores_cannot_check() -> None:
    with pytest.raises(ModelUnavailable, match="no calibration to check captions by"):
        load_checker(ColourEncoder())


def test_a_calibrated_encoder_that_nothing_was_fitted_for_uses_its_own_calibration() -> None:
    encoder = SmallEncoder()
    encoder.name = "other/1"
    vector = encoder.encode_texts(["a dog"])[0]
    found = load_checker(encoder).choose(["a dog"], vector, language="en", part=True)
    assert found is not None
    assert found.confidence > 0.9
