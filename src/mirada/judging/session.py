"""One judge at work: pools, what is marked so far, and the log that keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING

from mirada.judging.judgements import UNFIT, Judgement

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mirada.judging.log import JudgementLog
    from mirada.judging.pool import Pool


@dataclass(frozen=True, slots=True)
class Sheet:
    """A pool with the grades that it has so far."""

    pool: Pool
    grades: dict[str, int]  # image id -> grade, of those that are judged


class Session:
    """What a page shows and changes; several threads may use it."""

    def __init__(
        self, pools: Sequence[Pool], log: JudgementLog, picture: Callable[[str], bytes]
    ) -> None:
        """Go on where the judge was.

        Args:
            pools: one a query.
            log: of the judge.
            picture: image id -> a JPEG file; raises UnreadableImage.
        """
        self._pools = {one.topic.id: one for one in pools}
        self._log = log
        self._picture = picture
        self._lock = Lock()
        self._shown = {image_id for one in pools for image_id in one.image_ids}
        self._grades = {
            (one.query_id, one.image_id): one.grade
            for one in log.former
            if one.query_id in self._pools and self._pools[one.query_id].topic.text == one.query
        }

    @property
    def judge(self) -> str:
        """Who judges."""
        return self._log.judge

    def sheets(self) -> list[Sheet]:
        """All pools with their grades, in order."""
        with self._lock:
            return [
                Sheet(
                    pool,
                    {
                        one: self._grades[name, one]
                        for one in pool.image_ids
                        if (name, one) in self._grades
                    },
                )
                for name, pool in self._pools.items()
            ]

    def mark(self, topic_id: str, image_id: str, grade: int | None) -> None:
        """Give a picture a grade, or with None take it back; on return it is on disk.

        Raises:
            KeyError: the picture is not in the pool of that query.
            ConfigError: it cannot be written.
        """
        pool = self._pools[topic_id]
        if image_id not in pool.image_ids:
            raise KeyError(image_id)
        said = UNFIT if grade is None else grade
        now = datetime.now(UTC)
        mark = Judgement(topic_id, pool.topic.text, image_id, said, self.judge, now)
        with self._lock:
            self._log.note(mark, made=grade is not None)
            self._grades.pop((topic_id, image_id), None)
            if grade is not None:
                self._grades[topic_id, image_id] = grade

    def picture(self, image_id: str) -> bytes:
        """The picture as a JPEG file.

        Raises:
            KeyError: it is in no pool.
            UnreadableImage: none of its files can be read.
        """
        if image_id not in self._shown:
            raise KeyError(image_id)
        return self._picture(image_id)
