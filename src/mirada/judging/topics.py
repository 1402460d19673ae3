"""The queries that are judged, from a file or from the command line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mirada.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

KEYS = ("id", "query")  # of a JSON line


@dataclass(frozen=True, slots=True)
class Topic:
    """A query under a name that stays the same wherever it stands in its file."""

    id: str  # without white space, as TREC files need it
    text: str


def topic_of(text: str) -> Topic:
    """The topic of a query that nobody has named: its id is drawn from its words."""
    text = _one_line(text)
    return Topic(f"q{sha256(text.encode()).hexdigest()[:8]}", text)


def read_topics(path: Path) -> list[Topic]:
    """The topics of a text file, each once, in order.

    A line is a query, or its id and the query with a tab between, or a JSON object with "query"
    and maybe "id"; empty lines are left out.

    Raises:
        DatasetError: the file cannot be read, a line is none of these, there is no query, or one
            id stands for two queries.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: {error}: give a text file with one query a line") from error
    topics = [
        _read(line, f"{path} line {number}") for number, line in enumerate(lines, 1) if line.strip()
    ]
    if not topics:
        raise DatasetError(f"{path} holds no query: write one a line")
    return distinct(topics, str(path))


def write_topics(path: Path, topics: Sequence[Topic]) -> None:
    """Write lines of id, tab and query, which `read_topics` reads.

    Raises:
        DatasetError: the file cannot be written.
    """
    try:
        path.write_text("".join(f"{one.id}\t{one.text}\n" for one in topics), encoding="utf-8")
    except OSError as error:
        raise DatasetError(f"{path} cannot be written: {error.strerror}") from error


def topics_beside(qrels: Path) -> Path:
    """Where the topics of a file of qrels lie: `qrels.txt` has `qrels.topics.tsv` beside it."""
    return qrels.with_name(f"{qrels.name.split('.')[0]}.topics.tsv")


def distinct(topics: Iterable[Topic], origin: str) -> list[Topic]:
    """Each topic once, in order of first mention.

    Raises:
        DatasetError: one id stands for two queries; `origin` is where they come from.
    """
    known: dict[str, Topic] = {}
    for topic in topics:
        if known.setdefault(topic.id, topic) != topic:
            raise DatasetError(
                f"{origin}: id {topic.id} stands for {known[topic.id].text!r} and for "
                f"{topic.text!r}: give each query an id of its own"
            )
    return list(known.values())


def _read(line: str, where: str) -> Topic:
    if line.startswith("{"):
        return _of_json(line, where)
    name, tab, text = line.partition("\t")
    if not tab:
        return topic_of(line)
    return _named(name.strip(), text, where)


def _of_json(line: str, where: str) -> Topic:
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError as error:
        raise DatasetError(f"{where}: not a JSON object: {error}") from error
    if unknown := found.keys() - {*KEYS}:
        raise DatasetError(f"{where}: {min(unknown)!r} cannot be judged; known: {', '.join(KEYS)}")
    text, name = found.get("query"), found.get("id")
    if not isinstance(text, str) or not isinstance(name, str | int | None):
        raise DatasetError(f"{where}: query must be text, and id a name or a number")
    return topic_of(text) if name is None and text.strip() else _named(str(name), text, where)


def _named(name: str, text: str, where: str) -> Topic:
    text = _one_line(text)
    if not name or name.split() != [name]:
        raise DatasetError(f"{where}: {name!r} is no id: it must be one word, then a tab")
    if not text:
        raise DatasetError(f"{where}: there is no query after the id {name}")
    return Topic(name, text)


def _one_line(text: str) -> str:
    """Words with a space between, fit for a file in UTF-8."""
    return " ".join(text.encode(errors="replace").decode().split())
