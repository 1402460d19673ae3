"""Asks a server what nobody has asked it yet, within the budget, and keeps what it answers.

On its way a question meets what was answered before, threads that ask the same, the budget, the
bound on requests at once, and then the server; answers that are of no use are asked for again.
"""

from __future__ import annotations

import json
import logging
from concurrent.futures import Future
from hashlib import sha256
from threading import Condition, Lock, Semaphore
from typing import TYPE_CHECKING, Final, TypeVar

from mirada.errors import ModelFailed
from mirada.models.remote.client import GARBLED, Client, Question, Reply
from mirada.models.remote.ledger import Budget, Cost, Ledger
from mirada.models.remote.options import TABLE
from mirada.models.remote.prompts import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mirada.models.remote.options import Options

T = TypeVar("T")

TRIES: Final = 3  # for an answer of use
PIXELS_A_TOKEN: Final = 14 * 14  # fewer than any usual model takes: reservations are the worst case
TOKENS_A_PICTURE: Final = 100  # besides
BYTES_A_TOKEN: Final = 2
FRAME: Final = 100  # tokens around a prompt

_log = logging.getLogger("mirada")
_told: set[str] = set()
_shared = Lock()


class Service:
    """One model of one server; threads may share it."""

    def __init__(self, model: str, options: Options) -> None:
        self.name = f"remote:{model}@{options.host}, prompts/{VERSION}"
        self._model, self._options = model, options
        self._client = Client(model, options)
        self.ledger = Ledger(options.url, model)
        self._budget = Budget(options.tokens, options.dollars)
        self._places = Semaphore(options.concurrency)
        self._asked: dict[str, Future[str]] = {}
        self._asking = Lock()
        self._flights = _flights_of(self.ledger.path)

    def ask(self, question: Question, read: Callable[[str], T]) -> T:
        """The answer, as `read` understands it; the same question is sent once, ever.

        Args:
            question: with the pictures that leave.
            read: raises ValueError for an answer of no use.

        Raises:
            ModelFailed: there is no answer of use, or nothing left to spend.
            ModelUnavailable: the server cannot be reached, or does not know the key or the model.
        """
        key = self._key(question)
        with self._asking:
            future = self._asked.get(key)
            mine = future is None
            if future is None:
                future = self._asked[key] = Future()
        if mine:
            try:
                future.set_result(self._answer(key, question, read))
            except BaseException as error:
                future.set_exception(error)
            finally:
                with self._asking:
                    del self._asked[key]
        return read(future.result())

    def _answer(self, key: str, question: Question, read: Callable[[str], T]) -> str:
        kept = self.ledger.answer(key)
        if kept is not None and not _useless(kept, read):
            return kept
        why = ""
        for _ in range(TRIES):
            reply, why = self._send(key, question, read)
            if reply.error:
                raise reply.error from None
            if not why:
                return reply.text
        raise ModelFailed(f"{self.name} gave no answer of use in {TRIES} tries: {why}")

    def _send(self, key: str, question: Question, read: Callable[[str], T]) -> tuple[Reply, str]:
        """What came of one request, and why it is of no use; "" where it is."""
        most = self._most(question)
        with self._places:
            ticket = self._reserve(most)
            cost, answer = most, None  # where this thread is stopped, the server may have answered
            try:
                _tell(leaving(self._model, self._options))
                reply = self._client.ask(question, self._idempotency_key(key))
                cost, why = self._cost(reply, most), self._fault(reply, read)
                answer = None if why or reply.error else reply.text
                if why and not reply.garbled:  # what is garbled on the way may be sent once more
                    self.ledger.note_useless(key)
            finally:
                self.ledger.settle(ticket, cost, key, answer)
                self._flights.land()
        return reply, why

    def _fault(self, reply: Reply, read: Callable[[str], T]) -> str:
        if reply.garbled:
            return GARBLED
        if reply.error:
            return ""
        why = _useless(reply.text, read)
        if why and reply.cut:
            return f"{why}, cut at {self._options.answer_tokens} tokens (answer_tokens in {TABLE})"
        return why

    def _reserve(self, most: Cost) -> str:
        """A ticket, as soon as requests under way leave enough of the budget."""
        with self._flights.landed:
            while (ticket := self.ledger.reserve(most, self._budget)) is None:
                if not self._flights.count:
                    raise ModelFailed(self._broke(most))
                self._flights.landed.wait()
            self._flights.count += 1
            return ticket

    def _broke(self, most: Cost) -> str:
        spent = self.ledger.spent()
        name = self._budget.exceeded_by(spent + most)
        if name == "dollars":
            told = f"${spent.dollars:.4f} of ${self._budget.dollars:g} are spent"
            more = f"${most.dollars:.4f}"
        else:
            told = f"{spent.tokens:,} of {self._budget.tokens:,} tokens are spent"
            more = f"{most.tokens:,} tokens"
        return (
            f"the budget for {self.name} does not allow another request, which may take {more}: "
            f"{told}; raise {name} in {TABLE}"
        )

    def _most(self, question: Question) -> Cost:
        """The most that a request may take, for all that is known beforehand."""
        pictures = sum(
            TOKENS_A_PICTURE + one.width * one.height // PIXELS_A_TOKEN for one in question.pictures
        )
        told = len(json.dumps([question.prompt, question.schema])) // BYTES_A_TOKEN
        return self._priced(FRAME + told + pictures, self._options.answer_tokens)

    def _cost(self, reply: Reply, most: Cost) -> Cost:
        """By the server's count; the worst case where it keeps none, and for what was lost."""
        total = Cost(0, 0.0)
        for _ in range(reply.lost):
            total += most
        if reply.input_tokens is not None and reply.output_tokens is not None:
            return total + self._priced(reply.input_tokens, reply.output_tokens)
        return total + most if reply.answered else total

    def _priced(self, input_tokens: int, output_tokens: int) -> Cost:
        price = self._options.price(input_tokens, output_tokens)
        return Cost(input_tokens + output_tokens, price)

    def _key(self, question: Question) -> str:
        """Of all that decides an answer."""
        told = json.dumps(
            [
                *(VERSION, self._options.url, self._model, question.prompt, question.schema),
                [one.digest for one in question.pictures],
            ]
        )
        return sha256(told.encode()).hexdigest()

    def _idempotency_key(self, key: str) -> str:
        """The same in every run until an answer has come, so that a killed one pays nothing twice.

        After an answer of no use it is another one: a server would give the same answer again.
        """
        return f"mirada-{sha256(f'{key} {self.ledger.useless(key)}'.encode()).hexdigest()[:40]}"


class _Flights:
    """Requests of this process that have reserved, of one budget, what they may cost."""

    def __init__(self) -> None:
        self.count = 0
        self.landed = Condition()

    def land(self) -> None:
        """One is settled."""
        with self.landed:
            self.count -= 1
            self.landed.notify_all()


_flights: dict[Path, _Flights] = {}


def _flights_of(ledger: Path) -> _Flights:
    """Those of all roles of a model, which share its budget."""
    with _shared:
        return _flights.setdefault(ledger, _Flights())


def _useless(answer: str, read: Callable[[str], T]) -> str:
    """Why an answer is of no use; "" where it is."""
    try:
        read(answer)
    except ValueError as error:
        return (str(error).splitlines() or ["unreadable"])[0]
    return ""


def leaving(model: str, options: Options) -> str:
    """What leaves the machine, and where to."""
    return (
        f"pictures scaled to {options.side} px without metadata go to {options.url} (model {model})"
    )


def _tell(message: str) -> None:
    """Tell the user once in a process."""
    with _shared:
        if message in _told:
            return
        _told.add(message)
    _log.warning("%s", message)
