from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING

import pytest

from mirada.errors import ModelFailed
from mirada.models.batching import Gatherer

if TYPE_CHECKING:
    from collections.abc import Sequence


class Doubler:
    """Doubles numbers and remembers how many came at once."""

    def __init__(self, *, room: int = 100, seconds: float = 0.0) -> None:
        self.batches: list[int] = []
        self.room, self.seconds = room, seconds

    def __call__(self, numbers: Sequence[int]) -> list[int]:
        if len(numbers) > self.room:
            raise MemoryError
        if 99 in numbers:
            raise ValueError("99")
        time.sleep(self.seconds)
        self.batches.append(len(numbers))
        return [2 * number for number in numbers]


def test_answers_come_in_order_and_in_batches_of_at_most_the_size() -> None:
    run = Doubler()
    gather = Gatherer(run, 4)
    assert gather([]) == []
    assert gather(list(range(10))) == list(range(0, 20, 2))
    assert run.batches == [4, 4, 2]


def test_what_threads_bring_while_the_model_is_busy_goes_in_one_batch() -> None:
    run = Doubler(seconds=0.02)
    gather = Gatherer(run, 8)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda n: gather([n])[0], range(40))) == list(range(0, 80, 2))
    assert sum(run.batches) == 40
    assert len(run.batches) < 20


def test_a_batch_that_memory_does_not_hold_is_halved_for_good() -> None:
    run = Doubler(room=3)
    gather = Gatherer(run, 8)
    assert gather(list(range(9))) == list(range(0, 18, 2))
    assert gather.size == 2
    assert max(run.batches) == 2


def test_one_that_memory_never_holds_is_told() -> None:
    with pytest.raises(MemoryError):
        Gatherer(Doubler(room=0), 8)([1, 2])


def test_an_error_reaches_those_of_its_batch_and_the_next_go_on() -> None:
    gather = Gatherer(Doubler(), 8)
    with pytest.raises(ValueError, match="99"):
        gather([12, 99])
    assert gather([4]) == [8]


@pytest.mark.parametrize("count", [1, 9])
def test_too_few_or_too_many_answers_fail_all_of_the_batch_and_nobody_waits(count: int) -> None:
    busy, come = Event(), Event()

    def run(numbers: Sequence[int]) -> list[int]:
        if 0 not in numbers:
            return [1] * count
        busy.set()
        assert come.wait(10)
        return list(numbers)

    gather = Gatherer(run, 8)
    with ThreadPoolExecutor(4) as pool:
        tasks = [pool.submit(gather, [0])]
        assert busy.wait(10)
        tasks += [pool.submit(gather, [number, number]) for number in (1, 2, 3)]
        while len(gather._waiting) < 6:
            time.sleep(0.001)
        come.set()
        errors = [task.exception(timeout=10) for task in tasks]
    told = f"a model gave {count} answers to 6 requests"
    assert Counter(map(str, errors)) == {"None": 1, told: 3}
    assert all(isinstance(error, ModelFailed) for error in errors[1:])
    assert gather([0]) == [0]


def test_an_interrupt_ends_the_call_at_once_and_what_it_asked_is_forgotten() -> None:
    seen: list[int] = []

    def run(numbers: Sequence[int]) -> list[int]:
        seen.extend(numbers)
        if 1 in numbers:
            raise KeyboardInterrupt
        return list(numbers)

    gather = Gatherer(run, 2)
    with pytest.raises(KeyboardInterrupt):
        gather([1, 2, 3, 4, 5, 6])
    assert seen == [1, 2]
    assert gather([7]) == [7]
    assert seen == [1, 2, 7]
