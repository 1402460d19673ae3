from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from mirada.once import once


class Slow:
    """Its value is made when two objects make theirs at the same time."""

    made = 0

    def __init__(self, both: Barrier) -> None:
        self._both = both

    @once
    def value(self) -> int:
        """A number."""
        self._both.wait(timeout=10)
        self.made += 1
        return 7


def test_a_value_is_made_once_and_kept() -> None:
    slow = Slow(Barrier(1))
    assert (slow.value, slow.value, slow.made) == (7, 7, 1)


def test_objects_in_two_threads_do_not_wait_for_one_another() -> None:
    both = Barrier(2)  # broken if one waits for the other to end
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda slow: slow.value, [Slow(both), Slow(both)])) == [7, 7]


def test_the_class_tells_what_it_is() -> None:
    assert isinstance(Slow.value, once)
    assert Slow.value.__doc__ == "A number."
