from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mirada.models.decoding import Rules, write

PAD, END, MARK, DOG, CAT, RUNS = range(6)
RULES = Rules(end=END, banned=(PAD, MARK), length=6)


class Table:
    """A writer whose next piece depends on the last one alone."""

    def __init__(self, following: dict[int, dict[int, float]]) -> None:
        self.following = following
        self.rows: list[int] = []

    def begin(self, owners: np.ndarray) -> None:
        self.owners = owners

    def step(self, ids: np.ndarray, parents: np.ndarray) -> np.ndarray:
        self.rows.append(len(ids))
        logits = np.full((len(ids), 6), -20, np.float32)
        for row, last in enumerate(ids):
            for piece, value in self.following.get(int(last), {}).items():
                logits[row, piece] = value
        return logits


PETS = {
    MARK: {DOG: 2, CAT: 1.5},
    DOG: {RUNS: 1, END: 0},
    CAT: {END: 1, RUNS: 0},
    RUNS: {END: 1},
}


def test_one_text_takes_the_likeliest_piece_at_each_step() -> None:
    assert write(Table(PETS), [MARK], [1], RULES) == [[(DOG, RUNS)]]


def test_further_texts_of_a_box_avoid_what_the_first_one_says() -> None:
    texts = write(Table(PETS), [MARK], [2], RULES)[0]
    assert {text[0] for text in texts} == {DOG, CAT}


def test_texts_of_another_box_are_not_avoided() -> None:
    assert write(Table(PETS), [MARK, MARK], [1, 1], RULES) == [[(DOG, RUNS)], [(DOG, RUNS)]]


def test_no_text_comes_twice_even_where_one_is_nearly_certain() -> None:
    certain = {MARK: {DOG: 20, CAT: 0}, DOG: {END: 20, RUNS: 0}, CAT: {END: 9}, RUNS: {END: 9}}
    texts = write(Table(certain), [MARK], [3], RULES)[0]
    assert texts[0] == (DOG,)
    assert len(set(texts)) == 3


def test_likelier_texts_come_first() -> None:
    late = {MARK: {DOG: 1, CAT: 0.9}, DOG: {RUNS: 0.1, END: 0}, CAT: {END: 8}, RUNS: {END: 8}}
    assert write(Table(late), [MARK], [2], RULES)[0][0] == (CAT,)


def test_nothing_is_said_twice_in_a_row_and_marks_never() -> None:
    stammer = {MARK: {MARK: 9, DOG: 1}, DOG: {DOG: 9, RUNS: 1}, RUNS: {DOG: 5, END: 1}}
    (text,) = write(Table(stammer), [MARK], [1], RULES)[0]
    assert text == (DOG, RUNS, DOG)  # and then neither "dog dog" nor "dog runs" again


def test_texts_that_ended_cost_no_further_steps() -> None:
    table = Table({MARK: {DOG: 1, CAT: 1}, DOG: {END: 9}, CAT: {RUNS: 9}, RUNS: {END: 9}})
    write(table, [MARK], [2], RULES)
    assert table.rows == [2, 2, 1]


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 5))
def test_any_writer_brings_different_texts_within_the_length(
    seed: int, boxes: int, candidates: int
) -> None:
    random = np.random.default_rng(seed)
    following = {last: dict(enumerate(random.normal(0, 3, 6))) for last in range(6)}
    found = write(Table(following), [MARK] * boxes, [candidates] * boxes, RULES)
    assert len(found) == boxes
    for texts in found:
        assert 1 <= len(texts) <= candidates
        assert len(set(texts)) == len(texts)
        assert all(1 <= len(text) < RULES.length for text in texts)
        assert all(piece not in (PAD, MARK, END) for text in texts for piece in text)
