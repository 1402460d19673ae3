"""Gathers what threads ask of a model one by one into batches: nobody waits for a full one.

While the model is busy with a batch, further requests pile up; whoever is free next takes them
all. So batches are as large as the load makes them, and one thread alone waits for nobody.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from threading import Condition
from typing import TYPE_CHECKING, Generic, TypeVar

from mirada.errors import ModelFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Gatherer(Generic[Asked, Answer]):
    """Runs a function of many over what threads bring, in batches of at most `size`."""

    def __init__(
        self,
        run: Callable[[Sequence[Asked]], Sequence[Answer]],
        size: int,
        *,
        too_much: type[Exception] | tuple[type[Exception], ...] = MemoryError,
    ) -> None:
        """Nothing runs yet.

        Args:
            run: gives one answer for each request, in order; called by one thread at a time.
            size: requests of a batch, at most; halved where the memory does not hold so many.
            too_much: what `run` raises then.
        """
        self.size = size
        self._run = run
        self._too_much = too_much
        self._waiting: deque[tuple[Asked, Future[Answer]]] = deque()
        self._changed = Condition()
        self._running = False

    def __call__(self, asked: Sequence[Asked]) -> list[Answer]:
        """One answer for each request, in order; raises what `run` raises for its batch.

        Raises:
            ModelFailed: it had not as many answers as it was asked for.
        """
        mine = [(one, Future[Answer]()) for one in asked]
        with self._changed:
            self._waiting.extend(mine)
        try:
            for _, future in mine:
                while self._must_run(future):
                    self._run_batch()
        except BaseException:  # such as Ctrl-C: nobody waits for the rest any more
            for _, future in mine:
                future.cancel()
            raise
        return [future.result() for _, future in mine]

    def _run_batch(self) -> None:
        try:
            self._batch()
        finally:
            with self._changed:
                self._running = False
                self._changed.notify_all()

    def _must_run(self, future: Future[Answer]) -> bool:
        """Wait until there is an answer, or until it is for this thread to run a batch."""
        with self._changed:
            while self._running and not future.done():
                self._changed.wait()
            if future.done():
                return False
            self._running = True
            return True

    def _batch(self) -> None:
        batch: list[tuple[Asked, Future[Answer]]] = []
        while self._waiting and len(batch) < self.size:
            one = self._waiting.popleft()
            if not one[1].cancelled():
                batch.append(one)
        try:
            answers = self._run([one for one, _ in batch])
            if len(answers) != len(batch):
                raise ModelFailed(f"a model gave {len(answers)} answers to {len(batch)} requests")
        except self._too_much as error:
            if len(batch) == 1:
                _fail(batch[0][1], error)
                return
            self.size = (len(batch) + 1) // 2
            self._waiting.extendleft(reversed(batch))
        except BaseException as error:
            for _, future in batch:
                _fail(future, error)
            if not isinstance(error, Exception):
                raise
        else:
            for (_, future), answer in zip(batch, answers, strict=True):
                with suppress(InvalidStateError):  # cancelled meanwhile
                    future.set_result(answer)


def _fail(future: Future[Answer], error: BaseException) -> None:
    with suppress(InvalidStateError):
        future.set_exception(error)
