"""Queries to judge, as files and as words."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirada.errors import DatasetError
from mirada.judging.topics import (
    Topic,
    distinct,
    read_topics,
    topic_of,
    topics_beside,
    write_topics,
)


def written(folder: Path, text: str) -> Path:
    path = folder / "queries.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_line_is_a_query_or_an_id_and_a_query_or_json(tmp_path: Path) -> None:
    lines = '\ufeffa red  bus\n\n7\tun perro\n{"query": "a cat"}\n{"id": 8, "query": "a cup"}\n'
    assert read_topics(written(tmp_path, lines)) == [
        topic_of("a red bus"),
        Topic("7", "un perro"),
        topic_of("a cat"),
        Topic("8", "a cup"),
    ]


def test_an_unnamed_query_keeps_its_id_wherever_it_stands(tmp_path: Path) -> None:
    first = read_topics(written(tmp_path, "a red bus\na cat\n"))
    second = read_topics(written(tmp_path, "a cat\na dog\na red bus\n"))
    assert {*first} <= {*second}


def test_a_query_that_comes_twice_is_judged_once(tmp_path: Path) -> None:
    assert read_topics(written(tmp_path, "a cat\na  cat\n")) == [topic_of("a cat")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\n \n", "holds no query"),
        ("7\ta cat\n7\ta dog\n", "id 7 stands for 'a cat' and for 'a dog'"),
        ("no id\ta cat\n", "line 1: 'no id' is no id"),
        ("\ta cat\n", "is no id"),
        ("7\t \n", "no query after the id 7"),
        ('a cat\n{"query": \n', "line 2: not a JSON object"),
        ('{"query": "x", "image": "a.jpg"}\n', "'image' cannot be judged; known: id, query"),
        ('{"query": 5}\n', "query must be text"),
        ('{"id": "1", "query": ""}\n', "no query after the id 1"),
    ],
)
def test_a_file_that_is_wrong_is_told_where(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(DatasetError, match="queries.txt") as error:
        read_topics(written(tmp_path, text))
    assert told in str(error.value)


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="give a text file"):
        read_topics(tmp_path / "none.txt")
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(DatasetError, match="give a text file"):
        read_topics(tmp_path / "a.jpg")


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
    lambda text: text.split() and not text.lstrip().startswith("{")
)


@given(st.lists(words, min_size=1))
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, texts) -> None:
    topics = distinct(map(topic_of, texts), "test")
    path = tmp_path_factory.mktemp("topics") / "some.tsv"
    write_topics(path, topics)
    assert read_topics(path) == topics


def test_topics_lie_beside_their_qrels() -> None:
    assert topics_beside(Path("a/qrels.txt")) == Path("a/qrels.topics.tsv")
    assert topics_beside(Path("dev.qrels.gz")) == Path("dev.topics.tsv")


def test_bytes_of_a_shell_that_are_no_text_do_no_harm() -> None:
    assert topic_of("caf\udce9").text == "caf?"
