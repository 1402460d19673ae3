"""How far pictures fit queries, as people marked it: read as examples, settled where they differ.

`mirada train` takes them as pairs that fit and pairs that only seem to, `mirada eval` as truth.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from datetime import datetime
from statistics import median_low
from typing import TYPE_CHECKING, Any, Final

from mirada.errors import DatasetError
from mirada.judging.topics import Topic, distinct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

FITS, PARTLY, UNFIT = 2, 1, 0
GRADES: Final = (FITS, PARTLY, UNFIT)
ENDING: Final = ".jsonl"
TORN: Final = (b"{", b"\0")  # how a line begins that a crash has cut short or never filled


@dataclass(frozen=True, slots=True)
class Judgement:
    """One person's word on one picture for one query."""

    query_id: str
    query: str  # its words
    image_id: str  # sha256 of the file's bytes, hexadecimal
    grade: int  # 2 fits, 1 partly, 0 does not fit
    judge: str
    judged_at: datetime  # UTC


def read_judgements(path: Path) -> list[Judgement]:
    """The judgements in a file, or in all files of a folder of them, in the order of their making.

    Of several marks of one judge for the same query and picture the last one counts, and none
    where it was taken back. Lines that a crash cut short are left out with a warning.

    Raises:
        DatasetError: there is nothing to read, or a line is not a judgement.
    """
    files = [path] if path.is_file() else sorted(path.glob(f"*{ENDING}"))
    if not files:
        raise DatasetError(f"no judgements in {path}: make some with `mirada judge QUERIES`")
    return [one for file in files for one in latest(read_marks(file))]


def latest(marks: Iterable[tuple[Judgement, bool]]) -> list[Judgement]:
    """What holds after all marks, each given with whether it was made or taken back."""
    held: dict[tuple[str, ...], Judgement] = {}
    for mark, made in marks:
        key = mark.judge, mark.query_id, mark.query, mark.image_id
        held.pop(key, None)
        if made:
            held[key] = mark
    return list(held.values())


def read_marks(path: Path) -> Iterator[tuple[Judgement, bool]]:
    """Every whole line of a file: the judgement, and whether it was made or taken back.

    Raises:
        DatasetError: the file cannot be read, or a line is not a judgement.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}") from error
    for number, raw in enumerate(lines, 1):
        if not raw.strip():
            continue
        try:
            line = json.loads(raw)
        except ValueError as error:
            if raw[:1] not in TORN:
                raise DatasetError(f"{path} line {number} is not a judgement") from error
            warnings.warn(
                f"{path} line {number} was cut short by a crash and is left out", stacklevel=2
            )
            continue
        yield _judgement(line, f"{path} line {number}")


def line_of(mark: Judgement, *, made: bool) -> bytes:
    """The line that `read_marks` reads."""
    line = {
        "at": mark.judged_at.isoformat(),
        "judge": mark.judge,
        "query_id": mark.query_id,
        "query": mark.query,
        "image_id": mark.image_id,
        "grade": mark.grade if made else None,
    }
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


def settled(judgements: Iterable[Judgement]) -> dict[str, dict[str, int]]:
    """Query id -> image id -> the median of its judges' grades, of two in the middle the lower.

    So of two judges the stricter one counts, and of three the one between the others.
    """
    grades: dict[str, dict[str, list[int]]] = {}
    for one in judgements:
        grades.setdefault(one.query_id, {}).setdefault(one.image_id, []).append(one.grade)
    return {
        query: {image: median_low(given) for image, given in images.items()}
        for query, images in grades.items()
    }


def topics_of(judgements: Iterable[Judgement]) -> list[Topic]:
    """The queries that were judged, in order.

    Raises:
        DatasetError: one id stands for two queries.
    """
    return distinct((Topic(one.query_id, one.query) for one in judgements), "the judgements")


def _judgement(line: Any, where: str) -> tuple[Judgement, bool]:
    try:
        grade = _grade(line)
        texts = [line[key] for key in ("query_id", "query", "image_id", "judge")]
        moment = datetime.fromisoformat(line["at"])
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"{where} is not a judgement: {error!r}") from error
    if not all(isinstance(text, str) and text for text in texts):
        raise DatasetError(f"{where} is not a judgement: an empty name, or one that is no text")
    query_id, query, image_id, judge = texts
    mark = Judgement(query_id, query, image_id, grade or UNFIT, judge, moment)
    return mark, grade is not None


def _grade(line: Mapping[str, Any]) -> int | None:
    grade = line["grade"]
    if grade is not None and (type(grade) is not int or grade not in GRADES):
        raise ValueError(f"grade {grade!r}; known: 2, 1, 0, or null for one taken back")
    return grade
