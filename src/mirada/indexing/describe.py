"""What each role says of an image, in their order, and which of them have to look again."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Final, Protocol

from mirada.config import ROLES
from mirada.errors import ModelFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mirada.indexing.sight import Sight
    from mirada.protocols import MapEncoder
    from mirada.types import ImageRecord, Vector

FEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "regions": ("tags", "captions"),
    "tags": ("phrases",),
    "captions": ("phrases",),
    "text": ("phrases",),
}
"""Role -> the roles that build on what it says."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An image under description."""

    record: ImageRecord  # as far as it is known
    vector: Vector  # of the whole image
    sight: Sight


@dataclass(frozen=True, slots=True)
class Failure:
    """A role that had no answer for some images, which are due again in the next run."""

    role: str
    images: int
    reason: str  # of the last of them


class Step(Protocol):
    """Describes an image in one role."""

    name: str  # with the revision of all that decides what it says
    side: int  # pixels that decoding should aim at; 0 where any will do

    def __call__(self, draft: Draft) -> ImageRecord:
        """The record with what this role says. Safe to call from threads."""
        ...


class Describer:
    """Runs the steps that are due; safe to call from threads."""

    def __init__(
        self, steps: Mapping[str, Step], mapper: MapEncoder | None = None, *, batch_size: int = 1
    ) -> None:
        """Nothing is looked at yet.

        Args:
            steps: role -> what describes images in it.
            mapper: whose feature maps the steps read; None: those of the encoder, or none.
            batch_size: images that the models behind the steps are best given together.
        """
        self.steps = {role: steps[role] for role in ROLES if role in steps}
        self.mapper = mapper
        self.batch_size = batch_size
        self.seconds: dict[str, float] = defaultdict(float)  # spent in each role
        self._due: dict[frozenset[tuple[str, str]], frozenset[str]] = {}
        self._failed: Counter[str] = Counter()
        self._reasons: dict[str, str] = {}
        self._lock = Lock()

    def due(self, models: Mapping[str, str]) -> frozenset[str]:
        """Roles that have not looked at an image described by `models`, and those they feed."""
        key = frozenset(models.items())
        if key not in self._due:
            found: set[str] = set()
            for role, step in self.steps.items():
                if models.get(role) != step.name:
                    found.add(role)
                if role in found:
                    found.update(fed for fed in FEEDS.get(role, ()) if fed in self.steps)
            self._due[key] = frozenset(found)
        return self._due[key]

    def side(self, roles: Iterable[str]) -> int:
        """Pixels that decoding should aim at for these roles."""
        return max((self.steps[role].side for role in roles), default=0)

    def describe(self, draft: Draft, roles: Iterable[str]) -> ImageRecord:
        """The record as these roles see it; a role whose model failed stays due.

        Raises:
            UnreadableImage: a role needs pixels that cannot be had.
        """
        wanted = {*roles}
        record = draft.record
        for role, step in self.steps.items():
            if role in wanted:
                started = time.perf_counter()
                try:
                    record = step(replace(draft, record=record))
                    record = replace(record, models=_marked(record.models, role, step.name))
                except ModelFailed as error:
                    record = replace(record, models=_without(record.models, role))
                    self._note(role, str(error))
                with self._lock:
                    self.seconds[role] += time.perf_counter() - started
        return record

    def failures(self) -> tuple[Failure, ...]:
        """What could not be said so far, by role."""
        with self._lock:
            return tuple(
                Failure(role, self._failed[role], self._reasons[role])
                for role in self.steps
                if role in self._failed
            )

    def _note(self, role: str, reason: str) -> None:
        with self._lock:
            self._failed[role] += 1
            self._reasons[role] = reason


def with_fed(roles: Iterable[str]) -> frozenset[str]:
    """These roles and all that build on them."""
    found = {*roles}
    for role in ROLES:
        if role in found:
            found.update(FEEDS.get(role, ()))
    return frozenset(found)


def _without(models: Mapping[str, str], role: str) -> dict[str, str]:
    return {one: by for one, by in models.items() if one != role}


def _marked(models: Mapping[str, str], role: str, name: str) -> dict[str, str]:
    """What described the image once `role` has: those built on its former words are due again."""
    return {one: by for one, by in models.items() if one not in with_fed([role])} | {role: name}
