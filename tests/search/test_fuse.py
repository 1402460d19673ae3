"""Vectors and words together."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mirada.search.fuse import WORDS_WEIGHT, fuse, pooled
from mirada.types import Ranking


def words(*pairs: tuple[str, float]) -> Ranking:
    return Ranking(
        "terms", tuple(one for one, _ in pairs), np.array([s for _, s in pairs], np.float32)
    )


def cosines(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float32)


def test_without_words_the_cosine_decides() -> None:
    ranking = fuse(["a", "b"], cosines(0.1, 0.3), words())
    assert ranking.ids == ("b", "a")
    np.testing.assert_allclose(ranking.scores, np.array([0.3, 0.1]) * (1 - WORDS_WEIGHT), rtol=1e-6)


def test_words_lift_what_nearly_fits() -> None:
    ranking = fuse(["a", "b"], cosines(0.30, 0.30 - WORDS_WEIGHT / 2), words(("b", 8.0)))
    assert ranking.ids == ("b", "a")


def test_words_cannot_lift_what_does_not_fit_at_all() -> None:
    ranking = fuse(["a", "b"], cosines(0.30, 0.30 - 2 * WORDS_WEIGHT), words(("b", 8.0)))
    assert ranking.ids == ("a", "b")


def test_the_best_score_of_a_query_counts_whole_and_the_others_in_proportion() -> None:
    ranking = fuse(["a", "b"], cosines(0, 0), words(("a", 10.0), ("b", 5.0)))
    np.testing.assert_allclose(ranking.scores, [WORDS_WEIGHT, WORDS_WEIGHT / 2], rtol=1e-6)


def test_ties_are_decided_by_id() -> None:
    assert fuse(["b", "a"], cosines(0.2, 0.2), words()).ids == ("a", "b")


def test_pooled_ids_come_once_in_the_order_of_their_mention() -> None:
    assert pooled(words(("a", 2), ("b", 1)), words(("c", 2), ("a", 1))) == ["a", "b", "c"]
    assert pooled() == []


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=20), st.data())
def test_a_fused_ranking_is_a_permutation_with_falling_scores(
    numbers: list[float], data: st.DataObject
) -> None:
    ids = [f"{row:02}" for row in range(len(numbers))]
    some = data.draw(st.lists(st.sampled_from(ids), unique=True))
    ranking = fuse(ids, cosines(*numbers), words(*((one, 3.0) for one in some)))
    assert sorted(ranking.ids) == ids
    assert all(np.diff(ranking.scores) <= 0)
